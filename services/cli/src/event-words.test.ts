import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BOTH_SIDES,
  CancelReason,
  CommandKind,
  type MarketEvent,
  MarketState,
  OrderType,
  ResultCode,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import { eventWords } from './event-words.ts';
import { table } from './output.ts';

const ANSWER = { sequence: 9, account: 7, session: 0, requestId: 1n };
const ORDER = {
  ...ANSWER,
  orderId: 3,
  clientOrderId: 42n,
  side: Side.BUY,
  price: 100n,
  quantity: 5n,
};
const TERMS = { timeInForce: TimeInForce.GTC, postOnly: false, slide: false, expireTime: 0 };
const { NONE, EXPIRE_BOTH } = SelfTrade;

test('an order says what is not usual about it, and nothing else', () => {
  const limit = { type: 'accepted', ...ORDER, ...TERMS, orderType: OrderType.LIMIT } as const;
  const accepted = 'accepted: buy 5 @ 100, order 3 (client order id 42)';
  assert.equal(eventWords({ ...limit, selfTrade: NONE }), accepted);
  const until = { timeInForce: TimeInForce.GTT, expireTime: 1_893_456_000 };
  assert.equal(
    eventWords({ ...limit, ...until, postOnly: true, slide: true, selfTrade: EXPIRE_BOTH }),
    `${accepted}: gtt, until 2030-01-01T00:00:00Z, post-only, slide, expire-both`,
  );
  const stop = { orderType: OrderType.STOP_LIMIT, timeInForce: TimeInForce.FOK };
  assert.equal(eventWords({ ...limit, ...stop, selfTrade: NONE }), `${accepted}: stop-limit, fok`);
  const replaced = { type: 'replaced', ...ORDER, ...TERMS } as const;
  assert.equal(eventWords({ ...replaced, keptPriority: false }), 'replaced: 5 @ 100, order 3');
  assert.match(eventWords({ ...replaced, keptPriority: true }), /, order 3, in its place$/);
});

test('why, when, how many, and where to look a code up', () => {
  const cancelled = { type: 'cancelled', ...ORDER } as const;
  const all = { type: 'all-cancelled', ...ANSWER, side: BOTH_SIDES, more: false } as const;
  const { REQUESTED, SELF_TRADE } = CancelReason;
  const code = ResultCode.CANNOT_FILL;
  for (const [event, words] of [
    [{ ...cancelled, reason: REQUESTED }, /^cancelled: order 3 .*, 5 left unfilled$/],
    [{ ...cancelled, reason: SELF_TRADE }, / left unfilled \(self-trade\)$/],
    [{ ...all, reason: REQUESTED, count: 1 }, /^all cancelled: 1 order$/],
    [{ ...all, reason: REQUESTED, count: 1_024, more: true }, /: 1024 orders, more are left$/],
    [{ type: 'cancel-after-set', ...ANSWER, deadlineNs: 0n }, /^cancel-after: off$/],
    [
      { type: 'cancel-after-set', ...ANSWER, deadlineNs: 1_893_456_000_250_000_000n },
      /are cancelled at 2030-01-01T00:00:00.250Z$/,
    ],
    [{ type: 'clock-advanced', ...ANSWER, timeNs: 2n ** 63n - 1n }, /^time: 2262-/],
    [{ type: 'state-changed', ...ANSWER, state: MarketState.CANCEL_ONLY }, /^market: cancel-only$/],
    [
      { type: 'rejected', ...ANSWER, code, command: CommandKind.NEW, clientOrderId: 42n },
      /^rejected: CANNOT_FILL \(231\): .*; see: foldbook help codes$/,
    ],
    [
      {
        ...{ type: 'result', ...ANSWER, code: ResultCode.OK, command: CommandKind.NEW },
        ...{ firstSequence: 4, clientOrderId: 42n },
      },
      /^asked before, answered at 4: done$/,
    ],
  ] as const satisfies readonly (readonly [MarketEvent, RegExp])[]) {
    assert.match(eventWords(event), words);
  }
});

test('a table is as wide as it must be', () => {
  const rows = [
    ['order', 'price', 'terms'],
    ['1', '100000', '-'],
    ['12', '7', ''],
  ];
  assert.equal(table(rows), 'order  price   terms\n1      100000  -\n12     7');
});
