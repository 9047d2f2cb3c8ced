import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '@msgpack/msgpack';
import { encodeCommands, type NewOrder } from './command.ts';
import { isOrderKind } from './command-form.ts';
import {
  CommandKind,
  CommandOffset,
  OrderFlag,
  type OrderType,
  RECORD_BYTES,
  Side,
  TimeInForce,
} from './layout.ts';
import { decodeMessage } from './message.ts';
import { encodeCommandMap } from './msgpack.ts';
import { COMMAND_NAMES, numberOf } from './names.ts';

const NEW: NewOrder = {
  kind: CommandKind.NEW,
  session: 0x0102,
  requestId: 2n ** 63n,
  clientOrderId: 2n ** 62n,
  side: Side.SELL,
  timeInForce: TimeInForce.POST_ONLY,
  price: 2n ** 61n,
  quantity: 2n ** 60n,
};

test('a map says no more than its object, and reads flags as booleans', () => {
  const order = { ...NEW, flags: OrderFlag.SLIDE } as const;
  const { commands } = decode(encodeCommandMap([order]), { useBigInt64: true }) as {
    readonly commands: readonly Readonly<Record<string, unknown>>[];
  };
  assert.deepEqual(commands[0], {
    type: 'new',
    session: 0x0102,
    requestId: NEW.requestId,
    clientOrderId: NEW.clientOrderId,
    side: 'sell',
    timeInForce: 'post_only',
    price: NEW.price,
    quantity: NEW.quantity,
    slide: true,
  });
  const said = { ...commands[0], v: 1, postOnly: true, slide: false, keepPriority: true };
  const batch = decodeMessage(encode(said, { useBigInt64: true }), 'client', 42);
  assert(batch.ok);
  const flags = OrderFlag.POST_ONLY | OrderFlag.KEEP_PRIORITY;
  assert.equal(batch.value.records[CommandOffset.FLAGS], flags);
});

test('a map must have what has no default', () => {
  const required: Readonly<Record<string, readonly string[]>> = {
    new: ['requestId', 'clientOrderId', 'side', 'price', 'quantity'],
    replace: ['requestId', 'clientOrderId', 'price', 'quantity'],
    quote: ['requestId', 'clientOrderId', 'side', 'price', 'quantity'],
    cancel: ['requestId', 'clientOrderId'],
    amend: ['requestId', 'clientOrderId', 'delta'],
    cancel_order: ['requestId', 'orderId'],
    cancel_all: ['requestId', 'side'],
    cancel_after: ['requestId', 'timeoutSeconds'],
    deposit: ['requestId', 'account', 'asset', 'amount'],
    withdraw: ['requestId', 'account', 'asset', 'amount'],
    collect_fees: ['requestId', 'account', 'amount'],
    create_market: ['requestId'],
    close_epoch: ['requestId'],
    set_fees: ['requestId', 'tier', 'makerFeePpm', 'takerFeePpm'],
    set_tier: ['requestId', 'account', 'tier'],
    configure: [
      'requestId',
      ...['minPrice', 'maxPrice', 'maxQuantity', 'bandPpm', 'maxOpenOrders'],
    ],
    set_state: ['requestId', 'state'],
    clock: ['requestId'],
    purge: ['requestId', 'account', 'side'],
  };
  const words: Readonly<Record<string, string>> = { side: 'buy', asset: 'base', state: 'halted' };
  assert.deepEqual(Object.keys(required).sort(), Object.keys(COMMAND_NAMES).sort());
  for (const [type, keys] of Object.entries(required)) {
    const role = isOrderKind(numberOf(COMMAND_NAMES, type) ?? 0) ? 'client' : 'operator';
    const send = (present: readonly string[]) => {
      const fields = present.map((key) => [key, words[key] ?? 1]);
      return decodeMessage(encode({ v: 1, type, ...Object.fromEntries(fields) }), role, 42);
    };
    assert(send(keys).ok, type);
    for (const missing of keys) {
      const refusal = send(keys.filter((key) => key !== missing));
      assert(!refusal.ok && refusal.name === 'FIELD_RANGE', `${type} without ${missing}`);
      assert(refusal.detail.includes(`"${missing}" is missing`), refusal.detail);
    }
  }
});

test('a map carries only numbers that have words', () => {
  for (const command of [
    { ...NEW, flags: 8 },
    { ...NEW, timeInForce: 9 as TimeInForce },
    { ...NEW, orderType: 4 as OrderType },
  ]) {
    assert.equal(encodeCommands([command]).byteLength, 2 * RECORD_BYTES);
    assert.throws(() => encodeCommandMap([command]), {
      name: 'AssertionError',
      message: /expected/,
    });
  }
});

test('a signed field is read from every form of integer', () => {
  const amend = { v: 1, type: 'amend', requestId: 1, clientOrderId: 7 };
  const read = (delta: unknown) => {
    const batch = decodeMessage(encode({ ...amend, delta }, { useBigInt64: true }), 'client', 42);
    const bytes = batch.ok ? Buffer.from(batch.value.records) : undefined;
    return bytes?.readBigInt64LE(CommandOffset.QUANTITY);
  };
  for (const delta of [-1, '-1', -1n]) assert.equal(read(delta), -1n);
  assert.equal(read('-9223372036854775808'), -(2n ** 63n));
  assert.equal(read(2n ** 63n - 1n), 2n ** 63n - 1n);
  for (const wrong of ['-9223372036854775809', 2n ** 63n, '--1', '+1', '-', 0.5, true]) {
    assert.equal(read(wrong), undefined, String(wrong));
  }
});
