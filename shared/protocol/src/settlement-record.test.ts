import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { viewOf } from './batch.ts';
import { RECORD_BYTES, SettlementKind } from './layout.ts';
import { MAX_ACCOUNT } from './limits.ts';
import { readSettlement, writeSettlement } from './settlement-record.ts';

const bytesOf = (...hex: string[]) => Uint8Array.from(Buffer.from(hex.join(''), 'hex'));

test('a settlement record, byte by byte', () => {
  const record = new Uint8Array(RECORD_BYTES).fill(0xff);
  writeSettlement(viewOf(record), 0, {
    kind: SettlementKind.TRADE,
    a: 42,
    b: 43,
    price: 100n,
    base: 5n,
    quote: 500n,
    sequence: 2 ** 32,
    recordIndex: 9,
  });
  const expected = bytesOf(
    '0c', // kind: settlement
    '01', // settlement kind: trade
    '0000',
    '2a000000', // a
    '0000000001000000', // sequence
    '0900000000000000', // record index
    '2b00000000000000', // b
    '6400000000000000', // price
    '0500000000000000', // base, a -> b
    'f401000000000000', // quote, b -> a
    '0000000000000000',
  );
  assert.deepEqual(record, expected);
});

test('settlement records are read as they were written', () => {
  const u63 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  const count = fc.nat(Number.MAX_SAFE_INTEGER);
  const entry = fc.record({
    kind: fc.constantFrom(...Object.values(SettlementKind)),
    a: fc.nat(MAX_ACCOUNT),
    b: fc.nat(MAX_ACCOUNT),
    price: u63,
    base: u63,
    quote: u63,
    sequence: count,
    recordIndex: count,
  });
  fc.assert(
    fc.property(entry, fc.nat(3), (written, index) => {
      const view = viewOf(new Uint8Array(4 * RECORD_BYTES));
      writeSettlement(view, index * RECORD_BYTES, written);
      assert.deepEqual(readSettlement(view, index * RECORD_BYTES), { ...written });
    }),
  );
});
