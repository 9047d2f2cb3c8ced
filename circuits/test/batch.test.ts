import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wtns } from 'snarkjs';
import { circuitArtifacts } from '../src/index.ts';
import { batchInstance, type Instance, kinds, type Row } from './model.ts';
import { batchSize, challenge, place, sampleBatch, sampleRows } from './samples.ts';
import { decimals } from './snark.ts';
import { Circuit, loneFreeWires } from './tape.ts';
import { batchWitness } from './traces.ts';

const circuit = new Circuit('batch-15');

function check(instance: Instance): bigint[] {
  const witness = batchWitness(circuit, batchSize, instance.input);
  assert.deepEqual(
    circuit.objections(witness).map((c) => circuit.describe(c)),
    [],
  );
  assert.deepEqual(witness.slice(1, 7), instance.publicSignals);
  return witness;
}

test('an honest batch of every kind is taken, with the public signals of the model', () => {
  check(sampleBatch);
});

test('the compiled calculator makes the same witness as the tests trace', async () => {
  const made: { type: 'mem'; data?: Uint8Array } = { type: 'mem' };
  await wtns.calculate(decimals(sampleBatch.input), circuitArtifacts('batch-15').wasm, made);
  const values = await wtns.exportJson(made);
  assert.deepEqual(values.map(BigInt), batchWitness(circuit, batchSize, sampleBatch.input));
});

test('batches of one row, of one row of each kind, and of all rows', () => {
  for (const row of sampleRows) check(batchInstance(batchSize, [row], place, challenge));
  const full = Array.from({ length: batchSize }, (_, j) => sampleRows[j % 8] ?? rowOfNothing);
  check(batchInstance(batchSize, full, place, challenge));
});

const rowOfNothing: Row = { kind: kinds.fee, a: 1n, b: 2n, price: 0n, dBase: 0n, dQuote: 0n };

test('rows at the ends of their ranges', () => {
  const top = 2n ** 63n - 1n;
  const lastId = 2n ** 24n - 1n;
  const rows: Row[] = [
    rowOfNothing,
    { kind: kinds.depositBase, a: 0n, b: lastId, price: 0n, dBase: top, dQuote: 0n },
    { kind: kinds.withdrawQuote, a: 0n, b: 2n, price: 0n, dBase: 0n, dQuote: top },
    { kind: kinds.trade, a: lastId, b: 2n, price: 1n, dBase: 1n, dQuote: 1n },
    { kind: kinds.trade, a: 3n, b: 3n, price: 2n ** 36n - 1n, dBase: 1n, dQuote: 2n ** 36n - 1n },
    {
      kind: kinds.trade,
      a: 2n,
      b: 3n,
      price: 2n ** 15n,
      dBase: 2n ** 48n - 1n,
      dQuote: 2n ** 63n - 2n ** 15n,
    },
  ];
  check(batchInstance(batchSize, rows, place, challenge));
});

test('random honest batches agree with the model', () => {
  fc.assert(
    fc.property(fc.array(honestRow, { minLength: 1, maxLength: batchSize }), (rows) => {
      check(batchInstance(batchSize, rows, place, challenge));
    }),
    { numRuns: 15 },
  );
});

const account = fc.bigInt({ min: 2n, max: 2n ** 24n - 1n });
const amount = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const tradeRow = fc
  .record({
    a: account,
    b: account,
    price: fc.bigInt({ min: 1n, max: 2n ** 36n - 1n }),
    dBase: fc.bigInt({ min: 1n, max: 2n ** 48n - 1n }),
  })
  .filter(({ price, dBase }) => price * dBase < 2n ** 63n)
  .map((trade): Row => ({ ...trade, kind: kinds.trade, dQuote: trade.price * trade.dBase }));
const plainRow = fc
  .record({ kind: fc.constantFrom(2n, 3n, 4n, 5n, 6n, 7n), user: account, moved: amount })
  .map(({ kind, user, moved }): Row => {
    const fixed = kind === kinds.fee || kind === kinds.rebate ? 1n : 0n;
    const aIsFixed =
      kind === kinds.fee || kind === kinds.depositBase || kind === kinds.withdrawQuote;
    const isBase = kind === kinds.depositBase || kind === kinds.withdrawBase;
    return {
      kind,
      a: aIsFixed ? fixed : user,
      b: aIsFixed ? user : fixed,
      price: 0n,
      dBase: isBase ? moved : 0n,
      dQuote: isBase ? 0n : moved,
    };
  });
const honestRow = fc.oneof(tradeRow, plainRow);

test('no wire is free but the inverses that a row does not use', () => {
  const unused = [
    ...[0, 3, 6].map((j) => `main.rows[${j}].aIsUser.inverse`),
    ...[1, 4, 5].map((j) => `main.rows[${j}].bIsUser.inverse`),
    ...[0, 1, 3, 4, 5, 6].map((j) => `main.rows[${j}].tradeIsReal.inverse`),
    ...[8, 9, 10, 11, 12, 13, 14].flatMap((j) =>
      ['aIsUser', 'bIsUser', 'tradeIsReal'].map((name) => `main.rows[${j}].${name}.inverse`),
    ),
  ];
  const free = loneFreeWires(circuit, check(sampleBatch));
  assert.deepEqual(free.sort(), unused.sort());
});
