/** Market orders, fill-or-kill, good-till-time, post-only and sliding orders. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CommandKind,
  MAX_PRICE,
  OrderFlag,
  OrderType,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, START_SECONDS, type TestMarket } from './test-market.ts';

const { IOC, FOK, GTT, POST_ONLY } = TimeInForce;
const SLIDING = OrderFlag.POST_ONLY | OrderFlag.SLIDE;

export function timeInForceTests(makeEngine: MakeEngine): void {
  marketOrderTests(makeEngine);
  fillOrKillTests(makeEngine);
  goodTillTimeTests(makeEngine);
  postOnlyTests(makeEngine);
}

function marketOrderTests(makeEngine: MakeEngine): void {
  test('a market order trades up to its protection price, the rest is cancelled', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 3);
    market.sell(2, 2, 102, 3);
    market.sell(2, 3, 103, 3);
    const options = { orderType: OrderType.MARKET, timeInForce: IOC };
    assert.deepEqual(market.buy(3, 1, 102, 7, options), [
      'accepted 3/1 buy 7@102 market ioc',
      'trade 3 buys 3@100 from 2/1',
      'level sell 0@100/0',
      'trade 3 buys 3@102 from 2/2',
      'level sell 0@102/0',
      'cancelled 3/1 buy 1@102 ioc',
    ]);
    assert.deepEqual(market.sell(3, 1, 102, 7, options), [
      'accepted 3/1 sell 7@102 market ioc',
      'cancelled 3/1 sell 7@102 ioc',
    ]);
    assert.equal(market.balance(3), 'base 1000000000006+0 quote 999999999394+0');
  });

  test('a market order is immediate-or-cancel or fill-or-kill', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 3);
    for (const timeInForce of [TimeInForce.GTC, POST_ONLY, GTT, 5]) {
      const options = { orderType: OrderType.MARKET, timeInForce };
      assert.deepEqual(market.buy(3, 1, 100, 1, options), ['rejected INVALID_TIME_IN_FORCE']);
    }
    const whole = { orderType: OrderType.MARKET, timeInForce: FOK };
    assert.deepEqual(market.buy(3, 1, 100, 4, whole), ['rejected CANNOT_FILL']);
    assert.equal(market.buy(3, 1, 100, 3, whole)[0], 'accepted 3/1 buy 3@100 market fok');
  });
}

function fillOrKillTests(makeEngine: MakeEngine): void {
  test('a fill-or-kill order trades at once in full, or is refused', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 3);
    market.sell(3, 2, 101, 4);
    const refused = ['rejected CANNOT_FILL'];
    assert.deepEqual(market.buy(4, 1, 101, 8, { timeInForce: FOK }), refused);
    assert.deepEqual(market.buy(4, 1, 100, 4, { timeInForce: FOK }), refused);
    assert.deepEqual(market.buy(4, 1, 99, 1, { timeInForce: FOK }), refused);
    assert.deepEqual(market.buy(4, 1, 101, 7, { timeInForce: FOK }), [
      'accepted 4/1 buy 7@101 fok',
      'trade 4 buys 3@100 from 2/1',
      'level sell 0@100/0',
      'trade 4 buys 4@101 from 3/2',
      'level sell 0@101/0',
    ]);
  });

  test('hidden lots fill it, too', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5, { displayQuantity: 2 });
    assert.deepEqual(market.buy(4, 1, 100, 6, { timeInForce: FOK }), ['rejected CANNOT_FILL']);
    assert.deepEqual(market.buy(4, 1, 100, 5, { timeInForce: FOK }), [
      'accepted 4/1 buy 5@100 fok',
      'trade 4 buys 2@100 from 2/1',
      'refilled 2/1 sell 2@100',
      'trade 4 buys 2@100 from 2/1',
      'refilled 2/1 sell 1@100',
      'trade 4 buys 1@100 from 2/1',
      'level sell 0@100/0',
    ]);
  });

  /** Of account 4: an order of its own behind an iceberg, 101 behind both. */
  const withOwn = () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 3, { displayQuantity: 1 });
    market.sell(4, 2, 100, 5);
    market.sell(3, 3, 101, 9);
    return market;
  };

  const most: [selfTrade: SelfTrade, lots: number][] = [
    [SelfTrade.NONE, 17],
    [SelfTrade.EXPIRE_MAKER, 12],
    [SelfTrade.EXPIRE_TAKER, 1],
    [SelfTrade.EXPIRE_BOTH, 1],
    [SelfTrade.DECREMENT, 1],
  ];
  for (const [selfTrade, lots] of most) {
    test(`own orders in mode ${selfTrade} leave ${lots} lots to fill it`, () => {
      const market = withOwn();
      const options = { timeInForce: FOK, selfTrade };
      assert.deepEqual(market.buy(4, 9, 101, lots + 1, options), ['rejected CANNOT_FILL']);
      const lines = market.buy(4, 9, 101, lots, options);
      const traded = lines.filter((line) => line.startsWith('trade 4 buys'));
      const sum = traded.reduce((total, line) => total + Number(/ (\d+)@/.exec(line)?.[1]), 0);
      assert.equal(sum, lots);
      assert(!lines.some((line) => line.startsWith('cancelled 4/9')), lines.join('\n'));
    });
  }

  test('in mode EXPIRE_MAKER it cancels its own on its way', () => {
    const market = withOwn();
    const options = { timeInForce: FOK, selfTrade: SelfTrade.EXPIRE_MAKER };
    assert.deepEqual(market.buy(4, 9, 101, 12, options), [
      'accepted 4/9 buy 12@101 fok expire-maker',
      'trade 4 buys 1@100 from 2/1',
      'refilled 2/1 sell 1@100',
      'cancelled 4/2 sell 5@100 self-trade',
      'trade 4 buys 1@100 from 2/1',
      'refilled 2/1 sell 1@100',
      'trade 4 buys 1@100 from 2/1',
      'level sell 0@100/0',
      'trade 4 buys 9@101 from 3/3',
      'level sell 0@101/0',
    ]);
  });
}

