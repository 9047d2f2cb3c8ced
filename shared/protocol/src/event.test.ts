import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { viewOf } from './batch.ts';
import {
  isSystemAccount,
  readEvent,
  readEvents,
  readSettlement,
  writeSettlement,
} from './event.ts';
import { EventKind, RECORD_BYTES, SettlementKind } from './layout.ts';
import { MAX_ACCOUNT } from './limits.ts';

const bytesOf = (...hex: string[]) => Uint8Array.from(Buffer.from(hex.join(''), 'hex'));

test('an accepted order, byte by byte', () => {
  const record = bytesOf(
    '01', // kind: accepted
    '01', // side: sell
    '0000', // code: not used
    '2a000000', // account 42
    '0100000001000000', // sequence 2^32 + 1
    '0200000000000000', // order id
    'feffffffffffffff', // client order id 2^64 - 2
    'ffffffff0f000000', // price 2^36 - 1
    '0300000000000000', // quantity
    '0400000000000000', // request id
    '0500', // session
    '01', // time in force: IOC
    '0000000000',
  );
  assert.deepEqual(readEvent(viewOf(record), 0), {
    type: 'accepted',
    sequence: 2 ** 32 + 1,
    account: 42,
    session: 5,
    requestId: 4n,
    orderId: 2,
    clientOrderId: 2n ** 64n - 2n,
    price: 2n ** 36n - 1n,
    quantity: 3n,
    side: 1,
    timeInForce: 1,
  });
});

test('a trade, byte by byte', () => {
  const record = bytesOf(
    '02', // kind: trade
    '00', // the taker buys
    '0000',
    '2a000000', // taker account
    '0a00000000000000', // sequence
    '0100000000000000', // maker order id
    '0a00000000000000', // taker order id
    '6400000000000000', // price 100
    '0500000000000000', // quantity
    '0700000000000000', // maker client order id
    '2b000000', // maker account
    '00000000',
  );
  assert.deepEqual(readEvent(viewOf(record), 0), {
    type: 'trade',
    sequence: 10,
    takerSide: 0,
    makerOrderId: 1,
    takerOrderId: 10,
    price: 100n,
    quantity: 5n,
    takerAccount: 42,
    makerAccount: 43,
    makerClientOrderId: 7n,
  });
});

test('kinds that clients do not meet, and unknown ones, are skipped', () => {
  const known: readonly number[] = Object.values(EventKind);
  const internal: readonly number[] = [
    EventKind.SETTLEMENT,
    EventKind.CHAIN_HEAD,
    EventKind.GROUP_END,
  ];
  const all = new Uint8Array(256 * RECORD_BYTES);
  for (let kind = 0; kind < 256; kind += 1) all[kind * RECORD_BYTES] = kind;
  for (let kind = 0; kind < 256; kind += 1) {
    const isMet = known.includes(kind) && !internal.includes(kind);
    assert.equal(readEvent(viewOf(all), kind * RECORD_BYTES) !== undefined, isMet, `kind ${kind}`);
  }
  assert.equal(readEvents(all).length, known.length - internal.length);
});

test('a record that is cut is not read', () => {
  const records = new Uint8Array(2 * RECORD_BYTES - 1).fill(EventKind.BALANCE);
  assert.equal(readEvents(records).length, 1);
});

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

test('accounts 0 and 1 are nobody’s', () => {
  assert.deepEqual([0, 1, 2, MAX_ACCOUNT].map(isSystemAccount), [true, true, false, false]);
});
