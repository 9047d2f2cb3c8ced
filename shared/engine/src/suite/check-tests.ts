/** The order of the checks, and room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Asset,
  CommandKind,
  MAX_PRICE,
  MAX_QUANTITY,
  OrderType,
  TimeInForce,
} from '@foldbook/protocol';
import type { CommandFields } from '../command-record.ts';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, TestMarket } from './test-market.ts';

const { IOC, FOK, POST_ONLY } = TimeInForce;
const full = ['rejected CAPACITY'];

export function checkTests(makeEngine: MakeEngine): void {
  fieldTests(makeEngine);
  stateTests(makeEngine);
  capacityTests(makeEngine);
}

/** Each of them wrong by itself, in the order in which they are asked. */
const WRONG: [code: string, fields: CommandFields][] = [
  ['INVALID_SIDE', { side: 2 }],
  ['INVALID_ORDER_TYPE', { orderType: 4 }],
  ['INVALID_TIME_IN_FORCE', { timeInForce: 5 }],
  ['INVALID_FLAGS', { flags: 8 }],
  ['INVALID_SELF_TRADE', { selfTrade: 5 }],
  ['INVALID_PRICE', { price: 0 }],
  ['INVALID_QUANTITY', { quantity: MAX_QUANTITY + 1n }],
  ['INVALID_DISPLAY_QUANTITY', { displayQuantity: 2n ** 63n }],
  ['INVALID_STOP_PRICE', { stopPrice: 1 }],
  ['INVALID_EXPIRE_TIME', { expireTime: 1 }],
];

function fieldTests(makeEngine: MakeEngine): void {
  const good = { account: 2, clientOrderId: 1, price: 100, quantity: 5 };

  for (const name of ['NEW', 'QUOTE', 'REPLACE'] as const) {
    test(`the fields of ${name} are asked in order, before anything else`, () => {
      const market = freeMarket(makeEngine);
      const kind = CommandKind[name];
      // The side is nothing that a replacement has.
      const wrong = name === 'REPLACE' ? WRONG.slice(1) : WRONG;
      wrong.forEach(([code, single], index) => {
        // This one and all after it are wrong: the first counts.
        const rest = Object.assign({}, ...wrong.slice(index).map(([, fields]) => fields));
        assert.deepEqual(market.send({ kind, ...good, ...rest }), [`rejected ${code}`]);
        assert.deepEqual(market.send({ kind, ...good, ...single }), [`rejected ${code}`]);
      });
      const outcome = market.send({ kind, ...good })[0];
      assert.equal(
        outcome,
        name === 'REPLACE' ? 'rejected UNKNOWN_ORDER' : 'accepted 2/1 buy 5@100 gtc',
      );
    });
  }

  test('the ranges of prices and quantities', () => {
    const market = freeMarket(makeEngine);
    for (const price of [0n, MAX_PRICE + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      assert.deepEqual(market.buy(2, 1, price, 1), ['rejected INVALID_PRICE']);
      assert.deepEqual(market.replace(2, 1, price, 1), ['rejected INVALID_PRICE']);
    }
    for (const quantity of [0n, MAX_QUANTITY + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      assert.deepEqual(market.buy(2, 1, 1, quantity), ['rejected INVALID_QUANTITY']);
      assert.deepEqual(market.replace(2, 1, 1, quantity), ['rejected INVALID_QUANTITY']);
    }
  });

  test('an asset or an account that does not exist', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    for (const kind of [CommandKind.DEPOSIT, CommandKind.WITHDRAW]) {
      const move = (account: number, asset: number, amount: number) => {
        return market.send({ kind, account, asset, amount });
      };
      assert.deepEqual(move(0, 255, 0), ['rejected INVALID_ACCOUNT']);
      assert.deepEqual(move(1, 0, 1), ['rejected INVALID_ACCOUNT']);
      assert.deepEqual(move(2 ** 24, 0, 1), ['rejected INVALID_ACCOUNT']);
      assert.deepEqual(move(2, 2, 0), ['rejected INVALID_ASSET']);
      assert.deepEqual(move(2, 1, 0), ['rejected INVALID_QUANTITY']);
    }
    assert.equal(market.balance(2 ** 32 - 1), 'base 0+0 quote 0+0');
    assert.equal(market.balance(2 ** 24), 'base 0+0 quote 0+0');
  });
}

function stateTests(makeEngine: MakeEngine): void {
  test('an order that nothing is right with, step by step', () => {
    const market = new TestMarket(makeEngine({ orderCapacity: 2 }), { maker: 0, taker: 0 });
    market.deposit(2, Asset.QUOTE, 100);
    market.deposit(3, Asset.BASE, 100);
    market.buy(2, 1, 10, 1);
    market.sell(3, 2, 50, 1);
    const buy = (id: number, price: bigint, quantity: bigint) => {
      return market.buy(2, id, price, quantity, { timeInForce: POST_ONLY });
    };
    market.configure({ maxQuantity: 10, maxPrice: 1_000, maxOpenOrders: 1 });
    assert.deepEqual(buy(1, MAX_PRICE, MAX_QUANTITY), ['rejected QUANTITY_LIMIT']);
    market.configure({ maxPrice: 1_000, maxOpenOrders: 1 });
    assert.deepEqual(buy(1, MAX_PRICE, MAX_QUANTITY), ['rejected PRICE_BAND']);
    market.configure({ maxOpenOrders: 1 });
    assert.deepEqual(buy(1, MAX_PRICE, MAX_QUANTITY), ['rejected NOTIONAL_TOO_LARGE']);
    assert.deepEqual(buy(1, MAX_PRICE, 10n), ['rejected DUPLICATE_ORDER_ID']);
    assert.deepEqual(buy(2, MAX_PRICE, 10n), ['rejected OPEN_ORDERS_LIMIT']);
    market.configure({});
    assert.deepEqual(buy(2, MAX_PRICE, 10n), ['rejected WOULD_CROSS']);
    assert.deepEqual(buy(2, 49n, 10n), ['rejected INSUFFICIENT_FUNDS']);
    assert.deepEqual(buy(2, 49n, 1n), full);
    market.cancel(3, 2);
    assert.equal(buy(2, 49n, 1n).length, 2);
  });

  test('money is asked for before a fill-or-kill order is measured', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    market.deposit(2, Asset.QUOTE, 100);
    const options = { timeInForce: FOK };
    assert.deepEqual(market.buy(2, 1, 50, 3, options), ['rejected INSUFFICIENT_FUNDS']);
    assert.deepEqual(market.buy(2, 1, 50, 2, options), ['rejected CANNOT_FILL']);
  });

  test('a replacement is known before it is judged', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    market.deposit(2, Asset.QUOTE, 100);
    market.configure({ maxQuantity: 10 });
    assert.deepEqual(market.replace(2, 1, 50, 11), ['rejected UNKNOWN_ORDER']);
    market.buy(2, 1, 10, 1);
    assert.deepEqual(market.replace(2, 1, 50, 11), ['rejected QUANTITY_LIMIT']);
    assert.deepEqual(market.replace(2, 1, 50, 10), ['rejected INSUFFICIENT_FUNDS']);
    assert.equal(market.replace(2, 1, 50, 2)[0], 'replaced 2/1 buy 2@50 gtc');
  });
}

