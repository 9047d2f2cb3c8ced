/** Values by definition, for the file vectors/reference.json. */
import type { Row } from './air.ts';
import { bigArithmetic, Calculator } from './arithmetic.ts';
import { at, type Element, evaluateOnDomain, inverse, multiply, powerOf } from './field.ts';
import { fold, scheduleOf } from './fri.ts';
import { ascii, concat, hash, LEAF, words } from './hash.ts';
import { layoutOf, mainCount, nextColumnsOf } from './layout.ts';
import { baseBytes } from './reader.ts';
import { commitmentDigest, pinnedPoint } from './statement.ts';
import { readElement, Transcript } from './transcript.ts';
import { rootOf, Tree, type TreeTable } from './tree.ts';

/** An element that nobody has chosen, drawn by a name. */
function elementOf(name: string): Element {
  return readElement(words(LEAF, ascii(name)));
}

function elementsOf(name: string, count: number): Element[] {
  return Array.from({ length: count }, (_, i) => elementOf(`${name} ${i}`));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function numbers(elements: readonly Element[]): number[][] {
  return elements.map((element) => element.map(Number));
}

function fieldVectors() {
  const [a, b] = [elementOf('a'), elementOf('b')];
  const results = [multiply(a, b), inverse(a), powerOf(a, 1_000_003n)];
  const [product, inverseOfA, powerOfA] = numbers(results);
  return { a: a.map(Number), b: b.map(Number), product, inverseOfA, powerOfA };
}

function transcriptVectors() {
  const transcript = new Transcript();
  const states = [hex(transcript.state)];
  transcript.absorb(1, ascii('a statement'));
  states.push(hex(transcript.state));
  transcript.absorb(2, new Uint8Array(2_048).fill(3));
  states.push(hex(transcript.state));
  const drawn = numbers([transcript.draw(), transcript.draw()]);
  states.push(hex(transcript.state));
  const indices = transcript.drawIndices(84, 19);
  states.push(hex(transcript.state));
  return { states, drawn, indices };
}

/** Rows of columns whose value at exponent e is `seed (e + 1) + column`, seed by height. */
function treeVectors() {
  const table = (logSize: number, columns: number, seed: number): TreeTable => ({
    logSize,
    row: (e) => baseBytes(Array.from({ length: columns }, (_, j) => seed * (e + 1) + j)),
  });
  const shapes = [
    { tables: [table(8, 5, 1)], openAt: 200 },
    { tables: [table(10, 28, 3), table(8, 18, 5)], openAt: 777 },
    { tables: [table(9, 3, 7), table(7, 2, 11), table(4, 1, 13)], openAt: 511 },
  ];
  return shapes.map(({ tables, openAt }) => {
    const tree = new Tree(tables);
    const { siblings } = tree.open(openAt);
    return { root: hex(rootOf(tree.cap)), capNodes: tree.cap.length, siblings: siblings.map(hex) };
  });
}

function polynomialVectors() {
  const coefficients = elementsOf('coefficients', 64);
  const values = evaluateOnDomain(coefficients, 6);
  const beta = elementOf('beta');
  const folds = [1, 2, 3].map((logFold) => {
    const leaves = 2 ** (6 - logFold);
    const leaf = leaves - 3;
    const opened = Array.from({ length: 2 ** logFold }, (_, i) => at(values, leaf + i * leaves));
    const folded = fold(opened, { logSize: 6, logFold }, leaf, beta);
    return { logFold, leaf, folded: folded.map(Number) };
  });
  const onDomain = numbers(values);
  return { coefficients: numbers(coefficients), onDomain, beta: beta.map(Number), folds };
}

function scheduleVectors() {
  const heights = [
    [14, 8],
    [19, 14],
    [19, 18, 8],
    [24, 19, 12],
    [20, 15, 10],
  ];
  return heights.map((logSizes) => ({ logSizes, logBlowup: 2, ...scheduleOf(logSizes, 2) }));
}

function commitmentVectors() {
  const root = hash(LEAF, ascii('a root'));
  const pinned = elementsOf('pinned', 18);
  const digest = commitmentDigest({ logHeight: 9, root, pinned });
  const point = pinnedPoint(root, 9).map(Number);
  return { logHeight: 9, root: hex(root), point, pinned: numbers(pinned), digest: hex(digest) };
}

const CHALLENGES = {
  z: elementOf('z'),
  x: elementOf('x'),
  y: elementOf('y'),
  u: elementOf('u'),
  v: elementOf('v'),
  share: elementOf('share'),
};

function plain(elements: Readonly<Record<string, Element>>): Record<string, number[]> {
  return Object.fromEntries(Object.entries(elements).map(([key, one]) => [key, one.map(Number)]));
}

/** All constraints of each table in a row of elements drawn by name: what a row never is. */
function constraintVectors() {
  const { tables } = layoutOf({ records: 12, after: 7, before: 6 }, 2);
  return tables.map(({ shape, constraints, logHeight }, table) => {
    const main = elementsOf(`main ${table}`, mainCount(shape));
    const next = elementsOf(`next ${table}`, mainCount(shape));
    const lookups = elementsOf(`lookups ${table}`, shape.lookups);
    const named = (name: string) => elementOf(`${name} ${table}`);
    const selectors = { first: named('first'), last: named('last'), trans: named('trans') };
    const sums = { sum: named('sum'), sumNext: named('sumNext') };
    const row: Row<Element> = { main, next, lookups, ...sums, ...selectors };
    const constants = { ...CHALLENGES, height: 2 ** logHeight, count: 1_000 };
    const values = constraints(new Calculator(bigArithmetic), row, constants);
    const inputs = { main: numbers(main), next: numbers(next), lookups: numbers(lookups) };
    const others = plain({ ...selectors, ...sums });
    const nextColumns = nextColumnsOf(shape);
    return { ...inputs, ...others, nextColumns, logHeight, constraints: numbers(values) };
  });
}

/** Values by definition, for the tests of all who have written the same from SPEC.md. */
export function referenceVectors() {
  return {
    field: fieldVectors(),
    transcript: transcriptVectors(),
    trees: treeVectors(),
    polynomials: polynomialVectors(),
    schedules: scheduleVectors(),
    commitment: commitmentVectors(),
    challenges: { ...plain(CHALLENGES), count: 1_000 },
    constraints: constraintVectors(),
    leaf: hex(hash(LEAF, concat(baseBytes([1, 2, 2_013_265_920])))),
  };
}
