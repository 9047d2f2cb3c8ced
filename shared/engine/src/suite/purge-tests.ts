/** An operator's cancel-all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOTH_SIDES, MAX_PURGE, OrderType, Side, TimeInForce } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket } from './test-market.ts';

const { BUY, SELL } = Side;

export function purgeTests(makeEngine: MakeEngine): void {
  const stop = (stopPrice: number) => {
    return { orderType: OrderType.STOP, timeInForce: TimeInForce.IOC, stopPrice };
  };
  const withOrders = () => {
    const market = freeMarket(makeEngine);
    market.buy(2, 1, 90, 1, stop(300));
    market.sell(3, 1, 110, 2, stop(50));
    market.buy(2, 2, 98, 3);
    market.buy(3, 2, 99, 4);
    market.sell(3, 3, 102, 5);
    market.sell(2, 3, 101, 6);
    market.sell(2, 4, 101, 7, stop(60));
    market.buy(3, 4, 99, 8, stop(200));
    market.buy(2, 5, 99, 9);
    return market;
  };
  const first = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('level'));

  test('of all: the books from the best level on, then the stops', () => {
    const market = withOrders();
    assert.deepEqual(market.purge(0, BOTH_SIDES), [
      'cancelled 3/2 buy 4@99 operator',
      'level buy 9@99/1',
      'cancelled 2/5 buy 9@99 operator',
      'level buy 0@99/0',
      'cancelled 2/2 buy 3@98 operator',
      'level buy 0@98/0',
      'cancelled 2/3 sell 6@101 operator',
      'level sell 0@101/0',
      'cancelled 3/3 sell 5@102 operator',
      'level sell 0@102/0',
      'cancelled 3/4 buy 8@99 operator',
      'cancelled 2/1 buy 1@90 operator',
      'cancelled 2/4 sell 7@101 operator',
      'cancelled 3/1 sell 2@110 operator',
      'all both of 0 cancelled: 9 operator',
    ]);
    assert.deepEqual(market.purge(0, BOTH_SIDES), ['all both of 0 cancelled: 0 operator']);
  });

  test('of a side', () => {
    assert.deepEqual(first(withOrders().purge(0, SELL)), [
      'cancelled 2/3 sell 6@101 operator',
      'cancelled 3/3 sell 5@102 operator',
      'cancelled 2/4 sell 7@101 operator',
      'cancelled 3/1 sell 2@110 operator',
      'all sell of 0 cancelled: 4 operator',
    ]);
  });

  test('of an account: in order of ids', () => {
    const market = withOrders();
    assert.deepEqual(first(market.purge(3, BUY)), [
      'cancelled 3/2 buy 4@99 operator',
      'cancelled 3/4 buy 8@99 operator',
      'all buy of 3 cancelled: 2 operator',
    ]);
    assert.deepEqual(first(market.purge(3, BOTH_SIDES)), [
      'cancelled 3/1 sell 2@110 operator',
      'cancelled 3/3 sell 5@102 operator',
      'all both of 3 cancelled: 2 operator',
    ]);
    assert.equal(market.balance(3), 'base 1000000000000+0 quote 1000000000000+0');
  });

  test('what cannot be purged', () => {
    const market = withOrders();
    for (const account of [1, 2 ** 24, 2 ** 32 - 1]) {
      assert.deepEqual(market.purge(account, 9), ['rejected INVALID_ACCOUNT']);
    }
    assert.deepEqual(market.purge(0, 3), ['rejected INVALID_SIDE']);
    assert.deepEqual(market.purge(2, 255), ['rejected INVALID_SIDE']);
  });

  test('1,024 at a time', () => {
    for (const account of [0, 2]) {
      const market = freeMarket(makeEngine);
      for (let id = 0; id < MAX_PURGE + 5; id += 1) market.buy(2, id, 1 + (id >> 3), 1);
      const counts = [0, 1, 2].map(() => market.purge(account, BUY).at(-1));
      assert.deepEqual(counts, [
        `all buy of ${account} cancelled: ${MAX_PURGE} and more operator`,
        `all buy of ${account} cancelled: 5 operator`,
        `all buy of ${account} cancelled: 0 operator`,
      ]);
      for (let id = 0; id < MAX_PURGE; id += 1) market.buy(2, id, 1 + (id >> 3), 1);
      const exact = `all buy of ${account} cancelled: ${MAX_PURGE} operator`;
      assert.equal(market.purge(account, BUY).at(-1), exact);
    }
  });
}
