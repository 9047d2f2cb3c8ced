/** The second verifier. */
import type { Row } from './air.ts';
import { bigArithmetic, Calculator } from './arithmetic.ts';
import {
  add,
  at,
  domainPoint,
  type Element,
  equals,
  evaluate,
  fromBase,
  fromCoordinates,
  inverse,
  mod,
  multiply,
  ONE,
  P,
  power,
  powerOf,
  rootOfUnity,
  scale,
  subtract,
  ZERO,
} from './field.ts';
import { fold, powersOf, scheduleOf } from './fri.ts';
import { concat, GRIND, hash, integerOf, sameBytes } from './hash.ts';
import { type Layout, layoutOf, logSizesOf, mainCount, type Table } from './layout.ts';
import {
  combine,
  isInBaseField,
  openingsOf,
  type Pinned,
  type TableValues,
  type WeightedOpening,
  weighOpenings,
} from './openings.ts';
import { type Proof, type Query, readProof, valueBytes } from './proof.ts';
import { baseBytes, elementBytes } from './reader.ts';
import { Refusal, require } from './refusal.ts';
import { type Parameters, pinnedPoint, readStatement, type Statement } from './statement.ts';
import { TAG, Transcript } from './transcript.ts';
import { opens, rootOf } from './tree.ts';

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Parameters, and the largest tables for which they give 100 bits. */
export interface AcceptedParameters extends Parameters {
  readonly maxLogHeight: number;
}

export interface Accepted {
  /** The one AIR digest that the verifier knows. */
  readonly airDigest: Uint8Array;
  readonly parameters: readonly AcceptedParameters[];
}

/** By SPEC.md section 11. It has no calculator: others may be safe as well, and are refused. */
export const PARAMETERS: readonly AcceptedParameters[] = [
  { logBlowup: 2, queries: 92, grindingBits: 20, maxLogHeight: 22 },
  { logBlowup: 3, queries: 62, grindingBits: 20, maxLogHeight: 22 },
];

/**
 * The second verifier, written from SPEC.md alone: BigInt throughout, nothing shared with the
 * first but BLAKE3. It is slow; what it is for is to disagree.
 */
export function verifyReference(
  statementBytes: Uint8Array,
  proofBytes: Uint8Array,
  accepted: Accepted,
): Verdict {
  try {
    verify(statementBytes, proofBytes, accepted);
    return { ok: true };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.message };
    throw error;
  }
}

interface Challenges {
  readonly lookup: Readonly<Record<'z' | 'x' | 'y' | 'u' | 'v', Element>>;
  readonly alpha: Element;
  readonly zeta: Element;
  readonly gamma: Element;
  readonly betas: readonly Element[];
  readonly indices: readonly number[];
}

function verify(statementBytes: Uint8Array, proofBytes: Uint8Array, accepted: Accepted): void {
  const statement = readStatement(statementBytes);
  const { parameters, before, after } = statement;
  requireAccepted(statement, accepted);
  const heights = {
    records: statement.logHeight,
    after: after.logHeight,
    before: before.logHeight,
  };
  const layout = layoutOf(heights, parameters.logBlowup);
  const proof = readProof(proofBytes, layout, parameters.queries);
  [statement.recordRoot, after.root, before.root].forEach((root, tree) => {
    require(sameBytes(root, rootOf(at(proof.caps, tree))), 'a cap is not that of the root');
  });
  require(equals(proof.sums.reduce(add, ZERO), ZERO), 'the sums do not add up to 0');
  const challenges = replay(statementBytes, statement, layout, proof);
  const { zeta } = challenges;
  const pinned = [after, before].map(({ root, logHeight, pinned: values }, i) => {
    return { table: i + 1, point: pinnedPoint(root, logHeight), values };
  });
  for (const point of [zeta, ...pinned.map(({ point }) => point)]) {
    require(!isInBaseField(point), 'a point is in the base field');
  }
  layout.tables.forEach((table, index) => {
    const values = at(proof.values, index);
    const sum = at(proof.sums, index);
    checkQuotient(table, values, sum, statement.count, challenges);
  });
  checkQueries(layout, proof, challenges, pinned);
}

