import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { viewOf } from './batch.ts';
import { type Command, decodeCommandBatch, encodeCommands, writeCommand } from './command.ts';
import { isAdminKind, isOrderKind } from './command-form.ts';
import {
  Asset,
  BatchFlag,
  CommandKind,
  CommandOffset,
  OrderFlag,
  OrderType,
  RECORD_BYTES,
  SelfTrade,
  Side,
  TimeInForce,
} from './layout.ts';
import { MAX_COMMANDS_PER_MESSAGE, MAX_MESSAGE_BYTES } from './limits.ts';
import { decodeMessage, encodingOf } from './message.ts';
import { encodeCommandMap } from './msgpack.ts';
import { sent } from './testing/arbitraries.ts';

const NEW: Command = {
  kind: CommandKind.NEW,
  session: 0x0102,
  requestId: 0x1112131415161718n,
  clientOrderId: 0x2122232425262728n,
  side: Side.SELL,
  timeInForce: TimeInForce.POST_ONLY,
  price: 0x3132333435363738n,
  quantity: 0x4142434445464748n,
};
const CREATE: Command = {
  kind: CommandKind.CREATE_MARKET,
  session: 0,
  requestId: 1n,
  makerFeePpm: -2,
  takerFeePpm: 3,
};
const CANCEL: Command = { kind: CommandKind.CANCEL, session: 0, requestId: 1n, clientOrderId: 7n };

test('the bytes of a new order, field by field', () => {
  const header = ['4642', '01', '01', '00000000', '01000000', '0100', '0000', '00'.repeat(48)];
  const record = [
    '01', // kind: new
    '01', // side: sell
    '02', // time in force: post-only
    '00', // order type: limit, as it is left out
    '00000000', // account: the server fills it in
    '0201', // session, least significant byte first
    '00', // self-trade prevention: none
    '00', // flags: none
    '00000000', // expire time: none
    '1817161514131211', // request id
    '2827262524232221', // client order id
    '3837363534333231', // price
    '4847464544434241', // quantity
    '0000000000000000', // display quantity: none
    '0000000000000000', // stop price: none
  ];
  const bytes = encodeCommands([NEW], BatchFlag.REPLY_WHEN_RECEIVED);
  assert.equal(Buffer.from(bytes).toString('hex'), [...header, ...record].join(''));
});

test('the bytes of an order with everything that an order can have', () => {
  const order: Command = {
    ...NEW,
    kind: CommandKind.QUOTE,
    timeInForce: TimeInForce.GTT,
    orderType: OrderType.STOP_LIMIT,
    selfTrade: SelfTrade.DECREMENT,
    flags: OrderFlag.POST_ONLY | OrderFlag.SLIDE,
    displayQuantity: 0x5152535455565758n,
    stopPrice: 0x6162636465666768n,
    expireTime: 0x71727374,
  };
  const record = [
    '08', // kind: quote
    '01', // side: sell
    '04', // time in force: good till time
    '03', // order type: stop-limit
    '00000000', // account: the server fills it in
    '0201', // session
    '04', // self-trade prevention: decrement
    '03', // flags: post-only, slide
    '74737271', // expire time
    '1817161514131211', // request id
    '2827262524232221', // client order id
    '3837363534333231', // price
    '4847464544434241', // quantity
    '5857565554535251', // display quantity
    '6867666564636261', // stop price
  ];
  const hex = Buffer.from(encodeCommands([order])).toString('hex');
  assert.equal(hex.slice(128), record.join(''));
});

test('the bytes of a market with symbols, and of an amendment downwards', () => {
  const create: Command = {
    kind: CommandKind.CREATE_MARKET,
    session: 0,
    requestId: 1n,
    makerFeePpm: 1,
    takerFeePpm: 2,
    maxFeePpm: 3,
    baseSymbol: 'BTC',
    quoteSymbol: 'ABCDEFGH',
    priceDecimals: 4,
    quantityDecimals: 5,
  };
  const amend: Command = { ...CANCEL, kind: CommandKind.AMEND, delta: -2n };
  const hex = Buffer.from(encodeCommands([create, amend])).toString('hex');
  const createRecord = [
    '20000405', // kind, unused, decimals of prices and of quantities
    '0000000000000000', // account, session, unused
    '03000000', // highest rate
    '0100000000000000', // request id
    '4254430000000000', // BTC
    '4142434445464748',
    '0000000000000000',
    '0100000002000000', // rates of maker and taker
    '0000000000000000',
  ];
  assert.equal(hex.slice(128, 256), createRecord.join(''));
  assert.equal(hex.slice(256 + 2 * CommandOffset.QUANTITY).slice(0, 16), 'feffffffffffffff');
});

