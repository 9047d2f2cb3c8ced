/** Orders that wait for a price. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderFlag, OrderType, SelfTrade, Side, TimeInForce } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, START_SECONDS, tradeAt } from './test-market.ts';

const { GTC, IOC, FOK, GTT, POST_ONLY } = TimeInForce;

const stop = (stopPrice: number, timeInForce: number = IOC) => {
  return { orderType: OrderType.STOP, timeInForce, stopPrice };
};
const stopLimit = (stopPrice: number, timeInForce: number = GTC) => {
  return { orderType: OrderType.STOP_LIMIT, timeInForce, stopPrice };
};

export function stopTests(makeEngine: MakeEngine): void {
  waitingTests(makeEngine);
  triggerTests(makeEngine);
  orderOfTriggerTests(makeEngine);
  changeTests(makeEngine);
}

function waitingTests(makeEngine: MakeEngine): void {
  test('a stop waits out of sight, with its hold', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    assert.deepEqual(market.buy(4, 1, 110, 3, stop(105)), ['accepted 4/1 buy 3@110 stop ioc']);
    assert.deepEqual(market.sell(4, 2, 90, 2, stopLimit(95)), [
      'accepted 4/2 sell 2@90 stop-limit gtc',
    ]);
    assert.equal(market.depth(Side.BUY), '');
    assert.equal(market.depth(Side.SELL), '');
    assert.equal(market.engine.openOrders(), 2);
    assert.equal(market.balance(4), 'base 999999999998+2 quote 999999999670+330');
    assert.deepEqual(market.openOrders(4), [
      'open #12 4/1 buy 3@110 at 105 stop ioc none',
      'open #13 4/2 sell 2@90 at 95 stop-limit gtc none',
    ]);
    assert.deepEqual(tradeAt(market, 104).slice(1), [
      'trade 3 buys 1@104 from 2/900',
      'level sell 0@104/0',
    ]);
    assert.deepEqual(market.cancel(4, 1), ['cancelled 4/1 buy 3@110 requested']);
    assert.equal(market.balance(4), 'base 999999999998+2 quote 1000000000000+0');
  });

  test('without a trade there is nothing that a stop could be due at', () => {
    const market = freeMarket(makeEngine);
    assert.equal(market.sell(4, 1, 90, 2, stop(1_000_000)).length, 1);
    assert.equal(market.buy(4, 2, 90, 2, stop(1)).length, 1);
    assert.deepEqual(tradeAt(market, 500).slice(3), [
      'triggered 4/2 buy 2@90',
      'cancelled 4/2 buy 2@90 ioc',
      'triggered 4/1 sell 2@90',
      'cancelled 4/1 sell 2@90 ioc',
    ]);
  });

  test('which orders have a stop price, and which time in force stops have', () => {
    const market = freeMarket(makeEngine);
    const noStopPrice = ['rejected INVALID_STOP_PRICE'];
    assert.deepEqual(market.buy(4, 1, 110, 3, stop(0)), noStopPrice);
    assert.deepEqual(market.buy(4, 1, 110, 3, stopLimit(0)), noStopPrice);
    assert.deepEqual(market.buy(4, 1, 110, 3, stop(2 ** 36)), noStopPrice);
    assert.deepEqual(market.buy(4, 1, 110, 3, { stopPrice: 5 }), noStopPrice);
    for (const timeInForce of [GTC, POST_ONLY, GTT]) {
      assert.deepEqual(market.buy(4, 1, 110, 3, stop(5, timeInForce)), [
        'rejected INVALID_TIME_IN_FORCE',
      ]);
    }
    assert.deepEqual(market.buy(4, 1, 110, 3, stopLimit(5, POST_ONLY)), [
      'rejected INVALID_TIME_IN_FORCE',
    ]);
    assert.equal(market.buy(4, 1, 110, 3, stop(2 ** 36 - 1)).length, 1);
    const fok = market.buy(4, 2, 110, 3, stopLimit(5, FOK));
    assert.deepEqual(fok, ['accepted 4/2 buy 3@110 stop-limit fok']);
  });
}

function triggerTests(makeEngine: MakeEngine): void {
  test('a stop becomes a market order', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    market.buy(4, 1, 110, 3, stop(105));
    market.sell(2, 4, 106, 2);
    market.sell(2, 5, 111, 5);
    assert.deepEqual(tradeAt(market, 105).slice(1), [
      'trade 3 buys 1@105 from 2/900',
      'level sell 0@105/0',
      'triggered 4/1 buy 3@110',
      'trade 4 buys 2@106 from 2/4',
      'level sell 0@106/0',
      'cancelled 4/1 buy 1@110 ioc',
    ]);
    assert.equal(market.balance(4), 'base 1000000000002+0 quote 999999999788+0');
  });

  test('a stop that is due already is triggered by its own command', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 106);
    market.sell(2, 5, 111, 5);
    assert.deepEqual(market.buy(4, 1, 111, 1, stop(106)), [
      'accepted 4/1 buy 1@111 stop ioc',
      'triggered 4/1 buy 1@111',
      'trade 4 buys 1@111 from 2/5',
      'level sell 4@111/1',
    ]);
    // The last price is 111 now.
    assert.deepEqual(market.sell(4, 2, 150, 1, stopLimit(111)), [
      'accepted 4/2 sell 1@150 stop-limit gtc',
      'triggered 4/2 sell 1@150',
      'level sell 1@150/1',
    ]);
    assert.equal(market.sell(4, 3, 150, 1, stopLimit(110)).length, 1);
    assert.equal(market.buy(4, 4, 111, 1, stop(112)).length, 1);
  });

  test('a stop-limit order rests under its old id, as a limit order', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    market.sell(4, 1, 98, 5, stopLimit(95));
    market.buy(5, 2, 97, 10);
    const triggered = tradeAt(market, 95);
    assert.deepEqual(triggered, ['accepted 3/901 buy 1@95 ioc', 'cancelled 3/901 buy 1@95 ioc']);
    // 97 was better than 95: the last price is 97, and 95 comes with the next.
    assert.equal(market.engine.lastPrice(), 97n);
    market.cancel(5, 2);
    assert.deepEqual(tradeAt(market, 95).slice(3), [
      'triggered 4/1 sell 5@98',
      'level sell 5@98/1',
    ]);
    assert.deepEqual(market.openOrders(4), ['open #12 4/1 sell 5@98 shows 5 limit gtc none']);
    const flags = OrderFlag.KEEP_PRIORITY;
    assert.deepEqual(market.replace(4, 1, 98, 4, { flags }), [
      'kept 4/1 sell 4@98 gtc',
      'level sell 4@98/1',
    ]);
  });

  test('a fill-or-kill stop that the book cannot fill is cancelled', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    market.buy(4, 1, 110, 3, stop(105, FOK));
    market.buy(4, 2, 110, 2, stopLimit(105, FOK));
    market.sell(2, 4, 106, 2);
    assert.deepEqual(tradeAt(market, 105).slice(3), [
      'triggered 4/1 buy 3@110',
      'cancelled 4/1 buy 3@110 fill-or-kill',
      'triggered 4/2 buy 2@110',
      'trade 4 buys 2@106 from 2/4',
      'level sell 0@106/0',
    ]);
    assert.equal(market.balance(4), 'base 1000000000002+0 quote 999999999788+0');
  });

  test('a triggered order without a level for its rest is cancelled', () => {
    const market = freeMarket(makeEngine, { levelCapacity: 1 });
    market.buy(2, 1, 90, 1);
    market.buy(4, 1, 95, 7, stopLimit(105));
    assert.deepEqual(tradeAt(market, 105).slice(3), [
      'triggered 4/1 buy 7@95',
      'cancelled 4/1 buy 7@95 no-room',
    ]);
    assert.equal(market.balance(4), 'base 1000000000000+0 quote 1000000000000+0');
    market.buy(4, 2, 90, 7, stopLimit(106));
    assert.deepEqual(tradeAt(market, 106).slice(3), ['triggered 4/2 buy 7@90', 'level buy 8@90/2']);
  });

  test('self-trade prevention goes with a stop', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    market.sell(4, 1, 106, 2);
    const options = { ...stop(105), selfTrade: SelfTrade.EXPIRE_TAKER };
    assert.deepEqual(market.buy(4, 2, 110, 3, options), [
      'accepted 4/2 buy 3@110 stop ioc expire-taker',
    ]);
    assert.deepEqual(tradeAt(market, 105).slice(3), [
      'triggered 4/2 buy 3@110',
      'cancelled 4/2 buy 3@110 self-trade',
      'level sell 2@106/1',
    ]);
  });
}

function orderOfTriggerTests(makeEngine: MakeEngine): void {
  test('buy stops are triggered from the lowest price on, the oldest first', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    market.buy(4, 1, 50, 1, stop(103));
    market.buy(4, 2, 50, 1, stop(102));
    market.buy(5, 3, 50, 1, stop(102));
    market.buy(5, 4, 50, 1, stop(104));
    const triggered = tradeAt(market, 103).filter((line) => line.startsWith('triggered'));
    assert.deepEqual(triggered, [
      'triggered 4/2 buy 1@50',
      'triggered 5/3 buy 1@50',
      'triggered 4/1 buy 1@50',
    ]);
  });

  test('sell stops are triggered from the highest price on, the oldest first', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    market.sell(4, 1, 200, 1, stop(97));
    market.sell(4, 2, 200, 1, stop(98));
    market.sell(5, 3, 200, 1, stop(98));
    market.sell(5, 4, 200, 1, stop(96));
    const triggered = tradeAt(market, 97).filter((line) => line.startsWith('triggered'));
    assert.deepEqual(triggered, [
      'triggered 4/2 sell 1@200',
      'triggered 5/3 sell 1@200',
      'triggered 4/1 sell 1@200',
    ]);
  });

  test('one stop sets off the next', () => {
    const market = freeMarket(makeEngine);
    for (const price of [102, 103, 104]) market.sell(2, price, price, 1);
    market.buy(4, 3, 200, 1, stop(103));
    market.buy(4, 2, 200, 1, stop(102));
    market.buy(4, 1, 200, 2, stopLimit(101));
    market.sell(5, 9, 1, 1, stop(99));
    assert.deepEqual(tradeAt(market, 101).slice(3), [
      'triggered 4/1 buy 2@200',
      'trade 4 buys 1@102 from 2/102',
      'level sell 0@102/0',
      'trade 4 buys 1@103 from 2/103',
      'level sell 0@103/0',
      'triggered 4/2 buy 1@200',
      'trade 4 buys 1@104 from 2/104',
      'level sell 0@104/0',
      'triggered 4/3 buy 1@200',
      'cancelled 4/3 buy 1@200 ioc',
    ]);
    assert.equal(market.engine.openOrders(), 1);
    assert.equal(market.engine.lastPrice(), 104n);
  });

  test('hundreds of stops at as many prices', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 10_000);
    for (let index = 0; index < 600; index += 1) {
      const place = (index * 7) % 600;
      market.sell(4, index, 20_000, 1, stop(9_000 - place));
      market.buy(5, index, 1, 1, stop(11_000 + place));
    }
    assert.equal(market.engine.openOrders(), 1_200);
    const down = tradeAt(market, 8_401).filter((line) => line.startsWith('triggered'));
    const inOrder = Array.from({ length: 600 }, (_, place) => (place * 343) % 600);
    assert.deepEqual(
      down,
      inOrder.map((index) => `triggered 4/${index} sell 1@20000`),
    );
    const up = tradeAt(market, 11_599).filter((line) => line.startsWith('triggered'));
    assert.deepEqual(
      up,
      inOrder.map((index) => `triggered 5/${index} buy 1@1`),
    );
    assert.equal(market.engine.openOrders(), 0);
  });
}

function changeTests(makeEngine: MakeEngine): void {
  test('a waiting stop is decreased in place and increased to the end of its queue', () => {
    const market = freeMarket(makeEngine);
    market.buy(4, 1, 50, 5, stop(102));
    market.buy(4, 2, 50, 5, stop(102));
    assert.deepEqual(market.amend(4, 1, -2), ['kept 4/1 buy 3@50 ioc']);
    assert.equal(market.balance(4), 'base 1000000000000+0 quote 999999999600+400');
    assert.deepEqual(market.amend(4, 1, 4), ['replaced 4/1 buy 7@50 ioc']);
    assert.equal(market.balance(4), 'base 1000000000000+0 quote 999999999400+600');
    assert.deepEqual(market.openOrders(4), [
      'open #11 4/2 buy 5@50 at 102 stop ioc none',
      'open #13 4/1 buy 7@50 at 102 stop ioc none',
    ]);
    const triggered = tradeAt(market, 102).filter((line) => line.startsWith('triggered'));
    assert.deepEqual(triggered, ['triggered 4/2 buy 5@50', 'triggered 4/1 buy 7@50']);
  });

  test('a stop may be replaced by a limit order, and the other way round', () => {
    const market = freeMarket(makeEngine);
    tradeAt(market, 100);
    market.buy(4, 1, 90, 5, stopLimit(105));
    assert.deepEqual(market.replace(4, 1, 91, 4), [
      'replaced 4/1 buy 4@91 gtc',
      'level buy 4@91/1',
    ]);
    assert.deepEqual(market.replace(4, 1, 110, 3, stop(104)), [
      'replaced 4/1 buy 3@110 ioc',
      'level buy 0@91/0',
    ]);
    market.sell(2, 7, 101, 1);
    assert.deepEqual(market.replace(4, 1, 110, 2, stopLimit(100)), [
      'replaced 4/1 buy 2@110 gtc',
      'triggered 4/1 buy 2@110',
      'trade 4 buys 1@101 from 2/7',
      'level sell 0@101/0',
      'level buy 1@110/1',
    ]);
  });

  test('stops that wait never keep their place when they are replaced', () => {
    const market = freeMarket(makeEngine);
    market.buy(4, 1, 90, 5, stopLimit(105));
    const options = { ...stopLimit(105), flags: OrderFlag.KEEP_PRIORITY };
    assert.deepEqual(market.replace(4, 1, 90, 4, options), ['replaced 4/1 buy 4@90 gtc']);
    assert.deepEqual(market.openOrders(4), ['open #11 4/1 buy 4@90 at 105 stop-limit gtc none']);
  });

  test('a stop ends at its time, whether it waits or rests', () => {
    const market = freeMarket(makeEngine);
    const until = (seconds: number) => {
      return { ...stopLimit(105, GTT), expireTime: START_SECONDS + seconds };
    };
    market.buy(4, 1, 90, 5, until(5));
    market.goTo(5);
    assert.deepEqual(market.clock().slice(0, -1), ['cancelled 4/1 buy 5@90 expired']);
    market.buy(4, 2, 90, 5, until(8));
    tradeAt(market, 105);
    assert.equal(market.depth(Side.BUY), '5@90/1');
    market.goTo(8);
    assert.deepEqual(market.clock().slice(0, -1), [
      'cancelled 4/2 buy 5@90 expired',
      'level buy 0@90/0',
    ]);
  });

  test('waiting stops have room of their own, counted the same', () => {
    const market = freeMarket(makeEngine, { levelCapacity: 2, orderCapacity: 5 });
    const full = ['rejected CAPACITY'];
    market.buy(2, 1, 10, 1);
    market.buy(2, 2, 11, 1);
    assert.equal(market.buy(4, 1, 20, 1, stop(101)).length, 1);
    assert.equal(market.buy(4, 2, 20, 1, stop(102)).length, 1);
    assert.deepEqual(market.buy(4, 3, 20, 1, stop(103)), full);
    assert.deepEqual(market.replace(4, 1, 20, 1, stop(103)), ['replaced 4/1 buy 1@20 ioc']);
    // A level of limit orders is none of stops.
    assert.deepEqual(market.replace(2, 1, 20, 1, stop(104)), full);
    assert.equal(market.buy(4, 3, 20, 1, stop(103)).length, 1);
    assert.deepEqual(market.sell(4, 4, 20, 1, stop(50)), full);
    market.cancel(2, 1);
    assert.equal(market.sell(4, 4, 20, 1, stop(50)).length, 1);
  });
}
