import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccountDelta, applyDelta, netDeltas } from './account-diffs.ts';
import { AccountTree, EMPTY_ROOT } from './account-tree.ts';
import { accountAccumulator, batchAccumulator } from './accumulator.ts';
import { leafHash, nodeHash, type ProofPlace, sponge } from './poseidon.ts';
import { recordWord, type SettlementRecord } from './settlement-record.ts';
import { accountsDigest, accountsSignals, batchDigest, batchSignals } from './statement.ts';
import { everyKind } from './testing/records.ts';
import { readVectors } from './testing/vectors.ts';

/** Numbers beyond 2^53 as decimal strings. */
type Texts<T> = { readonly [K in keyof T]: T[K] extends bigint ? string : T[K] };

const vectors = readVectors<{
  readonly words: readonly { record: Texts<SettlementRecord>; word: string }[];
  readonly place: { market: number; epoch: string; seq0: string };
  readonly challenge: { x: string; y: string };
  readonly batch15: readonly string[];
  readonly batch30: readonly string[];
  readonly deltas: readonly Texts<AccountDelta>[];
  readonly accounts4: readonly string[];
  readonly accounts16: readonly string[];
  readonly emptyRoot: string;
  readonly root: string;
  readonly path3: readonly (readonly string[])[];
  readonly leaf: { base: string; quote: string; hash: string };
}>('statement');

const challenge = { x: BigInt(vectors.challenge.x), y: BigInt(vectors.challenge.y) };
const epoch = BigInt(vectors.place.epoch);
const market = vectors.place.market;

test("Poseidon is circomlib's", () => {
  const expected = 7853200120776062878684798364095072458815029376092732009249414926327459813530n;
  assert.equal(leafHash(1n, 2n), expected);
  const { base, quote, hash } = vectors.leaf;
  assert.equal(leafHash(BigInt(base), BigInt(quote)).toString(), hash);
});

test('words', () => {
  for (const { record, word } of vectors.words) {
    const { price, dBase, dQuote } = record;
    const amounts = { price: BigInt(price), dBase: BigInt(dBase), dQuote: BigInt(dQuote) };
    assert.equal(recordWord({ ...record, ...amounts }).toString(), word);
  }
});

for (const size of [15, 30] as const) {
  test(`public signals of a batch of ${size}`, () => {
    const seq0 = BigInt(vectors.place.seq0);
    const place: ProofPlace = { market, epoch, seq0, count: everyKind.length };
    const digest = batchDigest(size, place, everyKind);
    const acc = batchAccumulator(everyKind, challenge);
    const signals = batchSignals(size, place, { digest, acc }, challenge);
    assert.deepEqual(signals.map(String), vectors[`batch${size}`]);
  });
}

for (const size of [4, 16] as const) {
  test(`public signals of an account proof of ${size}`, () => {
    const deltas = netDeltas(everyKind);
    const place: ProofPlace = { market, epoch, seq0: 0n, count: deltas.length };
    const tree = new AccountTree();
    const rootIn = tree.root();
    for (const delta of deltas) assert.equal(applyDelta(tree, delta), undefined);
    const digest = accountsDigest(size, place, deltas);
    const acc = accountAccumulator(deltas, challenge);
    const claim = { rootIn, rootOut: tree.root(), digest, acc };
    const signals = accountsSignals(size, place, claim, challenge);
    assert.deepEqual(signals.map(String), vectors[`accounts${size}`]);
    assert.equal(tree.root().toString(), vectors.root);
    assert.deepEqual(
      tree.path(3).map((siblings) => siblings.map(String)),
      vectors.path3,
    );
  });
}

test('net changes and the empty root', () => {
  const deltas = netDeltas(everyKind).map(({ id, base, quote }) => {
    return { id, base: `${base}`, quote: `${quote}` };
  });
  assert.deepEqual(deltas, vectors.deltas);
  assert.equal(EMPTY_ROOT.toString(), vectors.emptyRoot);
});

test('a digest is bound to its place and its rows, in order', () => {
  const place: ProofPlace = { market, epoch, seq0: 0n, count: everyKind.length };
  const digests = [
    batchDigest(15, place, everyKind),
    batchDigest(30, place, everyKind),
    batchDigest(15, { ...place, market: market + 1 }, everyKind),
    batchDigest(15, { ...place, epoch: epoch + 1n }, everyKind),
    batchDigest(15, { ...place, seq0: 1n }, everyKind),
    batchDigest(15, { ...place, count: 6 }, everyKind.slice(0, 6)),
    batchDigest(15, place, everyKind.toReversed()),
  ];
  assert.equal(new Set(digests).size, digests.length);
});

test('the sponge pads its last chunk with zeros', () => {
  const words = [1n, 2n, 3n];
  const padded = [...words, ...new Array<bigint>(12).fill(0n)];
  assert.equal(sponge(7n, words), sponge(7n, padded));
  assert.notEqual(sponge(7n, padded), sponge(7n, [...padded, 0n]));
  assert.throws(() => nodeHash([1n]), /1 children/);
});
