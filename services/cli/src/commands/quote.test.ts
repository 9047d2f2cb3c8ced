import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderFlag, OrderType, SelfTrade, Side, TimeInForce } from '@foldbook/protocol';
import { readQuotes } from './quote.ts';

const read = (texts: readonly string[], options: Readonly<Record<string, string>> = {}) =>
  readQuotes({ text: (name) => options[name] }, texts, 0);

const QUOTE = {
  clientOrderId: 1n,
  side: Side.BUY,
  price: 99n,
  quantity: 5n,
  orderType: OrderType.LIMIT,
  timeInForce: TimeInForce.GTC,
  flags: 0,
  selfTrade: SelfTrade.EXPIRE_MAKER,
  displayQuantity: 0n,
  stopPrice: 0n,
  expireTime: 0,
};

test('a quote with colons or with spaces, and one that is taken off', () => {
  const [placed, spaced, off] = read(['1:buy:5:99', '2 sell  5 101', '3:off']);
  assert.deepEqual(placed, QUOTE);
  assert.deepEqual(spaced, { ...QUOTE, clientOrderId: 2n, side: Side.SELL, price: 101n });
  // Quantity and price 0; all else counts for nothing.
  assert.deepEqual(off, { clientOrderId: 3n, side: Side.BUY, price: 0n, quantity: 0n });
});

test("options are every quote's", () => {
  const options = { 'post-only': 'slide', display: '2', expire: '60' };
  const wanted = {
    ...{ flags: OrderFlag.POST_ONLY | OrderFlag.SLIDE, displayQuantity: 2n },
    ...{ expireTime: 60, timeInForce: TimeInForce.GTT },
  };
  const second = { clientOrderId: 2n, side: Side.SELL, price: 101n };
  assert.deepEqual(read(['1:buy:5:99', '2:sell:5:101'], options), [
    { ...QUOTE, ...wanted },
    { ...QUOTE, ...wanted, ...second },
  ]);
  const [none] = read(['1:buy:5:99'], { 'self-trade': 'none' });
  assert.deepEqual(none, { ...QUOTE, selfTrade: SelfTrade.NONE });
  assert.throws(
    () => read(['1:buy:2:99'], options),
    /^UsageError: quote "1:buy:2:99": --display 2/,
  );
});

test('as many as one message takes', () => {
  const texts = Array.from({ length: 1_024 }, (_, index) => `${index}:off`);
  assert.equal(read(texts).length, 1_024);
  assert.throws(() => read([...texts, '1024:off']), /more than 1024 quotes/);
});
