/** Orders that show only a part. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderType, Side, TimeInForce } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket } from './test-market.ts';

const { IOC, FOK } = TimeInForce;

export function icebergTests(makeEngine: MakeEngine): void {
  test('the book shows the display quantity', () => {
    const market = freeMarket(makeEngine);
    assert.deepEqual(market.sell(2, 1, 100, 10, { displayQuantity: 3 }), [
      'accepted 2/1 sell 10@100 gtc',
      'level sell 3@100/1',
    ]);
    assert.equal(market.depth(Side.SELL), '3@100/1');
    assert.equal(market.balance(2), 'base 999999999990+10 quote 1000000000000+0');
    assert.deepEqual(market.openOrders(2), ['open #10 2/1 sell 10@100 shows 3 limit gtc none']);
    assert.deepEqual(market.cancel(2, 1), [
      'cancelled 2/1 sell 10@100 requested',
      'level sell 0@100/0',
    ]);
    assert.equal(market.balance(2), 'base 1000000000000+0 quote 1000000000000+0');
  });

  test('it is displayed again at the end of the queue', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 10, { displayQuantity: 3 });
    market.sell(3, 2, 100, 4);
    assert.deepEqual(market.buy(4, 1, 100, 3).slice(1), [
      'trade 4 buys 3@100 from 2/1',
      'refilled 2/1 sell 3@100',
      'level sell 7@100/2',
    ]);
    assert.deepEqual(market.buy(4, 2, 100, 5).slice(1), [
      'trade 4 buys 4@100 from 3/2',
      'trade 4 buys 1@100 from 2/1',
      'level sell 2@100/1',
    ]);
    assert.deepEqual(market.buy(4, 3, 100, 2).slice(1), [
      'trade 4 buys 2@100 from 2/1',
      'refilled 2/1 sell 3@100',
      'level sell 3@100/1',
    ]);
    assert.deepEqual(market.buy(4, 4, 100, 4).slice(1), [
      'trade 4 buys 3@100 from 2/1',
      'refilled 2/1 sell 1@100',
      'trade 4 buys 1@100 from 2/1',
      'level sell 0@100/0',
    ]);
  });

  test('icebergs take turns in a sweep', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 100, 4, { displayQuantity: 2 });
    market.buy(3, 2, 100, 3, { displayQuantity: 1 });
    assert.deepEqual(market.sell(4, 1, 100, 8).slice(1), [
      'trade 4 sells 2@100 from 2/1',
      'refilled 2/1 buy 2@100',
      'trade 4 sells 1@100 from 3/2',
      'refilled 3/2 buy 1@100',
      'trade 4 sells 2@100 from 2/1',
      'trade 4 sells 1@100 from 3/2',
      'refilled 3/2 buy 1@100',
      'trade 4 sells 1@100 from 3/2',
      'level buy 0@100/0',
      'level sell 1@100/1',
    ]);
  });

  test('an incoming one trades with all it has, and shows a part of the rest', () => {
    const market = freeMarket(makeEngine);
    market.buy(3, 1, 100, 4);
    assert.deepEqual(market.sell(2, 1, 100, 10, { displayQuantity: 3 }).slice(1), [
      'trade 2 sells 4@100 from 3/1',
      'level buy 0@100/0',
      'level sell 3@100/1',
    ]);
    market.buy(3, 2, 99, 9);
    assert.deepEqual(market.sell(2, 2, 99, 10, { displayQuantity: 3 }).slice(1), [
      'trade 2 sells 9@99 from 3/2',
      'level buy 0@99/0',
      'level sell 1@99/1',
    ]);
  });

  test('a decrease in place takes the hidden lots first', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 10, { displayQuantity: 3 });
    market.sell(3, 2, 100, 1);
    assert.deepEqual(market.amend(2, 1, -5), ['kept 2/1 sell 5@100 gtc', 'level sell 4@100/2']);
    assert.deepEqual(market.amend(2, 1, -3), ['kept 2/1 sell 2@100 gtc', 'level sell 3@100/2']);
    assert.equal(market.balance(2), 'base 999999999998+2 quote 1000000000000+0');
    assert.equal(market.buy(4, 1, 100, 2)[1], 'trade 4 buys 2@100 from 2/1');
  });

  test('an increase shows the display quantity it came with', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 10, { displayQuantity: 3 });
    market.sell(3, 2, 100, 1);
    market.amend(2, 1, -8);
    assert.deepEqual(market.amend(2, 1, 7), [
      'replaced 2/1 sell 9@100 gtc',
      'level sell 1@100/1',
      'level sell 4@100/2',
    ]);
    assert.equal(market.buy(4, 1, 100, 2)[1], 'trade 4 buys 1@100 from 3/2');
  });

  test('who can hide, and how much', () => {
    const market = freeMarket(makeEngine);
    const refused = ['rejected INVALID_DISPLAY_QUANTITY'];
    assert.deepEqual(market.sell(2, 1, 100, 10, { displayQuantity: 10 }), refused);
    assert.deepEqual(market.sell(2, 1, 100, 10, { displayQuantity: 11 }), refused);
    assert.deepEqual(market.sell(2, 1, 100, 10, { displayQuantity: 2n ** 64n - 1n }), refused);
    const one = { displayQuantity: 1 };
    assert.deepEqual(market.sell(2, 1, 100, 10, { ...one, timeInForce: IOC }), refused);
    assert.deepEqual(market.sell(2, 1, 100, 10, { ...one, timeInForce: FOK }), refused);
    const ioc = { ...one, timeInForce: IOC };
    assert.deepEqual(market.sell(2, 1, 100, 10, { ...ioc, orderType: OrderType.MARKET }), refused);
    const stop = { ...one, orderType: OrderType.STOP_LIMIT, stopPrice: 5 };
    assert.deepEqual(market.sell(2, 1, 100, 10, stop), refused);
    const post = { displayQuantity: 9, timeInForce: TimeInForce.POST_ONLY };
    assert.equal(market.sell(2, 1, 100, 10, post)[1], 'level sell 9@100/1');
  });
}
