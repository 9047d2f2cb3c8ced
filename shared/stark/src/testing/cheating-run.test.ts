/** Provers that cheat: two verifiers refuse what each of them makes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableName } from '../air/table.ts';
import { PRIME } from '../field/base.ts';
import { add, type Extension, ONE, power, sub, ZERO } from '../field/extension.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import type { QueryOpenings, TableValues } from '../proof/part-proof.ts';
import { fillMultiplicities } from '../trace/settlement-trace.ts';
import type { RefusalCode } from '../verify/verdict.ts';
import { QUICK_PARAMETERS, refusalOf } from './both-verifiers.ts';
import { type Cheats, proveWith, rowsOutOfRange } from './cheating-run.ts';
import { randomWords } from './sample-part.ts';
import {
  accountCheats,
  forgeries,
  PartEdits,
  recordCheats,
  SAMPLE_COUNT,
  SAMPLE_TRACE,
} from './trace-cheats.ts';

const kernel = new Kernel(await readKernelModule());
const place = { chainId: new Uint8Array(32), market: 1, epoch: 0n, part: 0, recordFirst: 0n };

/** What both verifiers say to a part's proof. */
function verdictOn(edits: PartEdits, cheats: Cheats = {}): RefusalCode | undefined {
  const claim = { parameters: QUICK_PARAMETERS, place, count: edits.records.count };
  return refusalOf(proveWith(kernel, claim, edits.trace, cheats));
}

const negative = (element: Extension): Extension => sub(ZERO, element);

/** Claims sums that add up to 0, whatever the tables' are. */
const balanced: Cheats = {
  sums: (sums) => {
    sums[0] = negative(sums.slice(1).reduce(add));
  },
};

/** Fills m as an honest prover would, so that only what is not in the range betrays a trace. */
function countAgain({ trace: { records, after } }: PartEdits): void {
  const outOfRange = [records, after].flatMap(rowsOutOfRange);
  if (outOfRange.length === 0) fillMultiplicities(records, after);
}

test('a prover that does not cheat is believed', () => {
  assert.equal(verdictOn(new PartEdits()), undefined);
});

/** Where constraints of one kind are many, the first is taken of each kind. */
const KINDS = /^(R1 k[12]|R2 h1|R7 0|A1 (real|Bb0)|A7 b0|(R[34568-9]|R1[0-2]|A[234568])\b)/;

for (const [table, cheats] of [
  ['records', recordCheats],
  ['after', accountCheats],
] as const) {
  for (const [name, change] of Object.entries(cheats)) {
    if (!KINDS.test(name)) continue;
    test(`refused: a trace that breaks ${name}`, () => {
      const edits = new PartEdits();
      change(edits[table]);
      countAgain(edits);
      assert.equal(verdictOn(edits, balanced), 'CONSTRAINTS');
    });
  }
}

for (const [name, change] of Object.entries(forgeries)) {
  test(`refused: ${name}`, () => {
    const edits = new PartEdits();
    change(edits);
    if (!name.includes('multiplicity')) countAgain(edits);
    assert.equal(verdictOn(edits, balanced), 'CONSTRAINTS');
  });
}

/** A movement that reaches no account. */
function forged(): PartEdits {
  const edits = new PartEdits();
  forgeries['a movement that reaches no account']?.(edits);
  return edits;
}

test('refused: sums that do not add up to 0', () => {
  assert.equal(verdictOn(forged()), 'SUMS');
});

for (const [name, table, column] of [
  ['R13', 'records', 3],
  ['R14', 'records', 9],
  ['R15', 'records', 10],
  ['R16', 'records', 'S'],
  ['A9', 'after', 5],
  ['A10', 'after', 12],
  ['A11', 'after', 'S'],
  ['B1', 'before', 'S'],
] as const satisfies readonly (readonly [string, TableName, number | 'S'])[]) {
  test(`refused: a cell that makes up for what is missing, against ${name}`, () => {
    assert.equal(verdictOn(forged(), { lookups: { table, column } }), 'CONSTRAINTS');
  });
}