function requireAccepted(statement: Statement, accepted: Accepted): void {
  require(sameBytes(statement.airDigest, accepted.airDigest), 'another AIR');
  const { logBlowup, queries, grindingBits } = statement.parameters;
  const { logHeight, before, after } = statement;
  const known = accepted.parameters.find(
    (one) =>
      one.logBlowup === logBlowup && one.queries === queries && one.grindingBits === grindingBits,
  );
  require(known !== undefined, 'parameters that are not accepted');
  const largest = Math.max(logHeight, before.logHeight, after.logHeight);
  require(largest <= known.maxLogHeight, 'less than 100 bits for tables of these heights');
}

/** The challenges, by the rounds of SPEC.md section 5. */
function replay(
  statementBytes: Uint8Array,
  { parameters }: Statement,
  layout: Layout,
  proof: Proof,
): Challenges {
  const transcript = new Transcript();
  const absorbCap = (cap: readonly Uint8Array[]) => transcript.absorb(TAG.cap, concat(...cap));
  transcript.absorb(TAG.statement, statementBytes);
  proof.caps.slice(0, 4).forEach(absorbCap);
  const [z, x, y, u, v] = drawFive(transcript);
  absorbCap(at(proof.caps, 4));
  transcript.absorb(TAG.sums, elementBytes(proof.sums));
  const alpha = transcript.draw();
  absorbCap(at(proof.caps, 5));
  const zeta = transcript.draw();
  transcript.absorb(TAG.values, concat(...proof.values.map(valueBytes)));
  const gamma = transcript.draw();
  const betas = proof.layerCaps.map((cap) => {
    absorbCap(cap);
    return transcript.draw();
  });
  transcript.absorb(TAG.final, elementBytes(proof.coefficients));
  const work = integerOf(hash(GRIND, transcript.state, proof.nonce).slice(0, 4));
  require(work % 2 ** parameters.grindingBits === 0, 'the nonce shows no work');
  transcript.absorb(TAG.nonce, proof.nonce);
  const indices = transcript.drawIndices(parameters.queries, at(logSizesOf(layout), 0));
  return { lookup: { z, x, y, u, v }, alpha, zeta, gamma, betas, indices };
}

type Five = readonly [Element, Element, Element, Element, Element];

export function drawFive(transcript: Transcript): Five {
  const draw = () => transcript.draw();
  return [draw(), draw(), draw(), draw(), draw()];
}

/** sum over j of alpha^j C_j = Q (X^n - 1) at zeta. */
function checkQuotient(
  table: Table,
  values: TableValues,
  sum: Element,
  count: number,
  { lookup, alpha, zeta }: Challenges,
): void {
  const height = 2 ** table.logHeight;
  const share = scale(sum, power(BigInt(height), P - 2n));
  const constants = { ...lookup, height, count, share };
  const row = rowAt(table, values, zeta);
  const constraints = table.constraints(new Calculator(bigArithmetic), row, constants);
  const powers = powersOf(alpha);
  const total = constraints
    .map((constraint) => multiply(constraint, powers.next().value as Element))
    .reduce(add, ZERO);
  const zetaN = powerOf(zeta, BigInt(height));
  const coordinates = values.here.slice(-10);
  const low = fromCoordinates(coordinates.slice(0, 5));
  const high = fromCoordinates(coordinates.slice(5));
  const quotient = add(low, multiply(zetaN, high));
  const vanishing = subtract(zetaN, ONE);
  require(equals(total, multiply(quotient, vanishing)), 'the constraints do not hold at zeta');
}

