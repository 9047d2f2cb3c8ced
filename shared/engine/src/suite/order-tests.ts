/** Orders and the book: priority, crossing, replacing, cancelling, price levels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PRICE, MAX_QUANTITY, Side, TimeInForce } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket } from './test-market.ts';

const { IOC, POST_ONLY } = TimeInForce;
export function orderTests(makeEngine: MakeEngine): void {
  placingTests(makeEngine);
  cancelTests(makeEngine);
  replaceTests(makeEngine);
}

function placingTests(makeEngine: MakeEngine): void {
  test('an order rests, and its level is told', () => {
    const market = freeMarket(makeEngine);
    assert.deepEqual(market.buy(2, 11, 100, 7), [
      'accepted 2/11 buy 7@100 gtc',
      'level buy 7@100/1',
    ]);
    assert.deepEqual(market.buy(3, 11, 100, 5), [
      'accepted 3/11 buy 5@100 gtc',
      'level buy 12@100/2',
    ]);
    assert.equal(market.depth(Side.BUY), '12@100/2');
    assert.equal(market.engine.openOrders(), 2);
  });

  test('makers trade by price, then by time, at their own prices', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 102, 5);
    market.sell(2, 2, 101, 5);
    market.sell(3, 3, 101, 5);
    market.sell(3, 4, 103, 5);
    assert.deepEqual(market.buy(4, 9, 102, 18), [
      'accepted 4/9 buy 18@102 gtc',
      'trade 4 buys 5@101 from 2/2',
      'trade 4 buys 5@101 from 3/3',
      'level sell 0@101/0',
      'trade 4 buys 5@102 from 2/1',
      'level sell 0@102/0',
      'level buy 3@102/1',
    ]);
    assert.equal(market.depth(Side.SELL), '5@103/1');
  });

  test('a maker that is filled in part keeps its place', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 50, 10);
    market.buy(3, 2, 50, 10);
    assert.deepEqual(market.sell(4, 3, 49, 4), [
      'accepted 4/3 sell 4@49 gtc',
      'trade 4 sells 4@50 from 2/1',
      'level buy 16@50/2',
    ]);
    assert.deepEqual(market.sell(4, 4, 50, 7), [
      'accepted 4/4 sell 7@50 gtc',
      'trade 4 sells 6@50 from 2/1',
      'trade 4 sells 1@50 from 3/2',
      'level buy 9@50/1',
    ]);
  });

  test('the rest of an immediate-or-cancel order is cancelled', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 3);
    assert.deepEqual(market.buy(3, 1, 100, 5, { timeInForce: IOC }), [
      'accepted 3/1 buy 5@100 ioc',
      'trade 3 buys 3@100 from 2/1',
      'level sell 0@100/0',
      'cancelled 3/1 buy 2@100 ioc',
    ]);
    assert.deepEqual(market.sell(3, 1, 100, 5, { timeInForce: IOC }), [
      'accepted 3/1 sell 5@100 ioc',
      'cancelled 3/1 sell 5@100 ioc',
    ]);
    assert.equal(market.engine.openOrders(), 0);
  });

  test('a post-only order rests or is refused', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 3);
    market.buy(2, 2, 98, 3);
    assert.deepEqual(market.buy(3, 1, 100, 1, { timeInForce: POST_ONLY }), [
      'rejected WOULD_CROSS',
    ]);
    assert.deepEqual(market.sell(3, 1, 98, 1, { timeInForce: POST_ONLY }), [
      'rejected WOULD_CROSS',
    ]);
    assert.deepEqual(market.buy(3, 1, 99, 1, { timeInForce: POST_ONLY }), [
      'accepted 3/1 buy 1@99 post-only',
      'level buy 1@99/1',
    ]);
  });

  test('an account may trade with itself', () => {
    const market = freeMarket(makeEngine);
    const before = market.balance(2);
    market.sell(2, 1, 100, 3);
    assert.deepEqual(market.buy(2, 2, 100, 3), [
      'accepted 2/2 buy 3@100 gtc',
      'trade 2 buys 3@100 from 2/1',
      'level sell 0@100/0',
    ]);
    assert.equal(market.balance(2), before);
  });

  test('a client order id is unique among live orders and free after that', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 7, 100, 3);
    assert.deepEqual(market.buy(2, 7, 90, 1), ['rejected DUPLICATE_ORDER_ID']);
    assert.equal(market.buy(3, 7, 90, 1)[0], 'accepted 3/7 buy 1@90 gtc');
    market.buy(3, 8, 100, 3);
    assert.equal(market.sell(2, 7, 101, 1)[0], 'accepted 2/7 sell 1@101 gtc');
    market.cancel(2, 7);
    assert.equal(market.sell(2, 7, 102, 1)[0], 'accepted 2/7 sell 1@102 gtc');
    const top = 2n ** 64n - 1n;
    assert.equal(market.sell(2, top, 102, 1)[1], 'level sell 2@102/2');
    assert.equal(market.sell(2, 0, 102, 1)[1], 'level sell 3@102/3');
    assert.equal(market.cancel(2, top)[0], `cancelled 2/${top} sell 1@102 requested`);
  });

  test('prices at both ends of the domain, and back in the middle', () => {
    const market = freeMarket(makeEngine);
    const farBid = 'accepted 2/1 buy 1@1 gtc';
    assert.equal(market.buy(2, 1, 1, 1)[0], farBid);
    market.fund(2n ** 40n, 2, 3);
    assert.deepEqual(market.sell(3, 1, MAX_PRICE, 1), [
      `accepted 3/1 sell 1@${MAX_PRICE} gtc`,
      `level sell 1@${MAX_PRICE}/1`,
    ]);
    market.sell(3, 2, 1_000_000, 2);
    market.buy(2, 2, 999_999, 2);
    market.sell(3, 3, 30_000_000, 2);
    market.buy(2, 3, 5, 2);
    assert.equal(market.depth(Side.BUY), '2@999999/1 2@5/1 1@1/1');
    assert.equal(market.depth(Side.SELL), `2@1000000/1 2@30000000/1 1@${MAX_PRICE}/1`);
    assert.equal(market.depth(Side.SELL, 2), '2@1000000/1 2@30000000/1');
    assert.equal(market.depth(Side.SELL, 0), '');
    assert.deepEqual(market.sell(3, 9, 1, 4, { timeInForce: IOC }).slice(1), [
      'trade 3 sells 2@999999 from 2/2',
      'level buy 0@999999/0',
      'trade 3 sells 2@5 from 2/3',
      'level buy 0@5/0',
    ]);
    assert.deepEqual(market.buy(2, 9, MAX_PRICE, 5, { timeInForce: IOC }).slice(1), [
      'trade 2 buys 2@1000000 from 3/2',
      'level sell 0@1000000/0',
      'trade 2 buys 2@30000000 from 3/3',
      'level sell 0@30000000/0',
      `trade 2 buys 1@${MAX_PRICE} from 3/1`,
      `level sell 0@${MAX_PRICE}/0`,
    ]);
    assert.equal(market.depth(Side.BUY), '1@1/1');
  });

  test('the largest quantity', () => {
    const market = freeMarket(makeEngine);
    market.fund(2n ** 60n, 2, 3);
    market.sell(2, 1, 1, MAX_QUANTITY);
    assert.deepEqual(market.buy(3, 1, 3, MAX_QUANTITY).slice(1), [
      `trade 3 buys ${MAX_QUANTITY}@1 from 2/1`,
      'level sell 0@1/0',
    ]);
  });

  test('a market that wanders over millions of ticks keeps its book in order', () => {
    const market = freeMarket(makeEngine);
    market.fund(2n ** 60n, 2);
    for (let step = 0; step < 12_000; step += 1) {
      const price = 1_000 + ((step * 7_919) % 3_000_000);
      market.buy(2, step, price, 1);
    }
    const bids = market.engine.depth(Side.BUY, 20_000);
    assert.equal(bids.length, 12_000);
    assert(bids.every(({ price }, rank) => rank === 0 || (bids[rank - 1]?.price ?? 0n) > price));
    for (const { price } of bids) {
      const trade = market.sell(3, 1, price, 1)[1];
      assert(trade?.startsWith(`trade 3 sells 1@${price} from 2/`), trade);
    }
    assert.equal(market.engine.openOrders(), 0);
  });

  test('a market that moves away for good keeps what it left behind', () => {
    const market = freeMarket(makeEngine);
    market.fund(2n ** 60n, 2, 3);
    const left = [...Array(100).keys()].map((index) => 500 + index * 600);
    const between = [70_000, 200_000, 960_000, 1_020_000, 1_031_000, 1_040_000];
    const moved = [...Array(9_000).keys()].map((index) => 1_050_000 + index);
    const asks = [...Array(9_000).keys()].map((index) => 2_000_000 - index);
    for (const price of [...left, ...between, ...moved]) market.buy(2, price, price, 1);
    for (const price of asks) market.sell(3, price, price, 1);
    // Comes back, so that the window moves over what it left.
    for (const price of moved) market.cancel(2, price);
    for (const price of asks) market.cancel(3, price);
    market.sell(3, 1, 3_000_000, 1);
    assert.equal(market.depth(Side.SELL), '1@3000000/1');
    const bids = [...left, ...between].toReversed();
    assert.deepEqual(
      market.engine.depth(Side.BUY, 200).map(({ price }) => Number(price)),
      bids,
    );
    const trades = market.sell(3, 2, 1, 1_000).filter((line) => line.startsWith('trade'));
    assert.deepEqual(
      trades,
      bids.map((price) => `trade 3 sells 1@${price} from 2/${price}`),
    );
  });

  test('a sweep through thousands of makers and levels tells everything', () => {
    const market = freeMarket(makeEngine);
    const makers = 6_000;
    for (let index = 0; index < makers; index += 1) {
      market.sell(2, index, 1_000 + (index >> 2), 1);
    }
    const events = market.buy(3, 1, 10_000, makers + 5);
    assert.equal(events.length, 1 + makers + makers / 4 + 1);
    assert.deepEqual(events.slice(0, 7), [
      `accepted 3/1 buy ${makers + 5}@10000 gtc`,
      'trade 3 buys 1@1000 from 2/0',
      'trade 3 buys 1@1000 from 2/1',
      'trade 3 buys 1@1000 from 2/2',
      'trade 3 buys 1@1000 from 2/3',
      'level sell 0@1000/0',
      'trade 3 buys 1@1001 from 2/4',
    ]);
    assert.equal(events.at(-1), 'level buy 5@10000/1');
    assert.equal(market.depth(Side.SELL), '');
  });
}

function cancelTests(makeEngine: MakeEngine): void {
  test('an order is cancelled at the head, in the middle and at the tail of its level', () => {
    const market = freeMarket(makeEngine);
    for (let id = 1; id <= 5; id += 1) market.sell(2, id, 100, id);
    const cancelled = (id: number, level: string) => {
      assert.deepEqual(market.cancel(2, id), [`cancelled 2/${id} sell ${id}@100 requested`, level]);
    };
    cancelled(3, 'level sell 12@100/4');
    cancelled(1, 'level sell 11@100/3');
    cancelled(5, 'level sell 6@100/2');
    assert.equal(market.sell(2, 6, 100, 6)[1], 'level sell 12@100/3');
    assert.deepEqual(market.buy(3, 1, 100, 12).slice(1), [
      'trade 3 buys 2@100 from 2/2',
      'trade 3 buys 4@100 from 2/4',
      'trade 3 buys 6@100 from 2/6',
      'level sell 0@100/0',
    ]);
    market.sell(2, 1, 100, 1);
    cancelled(1, 'level sell 0@100/0');
  });

  test('a cancel names a live order of its own account', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 1);
    assert.deepEqual(market.cancel(3, 1), ['rejected UNKNOWN_ORDER']);
    assert.deepEqual(market.cancel(2, 2), ['rejected UNKNOWN_ORDER']);
    market.cancel(2, 1);
    assert.deepEqual(market.cancel(2, 1), ['rejected UNKNOWN_ORDER']);
  });

  test('the best price moves on when its level is cancelled', () => {
    const market = freeMarket(makeEngine);
    const prices = [100, 99, 64, 63, 1, 5_000_000, 200_000];
    prices.forEach((price, id) => {
      market.buy(2, id, price, 1);
    });
    for (const price of prices.toSorted((a, b) => b - a)) {
      assert.equal(market.engine.depth(Side.BUY, 1)[0]?.price, BigInt(price));
      market.cancel(2, prices.indexOf(price));
    }
    assert.equal(market.depth(Side.BUY), '');
  });
}

function replaceTests(makeEngine: MakeEngine): void {
  test('a replaced order loses its priority, even at the same price', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5);
    market.sell(3, 2, 100, 5);
    assert.deepEqual(market.replace(2, 1, 100, 4), [
      'replaced 2/1 sell 4@100 gtc',
      'level sell 5@100/1',
      'level sell 9@100/2',
    ]);
    assert.deepEqual(market.buy(4, 1, 100, 6).slice(1), [
      'trade 4 buys 5@100 from 3/2',
      'trade 4 buys 1@100 from 2/1',
      'level sell 3@100/1',
    ]);
  });

  test('a replaced order that is alone on its level', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5);
    assert.deepEqual(market.replace(2, 1, 100, 4), [
      'replaced 2/1 sell 4@100 gtc',
      'level sell 0@100/0',
      'level sell 4@100/1',
    ]);
    assert.deepEqual(market.replace(2, 1, 70_000_000, 3), [
      'replaced 2/1 sell 3@70000000 gtc',
      'level sell 0@100/0',
      'level sell 3@70000000/1',
    ]);
    assert.deepEqual(market.cancel(2, 1), [
      'cancelled 2/1 sell 3@70000000 requested',
      'level sell 0@70000000/0',
    ]);
  });

  test('a replaced order may cross, and end', () => {
    const market = freeMarket(makeEngine);
    market.sell(3, 1, 105, 4);
    market.buy(2, 1, 100, 10);
    assert.deepEqual(market.replace(2, 1, 106, 6), [
      'replaced 2/1 buy 6@106 gtc',
      'level buy 0@100/0',
      'trade 2 buys 4@105 from 3/1',
      'level sell 0@105/0',
      'level buy 2@106/1',
    ]);
    market.sell(3, 2, 107, 4);
    assert.deepEqual(market.replace(2, 1, 107, 3, { timeInForce: IOC }), [
      'replaced 2/1 buy 3@107 ioc',
      'level buy 0@106/0',
      'trade 2 buys 3@107 from 3/2',
      'level sell 1@107/1',
    ]);
    assert.deepEqual(market.cancel(2, 1), ['rejected UNKNOWN_ORDER']);
    market.buy(2, 1, 90, 1);
    assert.deepEqual(market.replace(2, 1, 107, 3, { timeInForce: IOC }).slice(2), [
      'trade 2 buys 1@107 from 3/2',
      'level sell 0@107/0',
      'cancelled 2/1 buy 2@107 ioc',
    ]);
  });

  test('a refused replace leaves the old order in its place', () => {
    const market = freeMarket(makeEngine);
    market.fund(1_000, 6);
    market.buy(6, 1, 100, 5);
    market.buy(2, 2, 100, 5);
    market.sell(3, 3, 105, 1);
    const before = market.balance(6);
    const post = { timeInForce: POST_ONLY };
    assert.deepEqual(market.replace(6, 9, 100, 1), ['rejected UNKNOWN_ORDER']);
    assert.deepEqual(market.replace(6, 1, 105, 1, post), ['rejected WOULD_CROSS']);
    assert.deepEqual(market.replace(6, 1, 100, 11), ['rejected INSUFFICIENT_FUNDS']);
    assert.deepEqual(market.replace(6, 1, 0, 1), ['rejected INVALID_PRICE']);
    assert.deepEqual(market.replace(6, 1, 1, 0), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(market.replace(6, 1, MAX_PRICE, MAX_QUANTITY), [
      'rejected NOTIONAL_TOO_LARGE',
    ]);
    assert.equal(market.balance(6), before);
    assert.equal(market.sell(4, 1, 100, 1)[1], 'trade 4 sells 1@100 from 6/1');
  });

  test('a replace counts the funds that the old order frees', () => {
    const market = freeMarket(makeEngine);
    market.fund(1_000, 6);
    market.buy(6, 1, 100, 10);
    assert.equal(market.balance(6), 'base 1000+0 quote 0+1000');
    assert.equal(market.replace(6, 1, 50, 20)[0], 'replaced 6/1 buy 20@50 gtc');
    assert.equal(market.balance(6), 'base 1000+0 quote 0+1000');
    assert.equal(market.replace(6, 1, 90, 10)[0], 'replaced 6/1 buy 10@90 gtc');
    assert.equal(market.balance(6), 'base 1000+0 quote 100+900');
  });
}
