import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBatchHeader, encodeBatch, readCount, viewOf, writeCount } from './batch.ts';
import { BatchKind, RECORD_BYTES } from './layout.ts';

test('the bytes of a header, field by field', () => {
  const batch = encodeBatch(
    {
      kind: BatchKind.MARKET_DATA,
      market: 0x01020304,
      flags: 0x0506,
      logSequence: 7,
      timeNs: -1n,
      first: 8,
      last: 2 ** 32,
      prev: 9,
      generation: 0x0a0b0c0d,
      depthCrc: 0xfffefdfc,
    },
    new Uint8Array(2 * RECORD_BYTES).fill(0xee),
  );
  const header = [
    '4642', // magic "FB"
    '01', // version
    '04', // kind: market data
    '04030201', // market
    '02000000', // count
    '0605', // flags
    '0000', // reserved
    '0700000000000000', // log sequence
    'ffffffffffffffff', // time
    '0800000000000000', // first
    '0000000001000000', // last
    '0900000000000000', // prev
    '0d0c0b0a', // generation
    'fcfdfeff', // depth CRC
  ];
  assert.equal(Buffer.from(batch).toString('hex'), header.join('') + 'ee'.repeat(128));
});

test('headers are read as they were written', () => {
  const u32 = fc.nat(2 ** 32 - 1);
  const count = fc.nat(Number.MAX_SAFE_INTEGER);
  const header = fc.record({
    kind: fc.constantFrom(...Object.values(BatchKind)),
    market: u32,
    flags: fc.nat(0xffff),
    logSequence: count,
    timeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    first: count,
    last: count,
    prev: count,
    generation: u32,
    depthCrc: u32,
  });
  fc.assert(
    fc.property(header, fc.nat(3), (fields, count) => {
      const batch = encodeBatch(fields, new Uint8Array(count * RECORD_BYTES));
      const decoded = decodeBatchHeader(batch, fields.kind, 3);
      assert.deepEqual(decoded, { ok: true, value: { ...fields, count } });
    }),
  );
});

test('a counter that a number can’t hold is refused, not rounded', () => {
  for (const offset of [16, 32, 40, 48]) {
    const batch = encodeBatch({ kind: BatchKind.GROUP }, new Uint8Array(0));
    viewOf(batch).setBigUint64(offset, 2n ** 53n - 1n, true);
    assert(decodeBatchHeader(batch, BatchKind.GROUP, 0).ok);
    viewOf(batch).setBigUint64(offset, 2n ** 53n, true);
    const decoded = decodeBatchHeader(batch, BatchKind.GROUP, 0);
    assert(!decoded.ok);
    assert.equal(decoded.name, 'FIELD_RANGE');
    assert.equal(decoded.offset, offset);
  }
});

test('the count that a caller allows is the most', () => {
  const batch = encodeBatch({ kind: BatchKind.GROUP }, new Uint8Array(3 * RECORD_BYTES));
  assert(decodeBatchHeader(batch, BatchKind.GROUP, 3).ok);
  const decoded = decodeBatchHeader(batch, BatchKind.GROUP, 2);
  assert(!decoded.ok);
  assert.equal(decoded.name, 'TOO_LARGE');
});

test('a part of a record is a mistake of the program', () => {
  assert.throws(() => encodeBatch({ kind: BatchKind.GROUP }, new Uint8Array(63)), /whole/);
});

test('counters round-trip below 2^53 and agree with a u64', () => {
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (value) => {
      const view = new DataView(new ArrayBuffer(8));
      writeCount(view, 0, value);
      assert.equal(view.getBigUint64(0, true), BigInt(value));
      assert.equal(readCount(view, 0), value);
    }),
  );
});