/** The table's columns and selectors at zeta. */
function rowAt({ shape, logHeight }: Table, { here, next }: TableValues, zeta: Element) {
  const height = 2n ** BigInt(logHeight);
  const lastPoint = power(rootOfUnity(logHeight), height - 1n);
  const vanishing = subtract(powerOf(zeta, height), ONE);
  const lagrange = (point: bigint) => {
    const numerator = scale(vanishing, point);
    const denominator = scale(subtract(zeta, fromBase(point)), height);
    return multiply(numerator, inverse(denominator));
  };
  const main = mainCount(shape);
  const extensions = Array.from({ length: shape.lookups + 1 }, (_, j) =>
    fromCoordinates(here.slice(main + 5 * j, main + 5 * j + 5)),
  );
  const nextRow: (Element | undefined)[] = [];
  shape.nextColumns.forEach((column, j) => {
    nextRow[column] = at(next, j);
  });
  const row: Row<Element> = {
    main: here.slice(0, main),
    next: nextRow,
    lookups: extensions.slice(0, shape.lookups),
    sum: at(extensions, shape.lookups),
    sumNext: fromCoordinates(next.slice(shape.nextColumns.length)),
    first: lagrange(1n),
    last: lagrange(lastPoint),
    trans: subtract(zeta, fromBase(mod(lastPoint))),
  };
  return row;
}

function checkQueries(
  layout: Layout,
  proof: Proof,
  challenges: Challenges,
  pinned: readonly Pinned[],
): void {
  const logSizes = logSizesOf(layout);
  const openings = logSizes.map((logSize) =>
    openingsOf(layout, logSize, challenges.zeta, proof.values, pinned),
  );
  const weighted = new Map<number, WeightedOpening[]>();
  weighOpenings(openings, challenges.gamma).forEach((height, i) => {
    weighted.set(at(logSizes, i), height);
  });
  challenges.indices.forEach((index, i) => {
    const query = at(proof.queries, i);
    checkTrees(layout, proof, query, index);
    checkFolds(layout, proof, challenges, weighted, query, index);
  });
}

function checkTrees(layout: Layout, proof: Proof, query: Query, index: number): void {
  layout.trees.forEach((tree, i) => {
    const { rows, siblings } = at(query.trees, i);
    const opened = tree.map(({ logSize }, j) => ({ logSize, row: baseBytes(at(rows, j)) }));
    const holds = opens(at(proof.caps, i), { rows: opened, siblings }, index);
    require(holds, 'an opening does not lead to its cap');
  });
}

/** From the combination on the largest domain through all layers to the final polynomial. */
function checkFolds(
  layout: Layout,
  proof: Proof,
  { betas }: Challenges,
  weighted: ReadonlyMap<number, readonly WeightedOpening[]>,
  query: Query,
  index: number,
): void {
  const schedule = scheduleOf(logSizesOf(layout), layout.logBlowup);
  const combination = (logSize: number): Element => {
    const openings = weighted.get(logSize);
    if (openings === undefined) return ZERO;
    const cell = (table: number, column: number) => cellOf(layout, query, table, column);
    return combine(openings, logSize, index % 2 ** logSize, cell);
  };
  let value = combination(at(logSizesOf(layout), 0));
  schedule.layers.forEach((layer, i) => {
    const { values, siblings } = at(query.layers, i);
    const logLeaves = layer.logSize - layer.logFold;
    const leaf = index % 2 ** logLeaves;
    const place = Math.floor((index % 2 ** layer.logSize) / 2 ** logLeaves);
    require(equals(at(values, place), value), 'a layer has another value');
    const opened = { rows: [{ logSize: logLeaves, row: elementBytes(values) }], siblings };
    require(opens(at(proof.layerCaps, i), opened, leaf), 'a layer does not lead to its cap');
    const beta = at(betas, i);
    const joining = multiply(powerOf(beta, BigInt(values.length)), combination(logLeaves));
    value = add(fold(values, layer, leaf, beta), joining);
  });
  const last = schedule.lastLogSize;
  const point = fromBase(domainPoint(last, index % 2 ** last));
  require(equals(evaluate(proof.coefficients, point), value), 'not the final polynomial');
}

/** A column's value in the rows that a query opens. */
function cellOf(layout: Layout, query: Query, table: number, column: number): bigint {
  for (const [i, tree] of layout.trees.entries()) {
    for (const [j, group] of tree.entries()) {
      const place = group.columns.findIndex(
        (name) => name.table === table && name.column === column,
      );
      if (place >= 0) return at(at(at(query.trees, i).rows, j), place);
    }
  }
  throw new RangeError(`no column ${column} of table ${table}`);
}
