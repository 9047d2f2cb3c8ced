import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Draft } from '@foldbook/client';
import type { OrderFill, OrderReport } from '@foldbook/history';
import {
  CancelReason,
  CommandKind,
  Liquidity,
  type MarketEvent,
  OrderFlag,
  OrderType,
  ResultCode,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import { LiveOrders } from './live-orders.ts';

function newOrders() {
  const sent: Draft[] = [];
  const told: (OrderReport | OrderFill)[] = [];
  let listener: (event: MarketEvent) => void = () => assert.fail('nobody listens');
  const orders = new LiveOrders({
    client: {
      submit: (draft) => sent.push(draft),
      onEvent(added) {
        listener = added;
        return () => undefined;
      },
    },
    instrument: 3,
    tick: 100,
    lot: 10,
    lastId: 70,
    nowNs: () => 9n,
    onOrder: (report) => told.push(report),
    onFill: (fill) => told.push(fill),
  });
  return { orders, sent, told, hear: (event: MarketEvent) => listener(event) };
}

const answer = { sequence: 1, account: 2, session: 0, requestId: 1n };
const order = { side: Side.BUY, orderId: 5, clientOrderId: 71n, price: 12n, quantity: 4n };
const terms = {
  timeInForce: TimeInForce.GTC,
  postOnly: false,
  slide: false,
  expireTime: 0,
  orderType: OrderType.LIMIT,
  selfTrade: SelfTrade.EXPIRE_MAKER,
};
const fill = { sequence: 2, account: 2, liquidity: Liquidity.MAKER };

test('orders go out in ticks and lots, and are told of as in a backtest', async () => {
  const { orders, sent, told, hear } = newOrders();
  const id = orders.place({ instrument: 3, side: 'buy', price: 1_200, quantity: 40 });
  orders.replace(id, { price: 1_200, quantity: 30 });
  orders.cancel(id);
  const common = { clientOrderId: 71n, price: 12n, timeInForce: 0, selfTrade: 2 };
  assert.deepEqual(sent, [
    { kind: CommandKind.NEW, side: Side.BUY, quantity: 4n, ...common },
    { kind: CommandKind.REPLACE, flags: OrderFlag.KEEP_PRIORITY, quantity: 3n, ...common },
    { kind: CommandKind.CANCEL, clientOrderId: 71n },
  ]);
  hear({ type: 'accepted', ...answer, ...order, ...terms });
  hear({ type: 'fill', ...fill, ...order, quantity: 1n });
  hear({ type: 'fee', ...fill, ...order, rebate: true, amount: 2n });
  hear({ type: 'cancelled', ...answer, ...order, quantity: 3n, reason: CancelReason.REQUESTED });
  hear({ type: 'fill', ...fill, ...order, clientOrderId: 5n });
  assert.deepEqual(told, []);
  await Promise.resolve();
  const at = { id: 71, instrument: 3, timeNs: 9n };
  assert.deepEqual(told, [
    { type: 'accepted', ...at, reason: undefined },
    { ...at, side: 'buy', price: 1_200, quantity: 10, liquidity: 'maker', fee: -2_000, left: 30 },
    { type: 'cancelled', ...at, reason: 'requested' },
  ]);
});

test('what the market or its ticks refuse is a report', async () => {
  const { orders, sent, told, hear } = newOrders();
  orders.place({ instrument: 3, side: 'sell', price: 1_200, quantity: 10, timeInForce: 'ioc' });
  const { WOULD_CROSS: code } = ResultCode;
  hear({ type: 'rejected', ...answer, code, command: CommandKind.NEW, clientOrderId: 71n });
  orders.place({ instrument: 3, side: 'sell', price: 1_250, quantity: 10 });
  orders.place({ instrument: 3, side: 'sell', price: 1_200, quantity: 5 });
  orders.replace(71, { price: 1_200, quantity: 10 });
  await Promise.resolve();
  assert.deepEqual(
    told.map((news) => ('reason' in news ? `${news.id} ${news.reason}` : news.id)),
    ['71 WOULD_CROSS', '72 INVALID_PRICE', '73 INVALID_QUANTITY', '71 UNKNOWN_ORDER'],
  );
  assert.equal(sent.length, 1);
});

test('a cancel that comes too late is rejected, as in a backtest', async () => {
  const { orders, sent, told, hear } = newOrders();
  const id = orders.place({ instrument: 3, side: 'buy', price: 1_200, quantity: 40 });
  hear({ type: 'accepted', ...answer, ...order, ...terms });
  orders.cancel(id);
  hear({ type: 'fill', ...fill, ...order });
  await Promise.resolve();
  const { UNKNOWN_ORDER: code } = ResultCode;
  hear({ type: 'rejected', ...answer, code, command: CommandKind.CANCEL, clientOrderId: 71n });
  // Somebody else's of the account.
  hear({ type: 'rejected', ...answer, code, command: CommandKind.CANCEL, clientOrderId: 70n });
  orders.cancel(id);
  orders.place({ instrument: 4, side: 'buy', price: 1_200, quantity: 40 });
  await Promise.resolve();
  assert.deepEqual(
    told.map((news) => ('reason' in news ? `${news.id} ${news.reason}` : news.id)),
    ['71 undefined', 71, '71 UNKNOWN_ORDER', '71 UNKNOWN_ORDER', '72 UNKNOWN_MARKET'],
  );
  assert.equal(sent.length, 2);
});

test('what is open can be taken away', async () => {
  const { orders, sent } = newOrders();
  const id = orders.place({ instrument: 3, side: 'buy', price: 1_200, quantity: 40 });
  orders.place({ instrument: 3, side: 'buy', price: 1_250, quantity: 40 });
  orders.cancelOpen();
  assert.deepEqual(sent.slice(1), [{ kind: CommandKind.CANCEL, clientOrderId: BigInt(id) }]);
});
