import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { viewOf } from './batch.ts';
import { ResultCode } from './codes.ts';
import { readEvents } from './event-reader.ts';
import { EventKind, EventOffset, RECORD_BYTES } from './layout.ts';
import { MAX_COMMANDS_PER_MESSAGE } from './limits.ts';
import { decodeReply, encodeRefusal, encodeReply, MAX_EVENTS_PER_REPLY } from './reply.ts';
import { refuse } from './result.ts';
import { records } from './testing/arbitraries.ts';

/** Every u64 below 2^53, as a market writes its counters, and a kind that clients meet. */
const eventRecords = records.map((bytes) => {
  const view = viewOf(bytes);
  const kinds = Object.values(EventKind);
  for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) {
    const kind = kinds[view.getUint8(at) % kinds.length] ?? EventKind.TRADE;
    view.setUint8(at + EventOffset.KIND, kind);
    for (let field = 8; field < RECORD_BYTES; field += 8) {
      view.setUint8(at + field + 7, 0);
      view.setUint8(at + field + 6, view.getUint8(at + field + 6) & 0x1f);
    }
  }
  return bytes;
});

test('both encodings of a reply say the same', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger().map(Math.abs), eventRecords, (logSequence, bytes) => {
      for (const encoding of ['binary', 'msgpack'] as const) {
        const reply = decodeReply(encodeReply(encoding, logSequence, bytes));
        assert(reply.ok, reply.ok ? '' : reply.detail);
        const events = readEvents(bytes);
        const total = bytes.byteLength / RECORD_BYTES;
        const rest = { code: 0, name: 'OK', logSequence, detail: '', receipt: undefined };
        assert.deepEqual(reply.value, { ...rest, events, total });
      }
    }),
  );
});

test('a reply stays below the limit of a broker, and says how many events there were', () => {
  const records = new Uint8Array((MAX_EVENTS_PER_REPLY + 5) * RECORD_BYTES);
  for (let at = 0; at < records.byteLength; at += RECORD_BYTES) {
    records.fill(0xff, at + EventOffset.SEQUENCE, at + EventOffset.SEQUENCE + 6);
    records[at] = EventKind.FEE;
  }
  for (const encoding of ['binary', 'msgpack'] as const) {
    const bytes = encodeReply(encoding, 1, records);
    assert(bytes.byteLength < 1024 * 1024);
    const reply = decodeReply(bytes);
    assert(reply.ok);
    assert.equal(reply.value.events.length, MAX_EVENTS_PER_REPLY);
    assert.equal(reply.value.total, MAX_EVENTS_PER_REPLY + 5);
  }
});

test('no message of orders has a reply above the limit of a broker', () => {
  const records = new Uint8Array(MAX_EVENTS_PER_REPLY * RECORD_BYTES);
  const view = viewOf(records);
  // The largest events with their longest words: every command has one of these at most, and the
  // rest of its events are smaller.
  const stopLimit = 3;
  const expireMaker = 2;
  const restCancelled = 1;
  for (let index = 0; index < MAX_EVENTS_PER_REPLY; index += 1) {
    const at = index * RECORD_BYTES;
    const isFirst = index < MAX_COMMANDS_PER_MESSAGE;
    records.fill(0xff, at, at + RECORD_BYTES);
    view.setUint8(at + EventOffset.KIND, isFirst ? EventKind.ACCEPTED : EventKind.CANCELLED);
    view.setUint8(at + EventOffset.SIDE, 1);
    const code = isFirst ? stopLimit + expireMaker * 2 ** 8 : restCancelled;
    view.setUint16(at + EventOffset.CODE, code, true);
    view.setBigUint64(at + EventOffset.SEQUENCE, 2n ** 53n - 1n, true);
    view.setBigUint64(at + EventOffset.ORDER_ID, 2n ** 53n - 1n, true);
    view.setUint8(at + EventOffset.TIME_IN_FORCE, 2);
  }
  assert(encodeReply('msgpack', 1, records).byteLength < 1024 * 1024);
});

test('an integer above 32 bits stays an integer in msgpack', () => {
  const record = new Uint8Array(RECORD_BYTES);
  viewOf(record).setUint8(0, EventKind.ACCEPTED);
  viewOf(record).setBigUint64(EventOffset.ORDER_ID, 2n ** 40n, true);
  const hex = Buffer.from(encodeReply('msgpack', 2 ** 33, record)).toString('hex');
  assert(hex.includes(`${Buffer.from('orderId').toString('hex')}cf0000010000000000`));
  assert(hex.includes(`${Buffer.from('logSequence').toString('hex')}cf0000000200000000`));
});

test('a refusal carries its code in both encodings, its words in msgpack', () => {
  const refusal = refuse('RESERVED_NOT_ZERO', 96, 'byte 32');
  for (const encoding of ['binary', 'msgpack'] as const) {
    const reply = decodeReply(encodeRefusal(encoding, refusal));
    assert(reply.ok);
    assert.equal(reply.value.code, ResultCode.RESERVED_NOT_ZERO);
    assert.equal(reply.value.name, 'RESERVED_NOT_ZERO');
    assert.equal(reply.value.detail, encoding === 'msgpack' ? 'byte 32' : '');
    assert.deepEqual(reply.value.events, []);
  }
});

test('a code of a newer server is named by its number', () => {
  const reply = decodeReply(encode({ v: 1, code: 299, later: true }));
  assert(reply.ok);
  assert.equal(reply.value.name, 'CODE_299');
});

test('replies that are not what they should be get a code', () => {
  const delta = { type: 'delta', sequence: 1, side: 'buy', price: 2, quantity: 3, orders: 4 };
  const cases: readonly (readonly [string, unknown])[] = [
    ['MALFORMED', 7],
    ['MALFORMED', []],
    ['UNSUPPORTED_VERSION', { code: 0 }],
    ['UNSUPPORTED_VERSION', { v: 2, code: 0 }],
    ['FIELD_RANGE', { v: 1 }],
    ['FIELD_RANGE', { v: 1, code: -1 }],
    ['FIELD_RANGE', { v: 1, code: 1.5 }],
    ['FIELD_RANGE', { v: 1, code: 0, logSequence: -1 }],
    ['FIELD_RANGE', { v: 1, code: 0, logSequence: 2n ** 53n }],
    ['FIELD_RANGE', { v: 1, code: 0, detail: 5 }],
    ['FIELD_RANGE', { v: 1, code: 0, events: {} }],
    ['MALFORMED', { v: 1, code: 0, events: [1] }],
    ['UNKNOWN_KIND', { v: 1, code: 0, events: [{ type: 'toString' }] }],
    ['FIELD_RANGE', { v: 1, code: 0, events: [{ ...delta, side: 'up' }] }],
    ['FIELD_RANGE', { v: 1, code: 0, events: [{ ...delta, price: -1 }] }],
    ['FIELD_RANGE', { v: 1, code: 0, events: [{ ...delta, orders: 2n ** 53n }] }],
    ['FIELD_RANGE', { v: 1, code: 0, events: [{ ...delta, sequence: null }] }],
  ];
  for (const [name, value] of cases) {
    const reply = decodeReply(encode(value, { useBigInt64: true }));
    assert(!reply.ok, `${name}: it was accepted`);
    assert.equal(reply.name, name, reply.detail);
  }
  const good = decodeReply(encode({ v: 1, code: 0, events: [{ ...delta, later: 1 }] }));
  assert(good.ok);
  assert.deepEqual(good.value.events, [{ ...delta, side: 0, price: 2n, quantity: 3n }]);
});
