import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Asset,
  CommandKind,
  eventMap,
  type MarketEvent,
  OrderType,
  ResultCode,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import { eventJson } from './event-json.ts';
import { toJson } from './output.ts';

const ANSWER = { sequence: 2 ** 40, account: 7, session: 3, requestId: 2n ** 60n };
const EVENTS: readonly MarketEvent[] = [
  {
    type: 'accepted',
    ...ANSWER,
    orderId: 2 ** 50,
    clientOrderId: 42n,
    price: 100n,
    quantity: 5n,
    side: Side.BUY,
    timeInForce: TimeInForce.GTT,
    orderType: OrderType.LIMIT,
    selfTrade: SelfTrade.EXPIRE_TAKER,
    postOnly: true,
    slide: false,
    expireTime: 1_790_000_000,
  },
  {
    type: 'rejected',
    ...ANSWER,
    code: ResultCode.INSUFFICIENT_FUNDS,
    command: CommandKind.NEW,
    clientOrderId: 42n,
  },
  {
    type: 'funds',
    ...ANSWER,
    command: CommandKind.DEPOSIT,
    asset: Asset.QUOTE,
    amount: 2n ** 62n,
    available: 5n,
    held: 0n,
  },
  { type: 'delta', sequence: 9, side: Side.SELL, price: 100n, quantity: 0n, orders: 0 },
];

test('words for small numbers, numbers for counts, strings for u64, whatever their size', () => {
  const [accepted, rejected, funds, delta] = EVENTS.map((event) =>
    JSON.parse(toJson(eventJson(event))),
  );
  assert.deepEqual(accepted, {
    type: 'accepted',
    sequence: 2 ** 40,
    account: 7,
    session: 3,
    requestId: `${2n ** 60n}`,
    orderId: 2 ** 50,
    clientOrderId: '42',
    price: '100',
    quantity: '5',
    side: 'buy',
    timeInForce: 'gtt',
    orderType: 'limit',
    selfTrade: 'expire_taker',
    postOnly: true,
    slide: false,
    expireTime: 1_790_000_000,
  });
  assert.deepEqual(
    [rejected.name, rejected.code, rejected.command],
    ['INSUFFICIENT_FUNDS', ResultCode.INSUFFICIENT_FUNDS, 'new'],
  );
  assert.deepEqual([funds.asset, funds.command, funds.held], ['quote', 'deposit', '0']);
  assert.deepEqual([delta.side, delta.orders, delta.quantity], ['sell', 0, '0']);
});

test('the same names as in the map on the wire', () => {
  for (const event of EVENTS) {
    assert.deepEqual(Object.keys(eventJson(event)), Object.keys(eventMap(event)));
  }
});