test('the bytes of a market with a rebate, and of a withdrawal', () => {
  const withdraw: Command = {
    kind: CommandKind.WITHDRAW,
    session: 9,
    requestId: 2n,
    account: 0x0a0b0c,
    asset: Asset.QUOTE,
    amount: 0x51n,
  };
  const hex = Buffer.from(encodeCommands([CREATE, withdraw])).toString('hex');
  const createRecord = `20${'00'.repeat(15)}0100000000000000${'00'.repeat(24)}feffffff03000000`;
  const withdrawRecord = `110000010c0b0a00090000000000000002${'00'.repeat(7)}${'00'.repeat(16)}51`;
  assert.equal(hex.slice(128, 256), createRecord.padEnd(128, '0'));
  assert.equal(hex.slice(256), withdrawRecord.padEnd(128, '0'));
});

const replyWhen = fc.constantFrom(
  { words: 'executed', flags: 0 } as const,
  { words: 'received', flags: BatchFlag.REPLY_WHEN_RECEIVED } as const,
  { words: 'refused', flags: BatchFlag.REPLY_WHEN_REFUSED } as const,
);

test('both encodings of any commands become the same records', () => {
  fc.assert(
    fc.property(sent, replyWhen, ({ role, account, commands }, { words, flags }) => {
      const expected = new Uint8Array(commands.length * RECORD_BYTES);
      for (const [index, command] of commands.entries()) {
        writeCommand(viewOf(expected), index * RECORD_BYTES, command, account);
      }
      const binary = encodeCommands(commands, flags);
      const msgpack = encodeCommandMap(commands, words);
      assert.equal(encodingOf(binary), 'binary');
      assert.equal(encodingOf(msgpack), 'msgpack');
      for (const message of [binary, msgpack]) {
        const batch = decodeMessage(message, role, account);
        assert(batch.ok, batch.ok ? '' : batch.detail);
        assert.equal(batch.value.count, commands.length);
        assert.equal(batch.value.replyWhen, words);
        assert.deepEqual(batch.value.records, expected);
      }
    }),
  );
});

test('a record may repeat the account of the subject, and gets it where it is zero', () => {
  for (const named of [0, 42]) {
    const bytes = encodeCommands([CANCEL]);
    viewOf(bytes).setUint32(RECORD_BYTES + CommandOffset.ACCOUNT, named, true);
    const batch = decodeCommandBatch(bytes, 'client', 42);
    assert(batch.ok);
    assert.equal(viewOf(batch.value.records).getUint32(CommandOffset.ACCOUNT, true), 42);
  }
});

test('the account of a deposit is the one that it names', () => {
  const deposit: Command = {
    kind: CommandKind.DEPOSIT,
    session: 0,
    requestId: 1n,
    account: 43,
    asset: Asset.BASE,
    amount: 5n,
  };
  for (const bytes of [encodeCommands([deposit]), encodeCommandMap([deposit])]) {
    const batch = decodeMessage(bytes, 'operator', 0);
    assert(batch.ok);
    assert.equal(viewOf(batch.value.records).getUint32(CommandOffset.ACCOUNT, true), 43);
  }
});

test('the message that was decoded stays as it was, even a Buffer', () => {
  const bytes = Buffer.from(encodeCommands([CANCEL]));
  const before = bytes.toString('hex');
  const batch = decodeCommandBatch(bytes, 'client', 42);
  assert(batch.ok);
  assert.equal(bytes.toString('hex'), before);
  bytes.fill(0xff);
  assert.equal(batch.value.records[0], CommandKind.CANCEL);
});

test('a message that lies inside a larger buffer', () => {
  for (const encoded of [encodeCommands([CANCEL]), encodeCommandMap([CANCEL])]) {
    const around = new Uint8Array(encoded.byteLength + 7).fill(0xff);
    around.set(encoded, 3);
    const batch = decodeMessage(around.subarray(3, 3 + encoded.byteLength), 'client', 42);
    assert(batch.ok);
    assert.equal(batch.value.records[CommandOffset.CLIENT_ORDER_ID], 7);
  }
});

test('the most commands of one message pass in both encodings, one more does not', () => {
  const most = Array.from({ length: MAX_COMMANDS_PER_MESSAGE }, () => NEW);
  for (const encoder of [encodeCommands, encodeCommandMap]) {
    const full = encoder(most);
    assert(full.byteLength <= MAX_MESSAGE_BYTES);
    const batch = decodeMessage(full, 'client', 42);
    assert(batch.ok, batch.ok ? '' : batch.detail);
    assert.equal(batch.value.count, MAX_COMMANDS_PER_MESSAGE);
    const refusal = decodeMessage(encoder([...most, NEW]), 'client', 42);
    assert(!refusal.ok);
    assert.equal(refusal.name, 'TOO_LARGE');
  }
});

test('a message above the size limit is refused unread', () => {
  for (const first of [0x46, 0x81]) {
    const refusal = decodeMessage(new Uint8Array(MAX_MESSAGE_BYTES + 1).fill(first), 'client', 42);
    assert(!refusal.ok);
    assert.equal(refusal.name, 'TOO_LARGE');
  }
});