function capacityTests(makeEngine: MakeEngine): void {
  test('room for orders', () => {
    const market = new TestMarket(makeEngine({ orderCapacity: 3 }), { maker: 0, taker: 0 });
    market.fund(1_000, 2, 3);
    for (const id of [1, 2, 3]) market.buy(2, id, 10, 1);
    assert.deepEqual(market.buy(2, 4, 10, 1), full);
    assert.deepEqual(market.sell(3, 4, 10, 1), full);
    const stop = { orderType: OrderType.STOP, timeInForce: IOC, stopPrice: 500 };
    assert.deepEqual(market.sell(3, 4, 10, 1, stop), full);
    assert.equal(market.sell(3, 4, 10, 1, { timeInForce: IOC }).length, 3);
    assert.equal(market.buy(2, 1, 10, 1)[1], 'level buy 3@10/3');
    assert.equal(market.replace(2, 1, 11, 1)[2], 'level buy 1@11/1');
    market.cancel(2, 2);
    assert.equal(market.buy(2, 5, 10, 1)[1], 'level buy 2@10/2');
  });

  test('room for price levels', () => {
    const market = new TestMarket(makeEngine({ levelCapacity: 2 }), { maker: 0, taker: 0 });
    market.fund(1_000, 2, 3);
    market.buy(2, 1, 10, 1);
    market.buy(2, 2, 11, 1);
    assert.deepEqual(market.buy(2, 3, 12, 1), full);
    assert.equal(market.buy(2, 3, 11, 1)[1], 'level buy 2@11/2');
    assert.equal(market.sell(3, 1, 12, 1)[1], 'level sell 1@12/1');
    // Room is judged before an order trades, so a price of the other side does not help.
    assert.deepEqual(market.buy(2, 4, 12, 1), full);
    assert.equal(market.buy(2, 4, 12, 1, { timeInForce: IOC }).length, 3);
    assert.deepEqual(market.replace(2, 2, 9, 1), full);
    assert.equal(market.replace(2, 1, 9, 1)[2], 'level buy 1@9/1');
    assert.equal(market.replace(2, 1, 9, 2)[2], 'level buy 2@9/1');
  });
}
