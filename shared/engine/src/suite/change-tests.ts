/** Changing orders: in place, amended, quoted, cancelled by id and all at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Asset,
  BOTH_SIDES,
  MAX_PRICE,
  MAX_QUANTITY,
  OrderFlag,
  OrderType,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, START_SECONDS } from './test-market.ts';

const { BUY, SELL } = Side;
const { IOC, FOK, GTT, POST_ONLY } = TimeInForce;
const KEEP = { flags: OrderFlag.KEEP_PRIORITY };
const unknown = ['rejected UNKNOWN_ORDER'];

export function changeTests(makeEngine: MakeEngine): void {
  keepTests(makeEngine);
  amendTests(makeEngine);
  increaseTests(makeEngine);
  quoteTests(makeEngine);
  cancelTests(makeEngine);
}

function keepTests(makeEngine: MakeEngine): void {
  test('a smaller quantity at the same price keeps its place, if that is asked for', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5);
    market.sell(3, 2, 100, 5);
    assert.deepEqual(market.replace(2, 1, 100, 3, KEEP), [
      'kept 2/1 sell 3@100 gtc',
      'level sell 8@100/2',
    ]);
    assert.deepEqual(market.replace(2, 1, 100, 3, KEEP), [
      'kept 2/1 sell 3@100 gtc',
      'level sell 8@100/2',
    ]);
    assert.equal(market.openOrders(2)[0]?.startsWith('open #10 '), true);
    assert.equal(market.balance(2), 'base 999999999997+3 quote 1000000000000+0');
    assert.equal(market.buy(4, 1, 100, 1)[1], 'trade 4 buys 1@100 from 2/1');
    assert.deepEqual(market.replace(2, 1, 100, 3, KEEP), [
      'replaced 2/1 sell 3@100 gtc',
      'level sell 5@100/1',
      'level sell 8@100/2',
    ]);
    assert.deepEqual(market.replace(2, 1, 101, 2, KEEP).slice(0, 1), [
      'replaced 2/1 sell 2@101 gtc',
    ]);
  });

  test('an order with other terms is another order, which takes its turn', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 20, { displayQuantity: 3 });
    const shows = (displayQuantity: number) => ({ ...KEEP, displayQuantity });
    assert.deepEqual(market.replace(2, 1, 100, 18, shows(3)), [
      'kept 2/1 sell 18@100 gtc',
      'level sell 3@100/1',
    ]);
    assert.deepEqual(market.replace(2, 1, 100, 16, shows(5)), [
      'replaced 2/1 sell 16@100 gtc',
      'level sell 0@100/0',
      'level sell 5@100/1',
    ]);
    const until = (seconds: number) => {
      return { ...shows(5), timeInForce: GTT, expireTime: START_SECONDS + seconds };
    };
    for (const [options, words] of [
      [until(5), 'replaced 2/1 sell 16@100 gtt'],
      [until(9), 'replaced 2/1 sell 16@100 gtt'],
      [until(9), 'kept 2/1 sell 16@100 gtt'],
      [{ ...until(9), selfTrade: SelfTrade.EXPIRE_TAKER }, 'replaced 2/1 sell 16@100 gtt'],
      [{ ...shows(5), flags: KEEP.flags | OrderFlag.POST_ONLY }, 'replaced 2/1 sell 16@100 gtc'],
    ] as const) {
      assert(market.replace(2, 1, 100, 16, options)[0]?.startsWith(words), words);
    }
    assert.equal(market.engine.nextTimerNs(), undefined);
    const cancelled = market.replace(2, 1, 100, 6, { ...KEEP, timeInForce: IOC });
    assert.equal(cancelled[0], 'replaced 2/1 sell 6@100 ioc');
    assert.equal(market.openOrders(2).length, 0, 'what is immediate does not rest');
  });

  test('an order that stays is checked like any other', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 10);
    const hidden = { ...KEEP, displayQuantity: 6 };
    assert.deepEqual(market.replace(2, 1, 100, 6, { ...KEEP, timeInForce: FOK }), [
      'rejected CANNOT_FILL',
    ]);
    assert.deepEqual(market.replace(2, 1, 100, 6, hidden), ['rejected INVALID_DISPLAY_QUANTITY']);
    const stop = { ...KEEP, orderType: OrderType.STOP_LIMIT, stopPrice: 50 };
    assert.deepEqual(market.replace(2, 1, 100, 5, stop), [
      'replaced 2/1 sell 5@100 gtc',
      'level sell 0@100/0',
    ]);
  });

  test('a quote with another expire time lives as long as that', () => {
    const market = freeMarket(makeEngine);
    const until = (seconds: number) => {
      return { timeInForce: GTT, expireTime: START_SECONDS + seconds };
    };
    market.quote(2, 1, BUY, 100, 5, until(6));
    assert(market.quote(2, 1, BUY, 100, 5, until(600))[0]?.startsWith('replaced 2/1 buy 5@100'));
    market.goTo(7);
    market.clock();
    assert.equal(market.openOrders(2).length, 1);
  });

  test('the side of a replacement is that of the order, whatever the command says', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5);
    const fields = { account: 2, clientOrderId: 1, price: 101, quantity: 5, side: 77 };
    assert.equal(market.send({ kind: 3, ...fields })[0], 'replaced 2/1 sell 5@101 gtc');
  });

  test('a replacement may be fill-or-kill, and its own level is not in its way', () => {
    const market = freeMarket(makeEngine);
    market.sell(3, 1, 105, 4);
    market.buy(2, 1, 100, 10);
    assert.deepEqual(market.replace(2, 1, 105, 5, { timeInForce: FOK }), ['rejected CANNOT_FILL']);
    assert.deepEqual(market.replace(2, 1, 105, 4, { timeInForce: FOK }), [
      'replaced 2/1 buy 4@105 fok',
      'level buy 0@100/0',
      'trade 2 buys 4@105 from 3/1',
      'level sell 0@105/0',
    ]);
  });
}

function amendTests(makeEngine: MakeEngine): void {
  test('a decrease stays in place, and one by all there is cancels', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 100, 9);
    market.buy(3, 2, 100, 5);
    assert.deepEqual(market.amend(2, 1, -4), ['kept 2/1 buy 5@100 gtc', 'level buy 10@100/2']);
    assert.equal(market.balance(2), 'base 1000000000000+0 quote 999999999500+500');
    assert.equal(market.sell(4, 1, 100, 1)[1], 'trade 4 sells 1@100 from 2/1');
    assert.deepEqual(market.amend(2, 1, -4), [
      'cancelled 2/1 buy 4@100 requested',
      'level buy 5@100/1',
    ]);
    assert.deepEqual(market.amend(2, 1, -4), unknown);
    assert.deepEqual(market.amend(3, 2, -(2n ** 63n)), [
      'cancelled 3/2 buy 5@100 requested',
      'level buy 0@100/0',
    ]);
  });

  test('a change by nothing, and of nothing', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 100, 9);
    assert.deepEqual(market.amend(2, 1, 0), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(market.amend(2, 7, 0), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(market.amend(3, 1, 1), unknown);
  });
}

function increaseTests(makeEngine: MakeEngine): void {
  test('an increase loses the priority and keeps all else', () => {
    const market = freeMarket(makeEngine);
    const expireTime = START_SECONDS + 5;
    const flags = OrderFlag.POST_ONLY | OrderFlag.SLIDE;
    market.sell(2, 1, 100, 5, { timeInForce: GTT, expireTime, flags });
    market.sell(3, 2, 100, 5);
    assert.deepEqual(market.amend(2, 1, 2), [
      `replaced 2/1 sell 7@100 gtt post-only slide until ${expireTime}`,
      'level sell 5@100/1',
      'level sell 12@100/2',
    ]);
    assert.deepEqual(market.openOrders(2), [
      `open #12 2/1 sell 7@100 shows 7 limit gtt post-only slide until ${expireTime} none`,
    ]);
    assert.equal(market.buy(4, 1, 100, 1)[1], 'trade 4 buys 1@100 from 3/2');
    market.goTo(5);
    assert.equal(market.clock()[0], 'cancelled 2/1 sell 7@100 expired');
  });

  test('an increase needs quantity, money and room like any order', () => {
    const market = freeMarket(makeEngine, { orderCapacity: 2, levelCapacity: 1 });
    market.deposit(6, Asset.QUOTE, 1_000);
    market.buy(6, 1, 100, 8);
    market.sell(2, 1, 1_000, 5);
    assert.deepEqual(market.amend(6, 1, 3), ['rejected INSUFFICIENT_FUNDS']);
    // Full as the market is, there is room for what takes the place of an order.
    assert.equal(market.amend(6, 1, 2)[0], 'replaced 6/1 buy 10@100 gtc');
    market.configure({ maxQuantity: 11 });
    assert.deepEqual(market.amend(2, 1, 7), ['rejected QUANTITY_LIMIT']);
    assert.equal(market.amend(2, 1, 6)[0], 'replaced 2/1 sell 11@1000 gtc');
  });

  test('no price is judged when a quantity increases', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 100, 8);
    market.configure({ minPrice: 101, maxPrice: 200 });
    assert.deepEqual(market.buy(2, 2, 100, 8), ['rejected PRICE_BAND']);
    assert.equal(market.amend(2, 1, 2)[0], 'replaced 2/1 buy 10@100 gtc');
  });

  test('the largest quantities', () => {
    const market = freeMarket(makeEngine);
    market.fund(2n ** 62n, 2);
    market.sell(2, 1, 1, 5);
    assert.deepEqual(market.amend(2, 1, MAX_QUANTITY - 4n), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(market.amend(2, 1, 2n ** 63n - 1n), ['rejected INVALID_QUANTITY']);
    assert.equal(
      market.amend(2, 1, MAX_QUANTITY - 5n)[0],
      `replaced 2/1 sell ${MAX_QUANTITY}@1 gtc`,
    );
    market.sell(2, 2, MAX_PRICE, 1);
    assert.deepEqual(market.amend(2, 2, 2n ** 28n), ['rejected NOTIONAL_TOO_LARGE']);
  });
}

function quoteTests(makeEngine: MakeEngine): void {
  test('a quote is new, replaced or cancelled', () => {
    const market = freeMarket(makeEngine);
    assert.deepEqual(market.quote(2, 1, BUY, 100, 5), [
      'accepted 2/1 buy 5@100 gtc',
      'level buy 5@100/1',
    ]);
    market.buy(3, 7, 100, 1);
    assert.deepEqual(market.quote(2, 1, BUY, 100, 4), [
      'kept 2/1 buy 4@100 gtc',
      'level buy 5@100/2',
    ]);
    assert.deepEqual(market.quote(2, 1, BUY, 100, 6), [
      'replaced 2/1 buy 6@100 gtc',
      'level buy 1@100/1',
      'level buy 7@100/2',
    ]);
    assert.deepEqual(market.quote(2, 1, BUY, 99, 6), [
      'replaced 2/1 buy 6@99 gtc',
      'level buy 1@100/1',
      'level buy 6@99/1',
    ]);
    assert.deepEqual(market.quote(2, 1, BUY, 0, 0), [
      'cancelled 2/1 buy 6@99 requested',
      'level buy 0@99/0',
    ]);
    assert.deepEqual(market.quote(2, 1, BUY, 0, 0), unknown);
  });

  test('a quote of nothing has no price, and nothing else counts', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5);
    assert.deepEqual(market.quote(2, 1, BUY, 1, 0), ['rejected INVALID_PRICE']);
    const nonsense = { orderType: 9, timeInForce: 9, flags: 255, selfTrade: 9, stopPrice: 9 };
    assert.deepEqual(market.quote(2, 1, 9 as Side, 0, 0, nonsense), [
      'cancelled 2/1 sell 5@100 requested',
      'level sell 0@100/0',
    ]);
  });

  test('a refused quote leaves the old one as it was', () => {
    const market = freeMarket(makeEngine);
    market.quote(2, 1, BUY, 100, 5);
    market.sell(3, 2, 105, 5);
    assert.deepEqual(market.quote(2, 1, SELL, 110, 5), ['rejected DUPLICATE_ORDER_ID']);
    assert.deepEqual(market.quote(2, 1, SELL, 110, 2n ** 48n), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(market.quote(2, 1, BUY, 105, 5, { timeInForce: POST_ONLY }), [
      'rejected WOULD_CROSS',
    ]);
    assert.deepEqual(market.quote(2, 1, BUY, 105, 6, { timeInForce: FOK }), [
      'rejected CANNOT_FILL',
    ]);
    const typed = { orderType: OrderType.MARKET, timeInForce: IOC };
    assert.deepEqual(market.quote(2, 1, BUY, 105, 5, typed), ['rejected INVALID_ORDER_TYPE']);
    assert.deepEqual(market.quote(2, 1, 2 as Side, 100, 5), ['rejected INVALID_SIDE']);
    assert.deepEqual(market.openOrders(2), ['open #10 2/1 buy 5@100 shows 5 limit gtc none']);
  });

  test('a quote may cross', () => {
    const market = freeMarket(makeEngine);
    market.sell(3, 2, 105, 5);
    market.quote(2, 1, BUY, 100, 5);
    assert.deepEqual(market.quote(2, 1, BUY, 105, 7), [
      'replaced 2/1 buy 7@105 gtc',
      'level buy 0@100/0',
      'trade 2 buys 5@105 from 3/2',
      'level sell 0@105/0',
      'level buy 2@105/1',
    ]);
  });
}

function cancelTests(makeEngine: MakeEngine): void {
  test('an order is cancelled by its id', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5);
    assert.deepEqual(market.cancelOrder(3, 10), unknown);
    assert.deepEqual(market.cancelOrder(2, 9), unknown);
    assert.deepEqual(market.cancelOrder(2, 10), [
      'cancelled 2/1 sell 5@100 requested',
      'level sell 0@100/0',
    ]);
    assert.deepEqual(market.cancelOrder(2, 10), unknown);
    assert.deepEqual(market.cancelOrder(2, 2n ** 64n - 1n), unknown);
    market.sell(2, 1, 100, 5);
    market.replace(2, 1, 100, 6);
    assert.deepEqual(market.cancelOrder(2, 16), unknown);
    assert.equal(market.cancelOrder(2, 17).length, 2);
  });

  test('all orders of an account or of its side, in order of their ids', () => {
    const market = freeMarket(makeEngine);
    const stop = { orderType: OrderType.STOP, timeInForce: IOC, stopPrice: 500 };
    market.buy(2, 5, 100, 1);
    market.sell(2, 4, 110, 2);
    market.buy(2, 3, 120, 3, stop);
    market.buy(2, 2, 101, 4);
    market.buy(3, 1, 101, 5);
    market.replace(2, 5, 99, 1);
    assert.deepEqual(market.cancelAll(2, BUY), [
      'cancelled 2/3 buy 3@120 requested',
      'cancelled 2/2 buy 4@101 requested',
      'level buy 5@101/1',
      'cancelled 2/5 buy 1@99 requested',
      'level buy 0@99/0',
      'all buy of 2 cancelled: 3 requested',
    ]);
    assert.deepEqual(market.cancelAll(2, BUY), ['all buy of 2 cancelled: 0 requested']);
    assert.deepEqual(market.cancelAll(2, BOTH_SIDES), [
      'cancelled 2/4 sell 2@110 requested',
      'level sell 0@110/0',
      'all both of 2 cancelled: 1 requested',
    ]);
    assert.deepEqual(market.cancelAll(3, SELL), ['all sell of 3 cancelled: 0 requested']);
    assert.deepEqual(market.cancelAll(3, 3), ['rejected INVALID_SIDE']);
    assert.equal(market.engine.openOrders(), 1);
    assert.equal(market.balance(2), 'base 1000000000000+0 quote 1000000000000+0');
  });

  test('thousands of orders of an account at once', () => {
    const market = freeMarket(makeEngine);
    for (let id = 0; id < 3_000; id += 1) market.buy(2, id, 100 + (id % 1_000), 1);
    const parts = [0, 1, 2].map(() => market.cancelAll(2, BUY));
    assert.equal(parts[2]?.at(-1), 'all buy of 2 cancelled: 952 requested');
    const lines = parts.flatMap((part) => part.slice(0, -1));
    assert.equal(lines.length, 6_000);
    assert.equal(lines[0], 'cancelled 2/0 buy 1@100 requested');
    assert.equal(lines[1], 'level buy 2@100/2');
    assert.equal(lines[5_999], 'level buy 0@1099/0');
    assert.equal(market.engine.openOrders(), 0);
  });

  test('queries give the open orders of an account in parts', () => {
    const market = freeMarket(makeEngine);
    for (let id = 0; id < 5; id += 1) market.buy(2, id, 100 - id, 1);
    const names = (lines: readonly string[]) => lines.map((line) => line.split(' ')[2]);
    assert.deepEqual(names(market.openOrders(2)), ['2/0', '2/1', '2/2', '2/3', '2/4']);
    assert.deepEqual(names(market.openOrders(2, 0n, 2)), ['2/0', '2/1']);
    assert.deepEqual(names(market.openOrders(2, 11n, 2)), ['2/2', '2/3']);
    assert.deepEqual(names(market.openOrders(2, 14n, 2)), []);
    assert.deepEqual(market.openOrders(2, 0n, 0), []);
    assert.deepEqual(market.openOrders(3), []);
    assert.deepEqual(market.openOrders(2 ** 24), []);
  });
}
