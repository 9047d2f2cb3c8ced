/**
 * Rewrites the vector files: `node shared/protocol/vectors/generate.ts`. Tests read the files and
 * never write them, so a change of the wire format shows up as a failing test first, and running
 * this is the decision to change it.
 */
import { writeFileSync } from 'node:fs';
import { encode } from '@msgpack/msgpack';
import {
  bookChecksum,
  decodeBatchHeader,
  decodeMessage,
  encodeBatch,
  encodeCommandMap,
  encodeCommands,
  encodeRefusal,
  encodeReply,
  ResultCode,
  readEvents,
  refuse,
  resultTable,
} from '../src/index.ts';
import { CHECKSUM_CASES, EVENT_CASES, HEADER_CASES } from './cases.ts';
import { COMMAND_CASES } from './command-cases.ts';
import {
  bytesOf,
  type ChecksumVector,
  type CommandVector,
  commandFromJson,
  type EventVector,
  eventToJson,
  type HeaderVector,
  hexOf,
  type JsonObject,
  type ReplyVector,
} from './json.ts';
import { receiptVectors } from './receipt-cases.ts';
import { refusalCases } from './refusal-cases.ts';

function commandVector({ name, role, account, command }: (typeof COMMAND_CASES)[number]) {
  const typed = commandFromJson(command);
  const binary = encodeCommands([typed]);
  const batch = decodeMessage(binary, role, account);
  if (!batch.ok) throw new Error(`${name}: ${batch.name} ${batch.detail}`);
  const small = Object.entries(command).map(([key, value]) => [key, shortest(value)]);
  const forms = [
    encodeCommandMap([typed]),
    encode({ v: 1, ...Object.fromEntries(small) }, { useBigInt64: true }),
    encode({ v: 1, commands: [command] }),
  ];
  return {
    name,
    role,
    account,
    command,
    binary: hexOf(binary),
    msgpack: forms.map(hexOf),
    record: hexOf(batch.value.records),
  } satisfies CommandVector;
}

/** Digits as the narrowest msgpack integer. */
function shortest(value: string | number | boolean) {
  if (typeof value !== 'string' || !/^-?[0-9]+$/.test(value)) return value;
  return Math.abs(Number(value)) < 2 ** 31 ? Number(value) : BigInt(value);
}

function eventVector(record: string): EventVector {
  const [event] = readEvents(bytesOf(record));
  if (event === undefined) throw new Error(`no event: ${record}`);
  return { record, event: eventToJson(event) };
}

function replyVectors(): ReplyVector[] {
  const records = Buffer.from(EVENT_CASES.join(''), 'hex');
  const events = readEvents(records).map(eventToJson);
  const refusal = refuse('BUSY', 0, 'market BTC-USD');
  const reply = (encoding: 'binary' | 'msgpack', sequence: number, bytes: Uint8Array) =>
    hexOf(encodeReply(encoding, sequence, bytes));
  const none = new Uint8Array(0);
  const ok = { code: ResultCode.OK, detail: '' };
  return [
    {
      name: 'received: durable in the log, not executed yet',
      binary: reply('binary', 7, none),
      msgpack: reply('msgpack', 7, none),
      ...ok,
      logSequence: '7',
      events: [],
    },
    {
      name: 'executed: events of every kind, a log sequence above 32 bits',
      binary: reply('binary', 2 ** 40 + 1, records),
      msgpack: reply('msgpack', 2 ** 40 + 1, records),
      ...ok,
      logSequence: String(2 ** 40 + 1),
      events,
    },
    {
      name: 'refused at the edge',
      binary: hexOf(encodeRefusal('binary', refusal)),
      msgpack: hexOf(encodeRefusal('msgpack', refusal)),
      code: refusal.code,
      logSequence: '0',
      detail: refusal.detail,
      events: [],
    },
  ];
}

function headerVector(fields: (typeof HEADER_CASES)[number]): HeaderVector {
  const header = encodeBatch(fields, new Uint8Array(0));
  const decoded = decodeBatchHeader(header, fields.kind, 0);
  if (!decoded.ok) throw new Error(decoded.detail);
  const wide = ['logSequence', 'timeNs', 'first', 'last', 'prev'];
  const json = Object.entries(decoded.value).map(([key, value]) => [
    key,
    wide.includes(key) ? String(value) : Number(value),
  ]);
  return { header: hexOf(header), fields: Object.fromEntries(json) as JsonObject };
}

function checksumVector({ name, bids, asks }: (typeof CHECKSUM_CASES)[number]): ChecksumVector {
  const levels = (side: typeof bids) =>
    side.map(([price, quantity]) => ({ price: BigInt(price), quantity: BigInt(quantity) }));
  const counted = [bids.slice(0, 10), asks.slice(0, 10)];
  const bytes = Buffer.concat([
    ...counted.map((side) => littleEndian(BigInt(side.length), 4)),
    ...counted.flat(2).map((value) => littleEndian(BigInt(value), 8)),
  ]);
  const crc32 = bookChecksum(levels(bids), levels(asks));
  return { name, bids, asks, bytes: hexOf(bytes), crc32 };
}

function littleEndian(value: bigint, width: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.subarray(0, width);
}

function write(name: string, value: unknown): void {
  const file = new URL(`${name}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

write('commands', COMMAND_CASES.map(commandVector));
write('events', EVENT_CASES.map(eventVector));
write('replies', replyVectors());
write('headers', HEADER_CASES.map(headerVector));
write('checksums', CHECKSUM_CASES.map(checksumVector));
write('refusals', refusalCases());
write('receipts', receiptVectors());
write('codes', Object.fromEntries(resultTable().map(({ name, code }) => [name, code])));