function goodTillTimeTests(makeEngine: MakeEngine): void {
  test('an order ends at the exact second', () => {
    const market = freeMarket(makeEngine);
    const expireTime = START_SECONDS + 5;
    assert.deepEqual(market.buy(2, 1, 100, 5, { timeInForce: GTT, expireTime }), [
      `accepted 2/1 buy 5@100 gtt until ${expireTime}`,
      'level buy 5@100/1',
    ]);
    const deadlineNs = BigInt(expireTime) * 1_000_000_000n;
    assert.equal(market.engine.nextTimerNs(), deadlineNs);
    market.timeNs = deadlineNs - 1n;
    assert.deepEqual(market.clock(), [`clock ${deadlineNs - 1n}`]);
    market.timeNs = deadlineNs;
    assert.deepEqual(market.clock(), [
      'cancelled 2/1 buy 5@100 expired',
      'level buy 0@100/0',
      `clock ${deadlineNs}`,
    ]);
    assert.equal(market.engine.nextTimerNs(), undefined);
    assert.equal(market.balance(2), 'base 1000000000000+0 quote 1000000000000+0');
  });

  test('an order that is filled or cancelled has no time to end', () => {
    const market = freeMarket(makeEngine);
    const options = { timeInForce: GTT, expireTime: START_SECONDS + 5 };
    market.buy(2, 1, 100, 5, options);
    market.buy(2, 2, 100, 5, options);
    market.sell(3, 1, 100, 5);
    market.cancel(2, 2);
    assert.equal(market.engine.nextTimerNs(), undefined);
    market.goTo(6);
    assert.equal(market.clock().length, 1);
  });

  test('the time is after engine time, and only good-till-time orders have one', () => {
    const market = freeMarket(makeEngine);
    const refused = ['rejected INVALID_EXPIRE_TIME'];
    const until = (seconds: number) => {
      const expireTime = seconds === 0 ? 0 : START_SECONDS + seconds;
      return market.buy(2, 1, 100, 5, { timeInForce: GTT, expireTime });
    };
    market.goTo(3);
    assert.deepEqual(until(0), refused);
    assert.deepEqual(until(3), refused);
    market.goTo(2);
    assert.deepEqual(until(3), refused);
    market.goTo(3.999);
    assert.equal(until(4)[0], `accepted 2/1 buy 5@100 gtt until ${START_SECONDS + 4}`);
    const expireTime = START_SECONDS + 9;
    assert.deepEqual(market.buy(2, 2, 100, 5, { expireTime }), refused);
    assert.deepEqual(market.buy(2, 2, 100, 5, { timeInForce: IOC, expireTime }), refused);
  });

  test('an order that ended in the past gap of a silent market does not trade', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5, { timeInForce: GTT, expireTime: START_SECONDS + 5 });
    market.goTo(60);
    assert.deepEqual(market.buy(3, 1, 100, 5), [
      'cancelled 2/1 sell 5@100 expired',
      'level sell 0@100/0',
      'accepted 3/1 buy 5@100 gtc',
      'level buy 5@100/1',
    ]);
  });
}