test('a refusal says which command of a message is at fault', () => {
  const bytes = encodeCommands([CANCEL, CANCEL, CANCEL]);
  bytes[2 * RECORD_BYTES] = 99;
  const refusal = decodeCommandBatch(bytes, 'client', 42);
  assert(!refusal.ok);
  assert.equal(refusal.offset, 2 * RECORD_BYTES);
});

test('every byte that a kind does not use must be zero', () => {
  const reported = (bytes: Uint8Array, role: 'client' | 'operator') => {
    const batch = decodeCommandBatch(bytes, role, 0xffffff);
    return batch.ok ? 'OK' : batch.name;
  };
  const request = 1 + 2 + 8;
  const usedBytes: Record<number, number> = {
    [CommandKind.NEW]: 64,
    [CommandKind.CANCEL]: request + 4 + 8,
    [CommandKind.REPLACE]: 63,
    [CommandKind.AMEND]: request + 4 + 8 + 8,
    [CommandKind.CANCEL_ORDER]: request + 4 + 8,
    [CommandKind.CANCEL_ALL]: request + 4 + 1,
    [CommandKind.CANCEL_AFTER]: request + 4 + 4,
    [CommandKind.QUOTE]: 64,
    [CommandKind.DEPOSIT]: request + 1 + 4 + 8 + 32 + 4,
    [CommandKind.WITHDRAW]: request + 1 + 4 + 8 + 32 + 4 + 1,
    [CommandKind.COLLECT_FEES]: request + 4 + 8,
    [CommandKind.CREATE_MARKET]: request + 1 + 1 + 4 + 8 + 8 + 4 + 4,
    [CommandKind.CLOSE_EPOCH]: request,
    [CommandKind.SET_FEES]: request + 4 + 4 + 4,
    [CommandKind.SET_TIER]: request + 4 + 4,
    [CommandKind.CONFIGURE]: request + 8 + 8 + 8 + 4 + 4,
    [CommandKind.SET_STATE]: request + 1,
    [CommandKind.CLOCK]: request,
    [CommandKind.PURGE]: request + 4 + 1,
  };
  for (const kind of Object.values(CommandKind)) {
    assert.notEqual(isOrderKind(kind), isAdminKind(kind));
    const role = isOrderKind(kind) ? 'client' : 'operator';
    let unused = 0;
    for (let offset = 1; offset < RECORD_BYTES; offset += 1) {
      const bytes = encodeCommands([CANCEL]);
      bytes.fill(0, RECORD_BYTES);
      bytes[RECORD_BYTES] = kind;
      assert.equal(reported(bytes, role), 'OK');
      bytes[RECORD_BYTES + offset] = 0x80;
      if (reported(bytes, role) === 'RESERVED_NOT_ZERO') unused += 1;
    }
    assert.equal(RECORD_BYTES - unused, usedBytes[kind], `kind ${kind}`);
  }
});

test('an encoder asserts instead of cutting a field to its width', () => {
  const wrong: readonly Command[] = [
    { ...NEW, price: -1n },
    { ...NEW, quantity: 2n ** 64n },
    { ...NEW, session: 65_536 },
    { ...NEW, session: -1 },
    { ...NEW, session: 1.5 },
    { ...CANCEL, requestId: 2n ** 64n },
    { ...NEW, flags: 256 },
    { ...NEW, expireTime: 2 ** 32 },
    { ...NEW, displayQuantity: -1n },
    { ...NEW, stopPrice: 2n ** 64n },
    { ...CANCEL, kind: CommandKind.AMEND, delta: 2n ** 63n },
    { ...CANCEL, kind: CommandKind.AMEND, delta: -(2n ** 63n) - 1n },
    { kind: CommandKind.CANCEL_ORDER, session: 0, requestId: 1n, orderId: -1n },
    { kind: CommandKind.CANCEL_AFTER, session: 0, requestId: 1n, timeoutSeconds: 2 ** 32 },
    { kind: CommandKind.SET_TIER, session: 0, requestId: 1n, account: 2, tier: -1 },
    { ...CREATE, baseSymbol: 'TOO-LONG-' },
    { ...CREATE, quoteSymbol: 'D\u00c9' },
    { ...CREATE, baseSymbol: 'BTC\0' },
    { ...CREATE, priceDecimals: 256 },
    { ...CREATE, makerFeePpm: 2 ** 31 },
    {
      kind: CommandKind.DEPOSIT,
      session: 0,
      requestId: 1n,
      account: 2 ** 32,
      asset: Asset.BASE,
      amount: 1n,
    },
  ];
  for (const command of wrong) {
    assert.throws(() => encodeCommands([command]), { name: 'AssertionError', message: /expected/ });
    assert.throws(() => encodeCommandMap([command]), { name: 'AssertionError' });
  }
});
