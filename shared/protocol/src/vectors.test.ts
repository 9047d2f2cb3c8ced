import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import {
  bytesOf,
  type ChecksumVector,
  type CommandVector,
  commandFromJson,
  type EventVector,
  eventToJson,
  type HeaderVector,
  hexOf,
  type RefusalVector,
  type ReplyVector,
  readVectors,
} from '../vectors/json.ts';
import { decodeBatchHeader, encodeBatch } from './batch.ts';
import { bookChecksum } from './book-checksum.ts';
import { encodeCommands } from './command.ts';
import { readEvents } from './event-reader.ts';
import { BatchKind, CommandKind, EventKind } from './layout.ts';
import { decodeMessage } from './message.ts';
import { encodeCommandMap } from './msgpack.ts';
import { decodeReply, encodeReply } from './reply.ts';

const commands = readVectors<CommandVector>('commands');
const events = readVectors<EventVector>('events');

for (const vector of commands) {
  test(`command vector: ${vector.name}`, () => {
    const command = commandFromJson(vector.command);
    assert.equal(hexOf(encodeCommands([command])), vector.binary);
    assert.equal(hexOf(encodeCommandMap([command])), vector.msgpack[0]);
    assert.equal(vector.msgpack.length, 3);
    for (const message of [vector.binary, ...vector.msgpack]) {
      const batch = decodeMessage(bytesOf(message), vector.role, vector.account);
      assert(batch.ok, message);
      assert.equal(batch.value.count, 1);
      assert.equal(hexOf(batch.value.records), vector.record);
      assert.equal(batch.value.replyWhen, 'executed');
    }
  });
}

test('every command kind has a vector', () => {
  const kinds = new Set(commands.map(({ command }) => commandFromJson(command).kind));
  assert.deepEqual(kinds, new Set(Object.values(CommandKind)));
});

test('event vectors', () => {
  for (const { record, event } of events) {
    const [read, ...excess] = readEvents(bytesOf(record));
    assert(read !== undefined && excess.length === 0);
    assert.deepEqual(eventToJson(read), event);
  }
});

test('every event kind that clients meet has a vector', () => {
  const kinds = new Set(events.map(({ record }) => bytesOf(record)[0]));
  const internal: readonly number[] = [
    EventKind.SETTLEMENT,
    EventKind.CHAIN_HEAD,
    EventKind.GROUP_END,
  ];
  const met = Object.values(EventKind).filter((kind) => !internal.includes(kind));
  assert.deepEqual([...kinds].sort(), met.sort());
});

for (const vector of readVectors<ReplyVector>('replies')) {
  test(`reply vector: ${vector.name}`, () => {
    for (const encoding of ['binary', 'msgpack'] as const) {
      const reply = decodeReply(bytesOf(vector[encoding]));
      assert(reply.ok, encoding);
      assert.equal(reply.value.code, vector.code);
      assert.equal(String(reply.value.logSequence), vector.logSequence);
      assert.equal(reply.value.detail, encoding === 'msgpack' ? vector.detail : '');
      assert.deepEqual(reply.value.events.map(eventToJson), vector.events);
    }
    if (vector.code !== 0) return;
    const records = bytesOf(vector.binary).subarray(64);
    const sequence = Number(vector.logSequence);
    assert.equal(hexOf(encodeReply('binary', sequence, records)), vector.binary);
    assert.equal(hexOf(encodeReply('msgpack', sequence, records)), vector.msgpack);
  });
}

test('header vectors', () => {
  for (const { header, fields } of readVectors<HeaderVector>('headers')) {
    const bytes = bytesOf(header);
    const kind = Object.values(BatchKind).find((value) => value === bytes[3]);
    assert(kind !== undefined);
    const decoded = decodeBatchHeader(bytes, kind, 0);
    assert(decoded.ok);
    for (const [name, value] of Object.entries(decoded.value)) {
      assert.equal(String(value), String(fields[name]), name);
    }
    assert.equal(hexOf(encodeBatch(decoded.value, new Uint8Array(0))), header);
  }
});

for (const vector of readVectors<RefusalVector>('refusals')) {
  test(`refusal vector: ${vector.name} -> ${vector.code}`, () => {
    const batch = decodeMessage(bytesOf(vector.message), vector.role, vector.account);
    assert(!batch.ok, 'it was accepted');
    assert.equal(batch.name, vector.code, batch.detail);
    assert.notEqual(batch.detail, '');
  });
}

test('every code of the edge is reached in each encoding that can reach it', () => {
  const reached = { binary: new Set<string>(), msgpack: new Set<string>() };
  for (const { message, code } of readVectors<RefusalVector>('refusals')) {
    reached[message.startsWith('46') ? 'binary' : 'msgpack'].add(code);
  }
  const both = [
    'MALFORMED',
    'UNSUPPORTED_VERSION',
    'TOO_LARGE',
    'TRUNCATED',
    'TRAILING_BYTES',
    'EMPTY_BATCH',
    'UNKNOWN_KIND',
    'FIELD_RANGE',
    'NOT_PERMITTED',
  ];
  // A map has no reserved bytes, and an order's map no account that could be another's.
  const onlyBinary = ['RESERVED_NOT_ZERO', 'ACCOUNT_MISMATCH'];
  assert.deepEqual([...reached.msgpack].sort(), both.toSorted());
  assert.deepEqual([...reached.binary].sort(), [...both, ...onlyBinary].sort());
});

for (const vector of readVectors<ChecksumVector>('checksums')) {
  test(`checksum vector: ${vector.name}`, () => {
    const levels = (side: ChecksumVector['bids']) =>
      side.map(([price, quantity]) => ({ price: BigInt(price), quantity: BigInt(quantity) }));
    assert.equal(bookChecksum(levels(vector.bids), levels(vector.asks)), vector.crc32);
    assert.equal(zlibCrc32(bytesOf(vector.bytes)), vector.crc32);
  });
}