function postOnlyTests(makeEngine: MakeEngine): void {
  const quoted = () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 3);
    market.buy(2, 2, 95, 3);
    return market;
  };

  test('a flag makes GTC and GTT orders post-only', () => {
    const market = quoted();
    const flags = OrderFlag.POST_ONLY;
    const expireTime = START_SECONDS + 5;
    assert.deepEqual(market.buy(3, 1, 100, 1, { flags }), ['rejected WOULD_CROSS']);
    assert.deepEqual(market.buy(3, 1, 100, 1, { flags, timeInForce: GTT, expireTime }), [
      'rejected WOULD_CROSS',
    ]);
    assert.deepEqual(market.buy(3, 1, 99, 1, { flags, timeInForce: GTT, expireTime }), [
      `accepted 3/1 buy 1@99 gtt post-only until ${expireTime}`,
      'level buy 1@99/1',
    ]);
    assert.equal(market.buy(3, 2, 99, 1, { flags })[0], 'accepted 3/2 buy 1@99 gtc post-only');
  });

  test('a sliding order is priced one tick from the best opposite price', () => {
    const market = quoted();
    const flags = OrderFlag.SLIDE;
    assert.deepEqual(market.buy(3, 1, 105, 1, { timeInForce: POST_ONLY, flags }), [
      'accepted 3/1 buy 1@99 post-only slide',
      'level buy 1@99/1',
    ]);
    assert.deepEqual(market.sell(4, 1, 90, 1, { flags: SLIDING }), [
      'accepted 4/1 sell 1@100 gtc post-only slide',
      'level sell 4@100/2',
    ]);
    assert.deepEqual(market.buy(3, 2, 98, 1, { flags: SLIDING }), [
      'accepted 3/2 buy 1@98 gtc post-only slide',
      'level buy 1@98/1',
    ]);
    assert.equal(market.balance(3), 'base 1000000000000+0 quote 999999999803+197');
  });

  test('a replacement slides as well', () => {
    const market = quoted();
    assert.deepEqual(market.replace(2, 2, 120, 2, { flags: SLIDING }), [
      'replaced 2/2 buy 2@99 gtc post-only slide',
      'level buy 0@95/0',
      'level buy 2@99/1',
    ]);
  });

  test('a sliding order has nowhere to go at the ends of the domain', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 1, 1);
    assert.deepEqual(market.buy(3, 1, 5, 1, { flags: SLIDING }), ['rejected WOULD_CROSS']);
    market.cancel(2, 1);
    market.buy(2, 1, MAX_PRICE, 1);
    assert.deepEqual(market.sell(3, 1, 5, 1, { flags: SLIDING }), ['rejected WOULD_CROSS']);
    assert.equal(market.depth(Side.SELL), '');
  });

  test('the price that it slides to is judged', () => {
    const market = quoted();
    market.configure({ minPrice: 100 });
    assert.deepEqual(market.buy(3, 1, 105, 1, { flags: SLIDING }), ['rejected PRICE_BAND']);
    market.configure({ minPrice: 99, maxPrice: 104 });
    assert.equal(market.buy(3, 1, 105, 1, { flags: SLIDING })[1], 'level buy 1@99/1');
  });

  test('flags that do not go together', () => {
    const market = quoted();
    const refuse = (options: Parameters<TestMarket['buy']>[4]) => {
      assert.deepEqual(market.buy(3, 1, 90, 1, options), ['rejected INVALID_FLAGS']);
    };
    refuse({ flags: OrderFlag.SLIDE });
    refuse({ flags: OrderFlag.KEEP_PRIORITY });
    refuse({ flags: 8 });
    refuse({ flags: OrderFlag.POST_ONLY, timeInForce: IOC });
    refuse({ flags: OrderFlag.POST_ONLY, timeInForce: FOK });
    const stop = { orderType: OrderType.STOP_LIMIT, stopPrice: 200 };
    refuse({ flags: OrderFlag.POST_ONLY, ...stop });
    refuse({ flags: SLIDING, orderType: OrderType.MARKET, timeInForce: IOC });
    const kept = { flags: OrderFlag.KEEP_PRIORITY };
    const quote = { kind: CommandKind.QUOTE, account: 3, clientOrderId: 1, price: 90, quantity: 1 };
    assert.deepEqual(market.send({ ...quote, ...kept }), ['rejected INVALID_FLAGS']);
    const both = { flags: SLIDING, timeInForce: POST_ONLY };
    assert.equal(
      market.buy(3, 1, 90, 1, both)[0],
      'accepted 3/1 buy 1@90 post-only post-only slide',
    );
  });
}
