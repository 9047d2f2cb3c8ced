import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TABLES } from './air/tables.ts';
import type { ProofParameters } from './parameters.ts';
import { type SecurityShape, securityBits, securityBitsAt } from './security.ts';

/** Five columns for each of e, S and the two halves of the quotient. */
const OPENINGS = TABLES.reduce((total, { columns, sums, next }) => {
  const atZeta = columns.length + 5 * (sums.length + 2);
  return total + atZeta + next.columns.length + 5 * next.sums.length;
}, 0);
/** The columns of an account tree, pinned twice. */
const PINNED_OPENINGS = 2 * 18;

const shapeOf = (records: number, accounts: number): SecurityShape => ({
  tables: TABLES.map(({ constraints, fractions }, table) => ({
    logHeight: table === 0 ? records : accounts,
    constraints: constraints.length,
    fractions,
  })),
  openings: OPENINGS + PINNED_OPENINGS,
  pinnedLogHeights: [accounts, accounts],
});

const atBlowup4 = (queries: number): ProofParameters => ({
  logBlowup: 2,
  queries,
  grindingBits: 20,
});
const atBlowup8 = (queries: number): ProofParameters => ({ ...atBlowup4(queries), logBlowup: 3 });

function leastQueries(parameters: (queries: number) => ProofParameters, shape: SecurityShape) {
  // None of the shapes here is safe with fewer.
  let queries = 50;
  while (securityBits(parameters(queries), shape).total < 100) queries++;
  return queries;
}

test('how many queries give 100 bits, by heights of records and accounts', () => {
  const heights = [
    [12, 6],
    [16, 6],
    [17, 16],
    [17, 18],
    [17, 20],
    [17, 22],
  ] as const;
  const least = heights.map(([records, accounts]) => {
    const shape = shapeOf(records, accounts);
    return [leastQueries(atBlowup4, shape), leastQueries(atBlowup8, shape)];
  });
  assert.deepEqual(least, [
    [84, 56],
    [86, 57],
    [86, 58],
    [87, 58],
    [89, 59],
    [92, 61],
  ]);
});

test('the rounds of 2^16 records, by hand', () => {
  const { rounds, total } = securityBitsAt(20, atBlowup4(84), shapeOf(16, 16));
  const field = 5 * Math.log2(2_013_265_921);
  const near = (bits: number, expected: number) => assert.ok(Math.abs(bits - expected) < 1e-4);
  // Agreement is 1.025 / 2.
  near(rounds.queries, 20 - 84 * Math.log2(0.5125));
  // h = 40.5: 2 h^5 = 217,924,025.0625, and the other terms are small; 3 rho^(3/2) = 3/8.
  near(rounds.gamma, field - Math.log2((409 * 217_924_039.87 * 2 ** 18) / 0.375));
  // h = 6.5, theta = 5/12: 2 h^5 = 23,205.8125 and 3 h theta rho = 2.03125.
  const least = securityBitsAt(3, atBlowup4(84), shapeOf(16, 16)).rounds;
  near(least.gamma, field - Math.log2(409 * ((23_207.84375 * 2 ** 18) / 0.375 + 13)));
  // List size is h / sqrt(rho): 41 with the rate's excess of 2^-16; 20.5 becomes 21.5 by rounding.
  near(rounds.alpha, field - Math.log2(43 * 229));
  near(rounds.zeta, field - Math.log2(43 * 3 * 2 ** 18));
  near(rounds.lookup, field - Math.log2(43 * 13 * 48 * 2 ** 16));
  near(rounds.pinned, field - Math.log2(43 ** 2 * 2 ** 16));
  const sum = Object.values(rounds).reduce((error, bits) => error + 2 ** -bits, 0);
  near(total, -Math.log2(sum));
});

test('folding counts the powers of each layer on the domain it makes', () => {
  // 2^9 rows fold once by two; without a table of 2^8 rows nothing is added there.
  const alone = securityBitsAt(10, atBlowup4(84), { ...shapeOf(9, 9), pinnedLogHeights: [] });
  const joined = securityBitsAt(10, atBlowup4(84), { ...shapeOf(9, 8), pinnedLogHeights: [] });
  assert.ok(Math.abs(alone.rounds.fold - joined.rounds.fold - 1) < 1e-9);
  assert.equal(alone.rounds.pinned, Infinity);
});

test('a multiplicity that the smallest table cannot bear gives nothing', () => {
  assert.equal(securityBitsAt(100, atBlowup4(84), shapeOf(16, 6)).total, -Infinity);
});

test('more queries, more work and lower tables never give less', () => {
  const parameters = fc.record({
    logBlowup: fc.integer({ min: 2, max: 3 }),
    queries: fc.integer({ min: 1, max: 254 }),
    grindingBits: fc.integer({ min: 0, max: 29 }),
  });
  const height = fc.integer({ min: 10, max: 21 });
  fc.assert(
    fc.property(parameters, height, height, (one, records, accounts) => {
      const bits = (changed: Partial<ProofParameters>, shape = shapeOf(records, accounts)) =>
        securityBits({ ...one, ...changed }, shape).total;
      const before = bits({});
      assert.ok(bits({ queries: one.queries + 1 }) >= before);
      assert.ok(bits({ grindingBits: one.grindingBits + 1 }) >= before);
      assert.ok(bits({}, shapeOf(records + 1, accounts + 1)) <= before + 0.01);
    }),
    { numRuns: 50 },
  );
});
