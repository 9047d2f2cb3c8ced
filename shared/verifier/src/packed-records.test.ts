import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from './bytes.ts';
import { packRecords, unpackRecords } from './packed-records.ts';
import type { SettlementRecord } from './settlement-record.ts';
import { checkDecoder, flipBit } from './testing/fuzz.ts';
import { everyKind, record, trades } from './testing/records.ts';
import { readVectors } from './testing/vectors.ts';

const account = fc.oneof(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 2 ** 24 - 1 }));
const max = 2n ** 63n - 1n;
const amount = fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, 10n ** 7n), fc.bigInt(0n, max));
const ppm = fc.constantFrom(0n, 100n, 250n, 300n);

/** A trade, and the fees that rates give. */
const traded = fc
  .record({
    seller: account,
    buyer: account,
    price: fc.oneof(fc.bigInt(9_990n, 10_010n), fc.bigInt(1n, 2n ** 36n - 1n)),
    lots: fc.oneof(fc.bigInt(1n, 50n), fc.bigInt(1n, 2n ** 27n - 1n)),
    taker: ppm,
    maker: ppm,
    isBuyerTaker: fc.boolean(),
  })
  .map(({ seller, buyer, price, lots, taker, maker, isBuyerTaker }) => {
    const quote = price * lots;
    const [first, second] = isBuyerTaker ? [buyer, seller] : [seller, buyer];
    return [
      record.trade(seller, buyer, price, lots),
      ...(taker > 0n ? [record.fee(first, (taker * quote + 999_999n) / 1_000_000n)] : []),
      ...(maker > 0n ? [record.rebate(second, (maker * quote) / 1_000_000n)] : []),
    ];
  });

const other = fc.oneof(
  fc.tuple(account, amount).map(([id, value]) => [record.fee(id, value)]),
  fc.tuple(account, amount).map(([id, value]) => [record.rebate(id, value)]),
  fc.tuple(account, amount).map(([id, value]) => [record.depositBase(id, value)]),
  fc.tuple(account, amount).map(([id, value]) => [record.depositQuote(id, value)]),
  fc.tuple(account, amount).map(([id, value]) => [record.withdrawBase(id, value)]),
  fc.tuple(account, amount).map(([id, value]) => [record.withdrawQuote(id, value)]),
);
const flow = fc.array(fc.oneof({ arbitrary: traded, weight: 3 }, other), { maxLength: 60 });

test('packed records are the records again, whatever they are', () => {
  fc.assert(
    fc.property(flow, (parts) => {
      const records = parts.flat();
      const packed = packRecords(records);
      const unpacked = unpackRecords(packed);
      assert(unpacked.ok, unpacked.ok ? '' : unpacked.error.message);
      assert.deepEqual([...unpacked.value], records);
      assert.equal(bytesToHex(packRecords(unpacked.value)), bytesToHex(packed));
    }),
    { numRuns: 300 },
  );
});

const someOfAll: readonly SettlementRecord[] = [
  ...everyKind,
  record.trade(2, 3, 500, 9),
  record.fee(3, 50),
  record.rebate(2, 5),
  record.trade(7, 3, 499, 9),
  record.rebate(70, 5),
  record.fee(7, 1),
  record.fee(7, 1),
  record.trade(7, 7, 499, 9),
  record.fee(7, 1),
  record.depositBase(2 ** 24 - 1, max),
];

test('a list of records has one packed form, and no other bytes pass for it', () => {
  checkDecoder(packRecords(someOfAll), (bytes) => unpackRecords(bytes), packRecords, 3_000);
});

test('each byte of a packed file, and each length', () => {
  const packed = packRecords(someOfAll);
  const words = (bytes: Uint8Array) => {
    const unpacked = unpackRecords(bytes);
    return unpacked.ok ? [...unpacked.value] : unpacked.error;
  };
  for (let index = 0; index < packed.length; index++) {
    for (let bit = 0; bit < 8; bit++) {
      assert.notDeepEqual(words(flipBit(packed, index, bit)), someOfAll, `byte ${index}`);
    }
  }
});

test('a few bytes that stand for billions are refused at once', () => {
  const same = Array.from({ length: 1_000 }, () => record.depositBase(2, 5));
  const packed = packRecords(same);
  assert(packed.length < 90, `${packed.length} bytes`);
  const limited = unpackRecords(packed, 999);
  assert(!limited.ok && limited.error.code === 'RECORDS_FORMAT' && limited.error.offset === 8);
  assert.match(limited.error.message, /1000 records; this reader takes 999/);
  const bomb = packed.slice();
  bomb.fill(0xff, 8, 12);
  const refused = unpackRecords(bomb);
  assert(!refused.ok && /4294967295 records/.test(refused.error.message));
  bomb.set(packed.subarray(8, 12), 8);
  bomb.fill(0xff, 12, 16);
  const accounts = unpackRecords(bomb);
  assert(!accounts.ok && /4294967295 accounts in 1000 records/.test(accounts.error.message));
});

test('a trade with its two fees takes a few bytes, and the same fees none', () => {
  const part = (round: number) => {
    const quote = BigInt(10_000 + (round % 7)) * 300n;
    return [
      record.trade(2 + (round % 3), 5, 10_000 + (round % 7), 300),
      record.fee(5, (quote * 300n + 999_999n) / 1_000_000n),
      record.rebate(2 + (round % 3), (quote * 100n) / 1_000_000n),
    ];
  };
  const records = Array.from({ length: 1_000 }, (_, round) => part(round)).flat();
  const { length } = packRecords(records);
  assert(length < 5 * 1_000, `${length} bytes for 1,000 trades`);
});

test('a record that breaks the rules of its kind is not packed', () => {
  const trade = record.trade(2, 3, 5, 5);
  assert.throws(() => packRecords([{ ...trade, dQuote: 26n }]), /record 0 cannot be packed/);
});

test('a file of another version is refused, and an older one with what to do', () => {
  for (const [version, words] of [
    [1, /version 1; .* version 2: read it with the release that wrote it/],
    [3, /version 3; this verifier reads version 2$/],
  ] as const) {
    const file = packRecords(trades(20));
    file[4] = version;
    const refused = unpackRecords(file);
    assert(!refused.ok && refused.error.offset === 4);
    assert.match(refused.error.message, words);
  }
});

test('vectors', () => {
  const { packedRecords } = readVectors<{
    /** Of each record its kind, a, b, price, dBase, dQuote. */
    readonly packedRecords: readonly {
      readonly records: readonly (readonly string[])[];
      readonly packed: string;
    }[];
  }>('packed');
  for (const { records, packed } of packedRecords) {
    const unpacked = unpackRecords(hexToBytes(packed));
    assert(unpacked.ok);
    const fields = [...unpacked.value].map(({ kind, a, b, price, dBase, dQuote }) => {
      return [kind, a, b, price, dBase, dQuote].map(String);
    });
    assert.deepEqual(fields, records);
    assert.equal(bytesToHex(packRecords(unpacked.value)), packed);
  }
});
