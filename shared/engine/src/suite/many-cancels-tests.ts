/** How many orders a command takes off for an account, and what becomes of the rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOTH_SIDES, CommandKind, MAX_PURGE, Side, TimeInForce } from '@foldbook/protocol';
import { concatenate } from '../command-record.ts';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, START_SECONDS, type TestMarket } from './test-market.ts';

const { BUY } = Side;
const atNs = (seconds: number) => BigInt(START_SECONDS + seconds) * 1_000_000_000n;

/** What was said of accounts, without their orders. */
const told = (lines: readonly string[]) => lines.filter((line) => line.startsWith('all '));

function buyMany(market: TestMarket, account: number, orders: number): void {
  const records = Array.from({ length: orders }, (_, id) => {
    const order = { account, side: BUY, clientOrderId: id, price: 1 + (id >> 3), quantity: 1 };
    return market.record({ kind: CommandKind.NEW, ...order });
  });
  market.raw(concatenate(records));
}

export function manyCancelsTests(makeEngine: MakeEngine): void {
  test('a cancel-all takes 1,024 orders, the oldest, and says whether there are more', () => {
    const market = freeMarket(makeEngine);
    buyMany(market, 2, MAX_PURGE + 5);
    market.sell(2, 5_000, 1_000, 1);
    assert.equal(
      told(market.cancelAll(2, BUY))[0],
      'all buy of 2 cancelled: 1024 and more requested',
    );
    assert.equal(market.openOrders(2)[0]?.includes('2/1024 buy'), true);
    assert.equal(told(market.cancelAll(2, BUY))[0], 'all buy of 2 cancelled: 5 requested');
    assert.equal(told(market.cancelAll(2, BUY))[0], 'all buy of 2 cancelled: 0 requested');
    assert.equal(market.engine.openOrders(), 1);
    buyMany(market, 2, MAX_PURGE - 1);
    assert.equal(
      told(market.cancelAll(2, BOTH_SIDES))[0],
      'all both of 2 cancelled: 1024 requested',
    );
  });

  test('switches together cancel 1,024 orders a command, and go on by themselves', () => {
    const market = freeMarket(makeEngine);
    for (const [account, orders] of [[2, MAX_PURGE + 6] as const, [3, 4] as const, [4, 9] as const])
      buyMany(market, account, orders);
    market.cancelAfter(4, 6);
    market.cancelAfter(3, 6);
    market.cancelAfter(2, 5);
    const expireTime = START_SECONDS + 7;
    market.sell(5, 1, 1_000, 1, { timeInForce: TimeInForce.GTT, expireTime });
    market.goTo(8);
    const first = market.clock();
    assert.deepEqual(told(first), ['all both of 2 cancelled: 1024 and more cancel-after']);
    // No order trades after its time, however many others are cancelled.
    assert(first.includes('cancelled 5/1 sell 1@1000 expired'));
    assert.equal(market.engine.nextTimerNs(), atNs(8));
    assert.equal(market.engine.openOrders(), 6 + 4 + 9);
    assert.deepEqual(told(market.buy(2, 5_000, 7, 1)), [
      'all both of 2 cancelled: 6 cancel-after',
      'all both of 3 cancelled: 4 cancel-after',
      'all both of 4 cancelled: 9 cancel-after',
    ]);
    assert.equal(market.engine.nextTimerNs(), undefined);
    assert.equal(market.engine.openOrders(), 1);
  });

  test('an order that comes before a switch has come to its end goes with the others', () => {
    const market = freeMarket(makeEngine);
    buyMany(market, 2, 3 * MAX_PURGE);
    market.cancelAfter(2, 5);
    market.goTo(6);
    market.clock();
    const lines = market.buy(2, 5_000, 500, 1);
    assert.deepEqual(told(lines), ['all both of 2 cancelled: 1024 and more cancel-after']);
    assert.equal(lines.at(-1), 'level buy 1@500/1');
    assert.equal(told(market.clock())[0], 'all both of 2 cancelled: 1024 and more cancel-after');
    assert.equal(told(market.clock())[0], 'all both of 2 cancelled: 1 cancel-after');
    assert.equal(market.engine.openOrders(), 0);
  });

  test('a switch that is set anew ends what is left of it', () => {
    const market = freeMarket(makeEngine);
    buyMany(market, 2, 2 * MAX_PURGE + 1);
    market.cancelAfter(2, 5);
    market.goTo(5);
    const left = (lines: readonly string[]) => [told(lines).length, market.engine.openOrders()];
    assert.deepEqual(left(market.clock()), [1, MAX_PURGE + 1]);
    assert.deepEqual(left(market.cancelAfter(2, 5)), [1, 1]);
    market.goTo(9);
    assert.deepEqual(left(market.clock()), [0, 1]);
    market.goTo(10);
    assert.deepEqual(left(market.clock()), [1, 0]);
  });
}
