import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AccountDelta, netDeltas } from './account-diffs.ts';
import { bytesToHex, hexToBytes } from './bytes.ts';
import { packDiffs, unpackDiffs } from './packed-diffs.ts';
import { checkDecoder } from './testing/fuzz.ts';
import { everyKind } from './testing/records.ts';
import { readVectors } from './testing/vectors.ts';

const limit = 2n ** 63n - 1n;
const change = fc.oneof(fc.bigInt(-3n, 3n), fc.bigInt(-limit, limit));
const deltas: fc.Arbitrary<AccountDelta[]> = fc
  .uniqueArray(fc.oneof(fc.nat(20), fc.nat(2 ** 24 - 1)))
  .chain((ids) => {
    const sorted = ids.toSorted((left, right) => left - right);
    return fc.tuple(...sorted.map((id) => fc.tuple(fc.constant(id), change, change)));
  })
  .map((list) => list.map(([id, base, quote]) => ({ id, base, quote })))
  .map((list) => list.filter(({ base, quote }) => base !== 0n || quote !== 0n));

test('packed differences are the differences again', () => {
  fc.assert(
    fc.property(deltas, (list) => {
      const unpacked = unpackDiffs(packDiffs(list));
      assert(unpacked.ok);
      assert.deepEqual(unpacked.value, list);
    }),
  );
});

test('they have one packed form', () => {
  const list = [...netDeltas(everyKind), { id: 2 ** 24 - 1, base: -limit, quote: limit }];
  checkDecoder(packDiffs(list), (bytes) => unpackDiffs(bytes), packDiffs, 3_000);
});

test('a file of more accounts than a reader takes is refused at its count', () => {
  const packed = packDiffs(netDeltas(everyKind));
  const refused = unpackDiffs(packed, 1);
  assert(!refused.ok);
  assert.deepEqual([refused.error.code, refused.error.offset], ['DIFFS_FORMAT', 8]);
});

test('what no epoch has is not packed', () => {
  const one = { id: 5, base: 1n, quote: 0n };
  assert.throws(() => packDiffs([one, one]), /account 5 where 6/);
  assert.throws(() => packDiffs([{ ...one, base: 0n }]), /does not change/);
  assert.throws(() => packDiffs([{ ...one, base: 2n ** 63n }]), /too much/);
});

test('vectors', () => {
  const { packedDiffs } = readVectors<{
    readonly packedDiffs: readonly {
      readonly diffs: readonly {
        readonly id: number;
        readonly base: string;
        readonly quote: string;
      }[];
      readonly packed: string;
    }[];
  }>('packed');
  for (const { diffs, packed } of packedDiffs) {
    const list = diffs.map(({ id, base, quote }) => {
      return { id, base: BigInt(base), quote: BigInt(quote) };
    });
    assert.equal(bytesToHex(packDiffs(list)), packed);
    const unpacked = unpackDiffs(hexToBytes(packed));
    assert(unpacked.ok);
    assert.deepEqual(unpacked.value, list);
  }
});
