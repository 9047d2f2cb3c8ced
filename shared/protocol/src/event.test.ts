import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf } from './batch.ts';
import { isSystemAccount } from './event.ts';
import { readEvent, readEvents } from './event-reader.ts';
import { EventKind, RECORD_BYTES } from './layout.ts';
import { MAX_ACCOUNT } from './limits.ts';
import { readSymbol } from './symbol.ts';

const bytesOf = (...hex: string[]) => Uint8Array.from(Buffer.from(hex.join(''), 'hex'));

test('an accepted order, byte by byte', () => {
  const record = bytesOf(
    '01', // kind: accepted
    '01', // side: sell
    '0304', // order type: stop-limit; self-trade prevention: decrement
    '2a000000', // account 42
    '0100000001000000', // sequence 2^32 + 1
    '0200000000000000', // order id
    'feffffffffffffff', // client order id 2^64 - 2
    'ffffffff0f000000', // price 2^36 - 1
    '0300000000000000', // quantity
    '0400000000000000', // request id
    '0500', // session
    '04', // time in force: GTT
    'fe', // flags: slide, and some of a later version
    '06000000', // expire time
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
    timeInForce: 4,
    postOnly: false,
    slide: true,
    expireTime: 6,
    orderType: 3,
    selfTrade: 4,
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

test('an open order shows what is displayed, a waiting stop its price', () => {
  const record = (type: string) =>
    bytesOf(
      `1a01${type}01`, // kind: open order, side: sell, order type, expire taker
      '2a000000', // account 42
      '0900000000000000', // the market's last sequence
      '0200000000000000', // order id
      '0300000000000000', // client order id
      '6400000000000000', // price 100
      '0800000000000000', // quantity
      '0500000000000000', // displayed, or stop price
      '0000', // not used
      '00', // time in force: GTC
      '0100000000', // flags: post-only
    );
  const order = {
    type: 'open-order',
    sequence: 9,
    account: 42,
    side: 1,
    orderId: 2,
    clientOrderId: 3n,
    price: 100n,
    quantity: 8n,
    timeInForce: 0,
    postOnly: true,
    slide: false,
    expireTime: 0,
    selfTrade: 1,
  };
  const read = (type: string) => readEvent(viewOf(record(type)), 0);
  for (const orderType of [0, 1]) {
    const displayed = { orderType, displayed: 5n, stopPrice: 0n };
    assert.deepEqual(read(`0${orderType}`), { ...order, ...displayed });
  }
  for (const orderType of [2, 3]) {
    const waiting = { orderType, displayed: 0n, stopPrice: 5n };
    assert.deepEqual(read(`0${orderType}`), { ...order, ...waiting });
  }
});

test('symbols end at their padding, whatever their bytes', () => {
  const symbolOf = (hex: string) => readSymbol(viewOf(bytesOf(hex.padEnd(16, '0'))), 0);
  assert.equal(symbolOf(''), '');
  assert.equal(symbolOf('425443'), 'BTC');
  assert.equal(symbolOf('4142434445464748'), 'ABCDEFGH');
  assert.equal(symbolOf('4100ff'), 'A\0\u00ff');
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

test('accounts 0 and 1 are nobody’s', () => {
  assert.deepEqual([0, 1, 2, MAX_ACCOUNT].map(isSystemAccount), [true, true, false, false]);
});
