/** What happens by itself, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderType, TimeInForce } from '@foldbook/protocol';
import { commandRecord } from '../command-record.ts';
import { describeEvents } from '../event-words.ts';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, START_SECONDS, TestMarket } from './test-market.ts';

const GTT = TimeInForce.GTT;
const atNs = (seconds: number) => BigInt(START_SECONDS + seconds) * 1_000_000_000n;
const until = (seconds: number) => ({ timeInForce: GTT, expireTime: START_SECONDS + seconds });

export function timerTests(makeEngine: MakeEngine): void {
  switchTests(makeEngine);
  orderTests(makeEngine);
  timeTests(makeEngine);
}

function switchTests(makeEngine: MakeEngine): void {
  test('all orders of an account end unless it sets its switch anew in time', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 7, 110, 1);
    market.buy(2, 6, 100, 2);
    market.buy(2, 5, 120, 3, { orderType: OrderType.STOP, timeInForce: 1, stopPrice: 500 });
    market.buy(3, 1, 100, 4);
    assert.deepEqual(market.cancelAfter(2, 5), [`cancel-after 2 at ${atNs(5)}`]);
    assert.equal(market.engine.nextTimerNs(), atNs(5));
    market.goTo(4);
    assert.deepEqual(market.cancelAfter(2, 5), [`cancel-after 2 at ${atNs(9)}`]);
    market.goTo(8.999);
    assert.equal(market.clock().length, 1);
    market.goTo(9);
    assert.deepEqual(market.clock(), [
      'cancelled 2/7 sell 1@110 cancel-after',
      'level sell 0@110/0',
      'cancelled 2/6 buy 2@100 cancel-after',
      'level buy 4@100/1',
      'cancelled 2/5 buy 3@120 cancel-after',
      'all both of 2 cancelled: 3 cancel-after',
      `clock ${atNs(9)}`,
    ]);
    assert.equal(market.engine.nextTimerNs(), undefined);
    market.buy(2, 6, 100, 2);
    market.goTo(100);
    assert.equal(market.clock().length, 1);
  });

  test('a switch may be taken off, and fires without orders as well', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 6, 100, 2);
    market.cancelAfter(2, 5);
    assert.deepEqual(market.cancelAfter(2, 0), ['cancel-after 2 off']);
    assert.equal(market.engine.nextTimerNs(), undefined);
    assert.deepEqual(market.cancelAfter(3, 0), ['cancel-after 3 off']);
    assert.deepEqual(market.cancelAfter(777, 2), [`cancel-after 777 at ${atNs(2)}`]);
    market.goTo(2);
    assert.deepEqual(market.clock(), [
      'all both of 777 cancelled: 0 cancel-after',
      `clock ${atNs(2)}`,
    ]);
    assert.equal(market.engine.openOrders(), 1);
  });

  test('the longest timeout', () => {
    const market = freeMarket(makeEngine);
    const last = 2 ** 32 - 1;
    assert.deepEqual(market.cancelAfter(2, last), [`cancel-after 2 at ${atNs(last)}`]);
    market.timeNs = 2n ** 63n - 1n;
    const deadline = 2n ** 63n - 1n + 4_294_967_295_000_000_000n;
    assert.deepEqual(market.cancelAfter(3, last), [
      'all both of 2 cancelled: 0 cancel-after',
      `cancel-after 3 at ${deadline}`,
    ]);
    assert.equal(market.engine.nextTimerNs(), deadline);
  });
}

function orderTests(makeEngine: MakeEngine): void {
  test('timers run by deadline, then orders by id, then accounts', () => {
    const market = freeMarket(makeEngine);
    market.cancelAfter(3, 5);
    market.cancelAfter(2, 5);
    market.buy(2, 1, 91, 1, until(5));
    market.buy(3, 2, 92, 1, until(5));
    market.buy(4, 3, 93, 1, until(4));
    market.buy(5, 4, 94, 1, until(6));
    market.buy(2, 5, 95, 1);
    market.buy(3, 6, 96, 1);
    market.buy(3, 7, 97, 1, until(6));
    assert.equal(market.engine.nextTimerNs(), atNs(4));
    market.goTo(10);
    assert.deepEqual(market.clock(), [
      'cancelled 4/3 buy 1@93 expired',
      'level buy 0@93/0',
      'cancelled 2/1 buy 1@91 expired',
      'level buy 0@91/0',
      'cancelled 3/2 buy 1@92 expired',
      'level buy 0@92/0',
      'cancelled 2/5 buy 1@95 cancel-after',
      'level buy 0@95/0',
      'all both of 2 cancelled: 1 cancel-after',
      'cancelled 3/6 buy 1@96 cancel-after',
      'level buy 0@96/0',
      'cancelled 3/7 buy 1@97 cancel-after',
      'level buy 0@97/0',
      'all both of 3 cancelled: 2 cancel-after',
      'cancelled 5/4 buy 1@94 expired',
      'level buy 0@94/0',
      `clock ${atNs(10)}`,
    ]);
  });

  test('hundreds of timers, set in any order and some of them taken off', () => {
    const market = freeMarket(makeEngine);
    for (let index = 0; index < 700; index += 1) {
      market.buy(2, index, 100, 1, until(1 + ((index * 11) % 700)));
    }
    for (let index = 0; index < 700; index += 3) market.cancel(2, index);
    market.goTo(800);
    const ended = market.clock().filter((line) => line.startsWith('cancelled'));
    // 11 x 191 = 3 x 700 + 1.
    const inOrder = Array.from({ length: 700 }, (_, place) => (place * 191) % 700);
    assert.deepEqual(
      ended,
      inOrder
        .filter((index) => index % 3 !== 0)
        .map((index) => `cancelled 2/${index} buy 1@100 expired`),
    );
  });
}

function timeTests(makeEngine: MakeEngine): void {
  test('timers run before any command, whatever it is, and with its sequence', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 100, 1, until(1));
    market.goTo(1);
    const events = market.raw(commandRecord({ kind: 99 }));
    assert.deepEqual(describeEvents(events), [
      'cancelled 2/1 buy 1@100 expired',
      'level buy 0@100/0',
      'rejected UNKNOWN_COMMAND',
    ]);
    const view = new DataView(events.buffer, events.byteOffset);
    assert.deepEqual(
      [0, 64, 128].map((at) => view.getBigUint64(at + 8, true)),
      [11n, 11n, 11n],
    );
  });

  test('timers run while the market is halted', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 100, 1, until(1));
    market.setState(1);
    market.goTo(1);
    assert.deepEqual(market.buy(3, 1, 100, 1), [
      'cancelled 2/1 buy 1@100 expired',
      'level buy 0@100/0',
      'rejected MARKET_HALTED',
    ]);
  });

  test('a stamp from the past changes nothing', () => {
    const market = freeMarket(makeEngine);
    market.goTo(10);
    market.clock();
    market.goTo(3);
    assert.deepEqual(market.clock(), [`clock ${atNs(10)}`]);
    assert.deepEqual(market.cancelAfter(2, 1), [`cancel-after 2 at ${atNs(11)}`]);
    assert.deepEqual(market.buy(2, 1, 100, 1, until(10)), ['rejected INVALID_EXPIRE_TIME']);
    market.goTo(10.5);
    assert.deepEqual(market.clock(), [`clock ${atNs(10) + 500_000_000n}`]);
  });

  test('a group without commands lets time pass for the one that follows', () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 100, 1, until(1));
    market.raw(new Uint8Array(0), atNs(2));
    assert.equal(market.engine.openOrders(), 1);
    market.goTo(0);
    assert.deepEqual(market.clock(), [
      'cancelled 2/1 buy 1@100 expired',
      'level buy 0@100/0',
      `clock ${atNs(2)}`,
    ]);
  });

  test('there is no clock before the market is created', () => {
    const market = new TestMarket(makeEngine());
    assert.deepEqual(market.clock(), ['rejected MARKET_NOT_CREATED']);
    assert.equal(market.engine.nextTimerNs(), undefined);
  });
}
