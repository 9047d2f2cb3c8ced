/** How much one order and one command may do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderType, SelfTrade, Side, TimeInForce } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, START_SECONDS, type TestMarket, tradeAt } from './test-market.ts';

const { IOC, FOK } = TimeInForce;
const NOW_NS = BigInt(START_SECONDS) * 1_000_000_000n;

export function limitTests(makeEngine: MakeEngine): void {
  matchTests(makeEngine);
  fillOrKillTests(makeEngine);
  triggerTests(makeEngine);
}

const stop = (stopPrice: number, timeInForce: number = IOC) => {
  return { orderType: OrderType.STOP, timeInForce, stopPrice };
};

/** Sells a lot at each price, from account 2 under names from 1 on. */
function offer(market: TestMarket, ...prices: number[]): void {
  for (const [index, price] of prices.entries()) market.sell(2, index + 1, price, 1);
}

function matchTests(makeEngine: MakeEngine): void {
  test('what is left of an order that met as many as one may is cancelled', () => {
    const market = freeMarket(makeEngine, { matchLimit: 3 });
    offer(market, 100, 100, 101, 101);
    assert.deepEqual(market.buy(3, 1, 105, 9).slice(1), [
      'trade 3 buys 1@100 from 2/1',
      'trade 3 buys 1@100 from 2/2',
      'level sell 0@100/0',
      'trade 3 buys 1@101 from 2/3',
      'level sell 1@101/1',
      'cancelled 3/1 buy 6@105 match-limit',
    ]);
    assert.equal(market.depth(Side.SELL), '1@101/1');
    assert.equal(market.depth(Side.BUY), '');
    assert.equal(market.balance(3), 'base 1000000000003+0 quote 999999999699+0');
    assert.deepEqual(market.buy(3, 1, 105, 9, { timeInForce: IOC }).slice(-1), [
      'cancelled 3/1 buy 8@105 ioc',
    ]);
  });

  test('an order that met as many as one may, and has no more to meet, goes on', () => {
    const market = freeMarket(makeEngine, { matchLimit: 3 });
    offer(market, 100, 100, 101, 102);
    assert.equal(market.buy(3, 1, 101, 9).at(-1), 'level buy 6@101/1');
    assert.equal(market.sell(4, 1, 101, 6).at(-1), 'level buy 0@101/0');
    offer(market, 102);
    assert.deepEqual(market.buy(3, 2, 102, 2).slice(1), [
      'trade 3 buys 1@102 from 2/4',
      'trade 3 buys 1@102 from 2/1',
      'level sell 0@102/0',
    ]);
  });

  test('each part of an iceberg that is met counts', () => {
    const market = freeMarket(makeEngine, { matchLimit: 3 });
    market.sell(2, 1, 100, 1_000_000, { displayQuantity: 1 });
    assert.deepEqual(market.buy(3, 1, 100, 500_000).slice(1), [
      'trade 3 buys 1@100 from 2/1',
      'refilled 2/1 sell 1@100',
      'trade 3 buys 1@100 from 2/1',
      'refilled 2/1 sell 1@100',
      'trade 3 buys 1@100 from 2/1',
      'refilled 2/1 sell 1@100',
      'level sell 1@100/1',
      'cancelled 3/1 buy 499997@100 match-limit',
    ]);
    assert.equal(market.engine.openRecords(), 11);
  });

  test('each order of the same account that is met counts', () => {
    for (const selfTrade of [SelfTrade.EXPIRE_MAKER, SelfTrade.DECREMENT]) {
      const market = freeMarket(makeEngine, { matchLimit: 3 });
      offer(market, 100, 100, 100, 100);
      const events = market.buy(2, 9, 100, 9, { selfTrade });
      assert.match(events.at(-1) ?? '', /^cancelled 2\/9 buy [69]@100 match-limit$/);
      assert.equal(market.depth(Side.SELL), '1@100/1');
    }
  });

  test('an order that replaces another and a quote meet no more', () => {
    const market = freeMarket(makeEngine, { matchLimit: 1 });
    offer(market, 100, 100, 100);
    market.buy(3, 1, 90, 5);
    assert.equal(market.replace(3, 1, 100, 5).at(-1), 'cancelled 3/1 buy 4@100 match-limit');
    assert.equal(market.depth(Side.SELL), '2@100/2');
  });

  test('5,000 orders are not too many', () => {
    const market = freeMarket(makeEngine);
    for (let name = 1; name <= 5_000; name += 1) market.sell(2, name, 100, 1);
    const fok = { timeInForce: FOK };
    assert.equal(market.buy(3, 1, 100, 5_000, fok).at(-1), 'level sell 0@100/0');
  });

  test('more than 8,192 are', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 10_000, { displayQuantity: 1 });
    assert.deepEqual(market.buy(3, 1, 100, 8_193, { timeInForce: FOK }), ['rejected CANNOT_FILL']);
    assert.equal(market.buy(3, 1, 100, 8_193).at(-1), 'cancelled 3/1 buy 1@100 match-limit');
  });
}