test('refused: any cell of a trace that is changed, by the seed', () => {
  const random = randomWords(5);
  // Cells of padding may be free, so rows are those of records and of accounts.
  const rows = { records: SAMPLE_COUNT, after: SAMPLE_TRACE.accounts.ids.length, before: 6 };
  for (let i = 0; i < 3; i++) {
    const edits = new PartEdits();
    const table = (['records', 'after', 'before'] as const)[i % 3] ?? 'records';
    const { columns } = edits[table].trace.table;
    const column = columns[random() % columns.length] ?? '';
    if (column === 'inv') continue;
    edits[table].add(column, random() % rows[table], 1 + (random() % (PRIME - 1)));
    assert.equal(verdictOn(edits, balanced), 'CONSTRAINTS', `${table}: ${column}`);
  }
});

const plusOne = (elements: readonly Extension[], index: number): Extension[] =>
  elements.map((element, i) => (i === index ? add(element, ONE) : element));

/** Other values of both halves of a quotient, which give the same quotient at zeta. */
function otherHalves([records, ...rest]: TableValues[], zeta: Extension): TableValues[] {
  if (records === undefined) return rest;
  const current = [...records.current];
  const [low, high] = [current.length - 10, current.length - 5];
  const height = power(zeta, SAMPLE_TRACE.records.height);
  current[high] = add(current[high] ?? ZERO, ONE);
  current[low] = sub(current[low] ?? ZERO, height);
  return [{ ...records, current }, ...rest];
}

const first = (queries: QueryOpenings[]): QueryOpenings[] => queries.slice(0, 1);

const attacks: Readonly<Record<string, readonly [RefusalCode, Cheats]>> = {
  'no work': ['GRINDING', { nonce: 1n }],
  'sums that add up to 0, and are others': [
    'CONSTRAINTS',
    {
      sums: (sums) => {
        const [one = ZERO, two = ZERO] = sums;
        sums.splice(0, 2, add(one, ONE), sub(two, ONE));
      },
    },
  ],
  'another count': ['CONSTRAINTS', { statement: (one) => ({ ...one, count: one.count + 1 }) }],
  'another record root': [
    'ROOT',
    { statement: (one) => ({ ...one, recordRoot: one.before.root }) },
  ],
  'the table after for the table before': [
    'ROOT',
    { statement: (one) => ({ ...one, before: one.after }) },
  ],
  'another constraint system': [
    'AIR_DIGEST',
    { statement: (one) => ({ ...one, airDigest: one.recordRoot }) },
  ],
  'pinned values of another polynomial': [
    'LOW_DEGREE',
    {
      statement: (one) => {
        return { ...one, after: { ...one.after, pinned: plusOne(one.after.pinned, 4) } };
      },
    },
  ],
  'another value at zeta': [
    'CONSTRAINTS',
    {
      values: (values) => {
        return values.map((one, i) => (i > 0 ? one : { ...one, current: plusOne(one.current, 3) }));
      },
    },
  ],
  'other values at zeta that satisfy the constraints': ['LOW_DEGREE', { values: otherHalves }],
  'a column far from low degree': [
    'LOW_DEGREE',
    {
      columns: (kernel, [records]) => {
        if (records === undefined) return;
        const { height } = SAMPLE_TRACE.records;
        const random = randomWords(3);
        // Quotients are made on the other two.
        for (const coset of [1, 3]) {
          const words = kernel.arena.words(records.at(7, coset), height);
          words.forEach((_, row) => {
            words[row] = random() % PRIME;
          });
        }
      },
    },
  ],
  'a combination far from low degree': [
    'LOW_DEGREE',
    {
      combinations: (kernel, combinations) => {
        for (const [logSize, address] of combinations) {
          const words = kernel.arena.words(address, 2 ** logSize);
          words.forEach((word, place) => {
            words[place] = (word + place) % PRIME;
          });
        }
      },
    },
  ],
  'another final polynomial': [
    'LOW_DEGREE',
    { final: (last) => last.splice(0, 1, add(last[0] ?? ZERO, ONE)) },
  ],
  'one query answered again and again': [
    'OPENING',
    { queries: (all) => all.flatMap(() => first(all)) },
  ],
  'queries in another order': ['OPENING', { queries: (all) => all.toReversed() }],
  'a layer answered for another query': [
    'LOW_DEGREE',
    {
      queries: (all) => {
        const [one, two] = all;
        if (one === undefined || two === undefined) return all;
        return [{ ...one, layers: two.layers }, ...all.slice(1)];
      },
    },
  ],
};

for (const [name, [code, cheats]] of Object.entries(attacks)) {
  test(`refused: ${name}`, () => {
    assert.equal(verdictOn(new PartEdits(), cheats), code);
  });
}
