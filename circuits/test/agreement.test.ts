/** The circuits and the verifier, which share no code, say the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AccountTree,
  accountAccumulator,
  accountsDigest,
  accountsSignals,
  applyDelta,
  batchAccumulator,
  batchDigest,
  batchSignals,
  checkRecord,
  netDeltas,
  type ProofPlace,
  pinnedKeys,
  type SettlementRecord,
} from '@foldbook/verifier';
import fc from 'fast-check';
import { circuitNames, pinnedDigests } from '../src/index.ts';
import { batchInstance, type Row, type Values } from './model.ts';
import {
  accountsSize,
  batchSize,
  challenge,
  fundedRows,
  place,
  sampleBatch,
  sampleRows,
} from './samples.ts';
import { Circuit } from './tape.ts';
import { accountsWitness, batchWitness } from './traces.ts';

const batch = new Circuit('batch-15');

function record({ kind, a, b, ...amounts }: Row): SettlementRecord {
  return { kind: Number(kind), a: Number(a), b: Number(b), ...amounts };
}

function placeOf(count: number): ProofPlace {
  return { market: Number(place.market), epoch: place.epoch, seq0: place.seq0, count };
}

test('the verifier pins the digests that the build is held to', () => {
  const digests = pinnedDigests();
  const verifyingKeys = pinnedKeys.filter(({ backEnd }) => backEnd === undefined);
  assert.deepEqual(
    verifyingKeys.map(({ circuit, digest, insecure }) => [circuit, digest, insecure]),
    circuitNames.map((name) => [name, digests[name].vk, digests[name].insecure]),
  );
});

test('a batch has the public signals that the verifier computes from its records', () => {
  const records = sampleRows.map(record);
  const at = placeOf(records.length);
  const claim = {
    digest: batchDigest(batchSize, at, records),
    acc: batchAccumulator(records, challenge),
  };
  const signals = batchSignals(batchSize, at, claim, challenge);
  const witness = batchWitness(batch, batchSize, sampleBatch.input);
  assert.deepEqual(witness.slice(1, 1 + signals.length), signals);
});

test('account updates on the paths of the verifier have the signals that it computes', () => {
  const circuit = new Circuit('accounts-4');
  const tree = new AccountTree();
  tree.set(6, 300n, 1950n);
  const deltas = netDeltas(fundedRows.map(record)).slice(0, 3);
  const at = placeOf(deltas.length);
  const rootIn = tree.root();
  const columns: Record<string, Values[]> = {};
  const push = (name: string, value: Values): void => {
    columns[name] = [...(columns[name] ?? []), value];
  };
  for (let slot = 0; slot < accountsSize; slot++) {
    const delta = deltas[slot];
    const { id, base: dBase, quote: dQuote } = delta ?? { id: 0, base: 0n, quote: 0n };
    const { base, quote } = delta ? tree.get(id) : { base: 0n, quote: 0n };
    const siblings = tree.path(id);
    for (const [name, value] of Object.entries({ base, quote, dBase, dQuote, siblings })) {
      push(name, value);
    }
    push('id', BigInt(id));
    if (delta) assert.equal(applyDelta(tree, delta), undefined);
  }
  const claim = {
    rootIn,
    rootOut: tree.root(),
    digest: accountsDigest(accountsSize, at, deltas),
    acc: accountAccumulator(deltas, challenge),
  };
  const signals = accountsSignals(accountsSize, at, claim, challenge);
  const [, , , , count = 0n, iv = 0n] = signals;
  const input = { ...columns, ...challenge, rootIn, count, iv };
  const witness = accountsWitness(circuit, accountsSize, input);
  assert.deepEqual(circuit.objections(witness), []);
  assert.deepEqual(witness.slice(1, 1 + signals.length), signals);
});

// Values at and around every limit, so that many records are right and many wrong by one thing.
const id = fc.oneof(fc.constantFrom(0, 1, 2, 5, 2 ** 24 - 1), fc.nat(2 ** 24 - 1));
const amount = fc.oneof(
  fc.constantFrom(0n, 0n, 1n, 2n ** 36n, 2n ** 48n - 1n, 2n ** 48n, 2n ** 63n - 1n, 2n ** 63n),
  fc.bigInt({ min: 0n, max: 2n ** 64n }),
);
const anyRecord = fc
  .record({
    kind: fc.integer({ min: 1, max: 7 }),
    a: id,
    b: id,
    price: fc.oneof(fc.constantFrom(0n, 0n, 1n, 2n ** 36n - 1n, 2n ** 36n), fc.bigInt(0n, 1000n)),
    dBase: amount,
    dQuote: amount,
    isProduct: fc.boolean(),
  })
  .map(({ isProduct, ...fields }): SettlementRecord => {
    return isProduct ? { ...fields, dQuote: fields.price * fields.dBase } : fields;
  });
/** A right record of some kind with at most one field taken from any record. */
const nearRecord = fc
  .tuple(
    fc.constantFrom(...sampleRows.map(record)),
    anyRecord,
    fc.constantFrom('none', 'kind', 'a', 'b', 'price', 'dBase', 'dQuote' as const),
  )
  .map(([right, other, field]): SettlementRecord => {
    if (field === 'none') return right;
    return { ...right, [field]: Reflect.get(other, field) };
  });

test('the circuit takes exactly the records that the verifier takes', () => {
  const tally = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof(nearRecord, anyRecord), (candidate) => {
      const { kind, a, b, price, dBase, dQuote } = candidate;
      const row = { kind: BigInt(kind), a: BigInt(a), b: BigInt(b), price, dBase, dQuote };
      const { input } = batchInstance(batchSize, [row], place, challenge);
      const objections = batch.objections(batchWitness(batch, batchSize, input));
      const reason = checkRecord(candidate);
      assert.equal(objections.length === 0, reason === undefined, reason ?? 'the circuit refuses');
      tally[reason === undefined ? 'taken' : 'refused'] += 1;
    }),
    { numRuns: 150 },
  );
  assert(tally.taken > 5 && tally.refused > 50, JSON.stringify(tally));
});