function fillOrKillTests(makeEngine: MakeEngine): void {
  const fok = { timeInForce: FOK };

  test('a fill-or-kill order is refused where it would meet too many', () => {
    const market = freeMarket(makeEngine, { matchLimit: 3 });
    offer(market, 100, 100, 101, 101);
    assert.deepEqual(market.buy(3, 1, 101, 4, fok), ['rejected CANNOT_FILL']);
    assert.equal(market.buy(3, 1, 101, 3, fok).at(-1), 'level sell 1@101/1');
  });

  test('of the last level only the orders that it meets count', () => {
    const market = freeMarket(makeEngine, { matchLimit: 3 });
    offer(market, 100, 100, 100, 100, 100, 100);
    assert.deepEqual(market.buy(3, 1, 100, 4, fok), ['rejected CANNOT_FILL']);
    assert.equal(market.buy(3, 1, 100, 3, fok).at(-1), 'level sell 3@100/3');
  });

  test('what icebergs show is met first, then all their parts count', () => {
    const market = freeMarket(makeEngine, { matchLimit: 4 });
    market.sell(2, 1, 100, 5, { displayQuantity: 2 });
    market.sell(2, 2, 100, 1);
    // Two displayed, then parts of two lots and of one.
    assert.equal(market.buy(3, 1, 100, 6, fok).at(-1), 'level sell 0@100/0');
    market.sell(2, 1, 100, 6, { displayQuantity: 1 });
    market.sell(2, 2, 100, 1);
    assert.equal(market.buy(3, 1, 100, 2, fok).at(-1), 'level sell 1@100/1');
    assert.deepEqual(market.buy(3, 1, 100, 2, fok), ['rejected CANNOT_FILL']);
    assert.equal(market.buy(3, 1, 100, 1, fok).at(-1), 'level sell 1@100/1');
  });

  test('its own orders count where it cancels them', () => {
    const market = freeMarket(makeEngine, { matchLimit: 3 });
    offer(market, 100, 100);
    market.sell(3, 1, 100, 1);
    market.sell(3, 2, 100, 1);
    const own = { ...fok, selfTrade: SelfTrade.EXPIRE_MAKER };
    assert.deepEqual(market.buy(2, 9, 100, 2, own), ['rejected CANNOT_FILL']);
    assert.deepEqual(market.buy(2, 9, 100, 1, own).slice(1), [
      'cancelled 2/1 sell 1@100 self-trade',
      'cancelled 2/2 sell 1@100 self-trade',
      'trade 2 buys 1@100 from 3/1',
      'level sell 1@100/1',
    ]);
  });

  test('a triggered one is cancelled where it would meet too many', () => {
    const market = freeMarket(makeEngine, { matchLimit: 2 });
    market.buy(4, 1, 110, 3, stop(105, FOK));
    offer(market, 106, 106, 106);
    assert.deepEqual(tradeAt(market, 105).slice(-2), [
      'triggered 4/1 buy 3@110',
      'cancelled 4/1 buy 3@110 fill-or-kill',
    ]);
  });
}

function triggerTests(makeEngine: MakeEngine): void {
  test('commands that come trigger the stops that one command may not', () => {
    const market = freeMarket(makeEngine, { triggerLimit: 2 });
    for (const name of [1, 2, 3, 4, 5]) market.buy(4, name, 110, 1, stop(100 + name));
    const triggered = (...names: number[]) =>
      names.flatMap((name) => [
        `triggered 4/${name} buy 1@110`,
        `cancelled 4/${name} buy 1@110 ioc`,
      ]);
    assert.equal(market.engine.nextTimerNs(), undefined);
    assert.deepEqual(tradeAt(market, 105).slice(3), triggered(1, 2));
    assert.equal(market.engine.nextTimerNs(), NOW_NS);
    // Refused, and still a command.
    assert.deepEqual(market.cancel(4, 99), ['rejected UNKNOWN_ORDER', ...triggered(3, 4)]);
    assert.deepEqual(market.cancel(4, 4), ['rejected UNKNOWN_ORDER', ...triggered(5)]);
    assert.equal(market.engine.nextTimerNs(), undefined);
  });

  test('a stop that is due and was not triggered can be cancelled', () => {
    const market = freeMarket(makeEngine, { triggerLimit: 1 });
    for (const name of [1, 2]) market.buy(4, name, 110, 1, stop(105));
    tradeAt(market, 105);
    assert.deepEqual(market.cancel(4, 2), ['cancelled 4/2 buy 1@110 requested']);
    assert.equal(market.engine.nextTimerNs(), undefined);
  });

  test('stops of a command end when they met as many as one order may', () => {
    const market = freeMarket(makeEngine, { matchLimit: 3 });
    for (const name of [1, 2, 3]) market.buy(4, name, 110, 2, stop(105));
    market.sell(2, 1, 106, 50, { displayQuantity: 1 });
    assert.deepEqual(
      tradeAt(market, 105).filter((line) => line.startsWith('triggered')),
      ['triggered 4/1 buy 2@110', 'triggered 4/2 buy 2@110'],
    );
    assert.equal(market.depth(Side.SELL), '1@106/1');
    assert.equal(market.cancel(4, 99)[1], 'triggered 4/3 buy 2@110');
  });

  test('its timers come first, then the command, then the stops that waited', () => {
    const market = freeMarket(makeEngine, { triggerLimit: 1 });
    for (const name of [1, 2]) market.buy(4, name, 110, 1, stop(105));
    tradeAt(market, 105);
    assert.deepEqual(market.sell(2, 7, 110, 1).slice(1), [
      'level sell 1@110/1',
      'triggered 4/2 buy 1@110',
      'trade 4 buys 1@110 from 2/7',
      'level sell 0@110/0',
    ]);
  });
}
