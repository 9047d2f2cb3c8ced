/** Answers to a client's message, in the encoding it came in. */
import { encode } from '@msgpack/msgpack';
import { decodeBatchHeader, encodeBatch, isBinaryBatch } from './batch.ts';
import { ResultCode, resultName } from './codes.ts';
import type { MarketEvent } from './event.ts';
import { eventMap, readEventMap, wireCount } from './event-map.ts';
import { readEvents } from './event-reader.ts';
import { BatchKind, BatchOffset, PROTOCOL_VERSION, RECORD_BYTES } from './layout.ts';
import type { Encoding } from './message.ts';
import {
  isMsgpackMap,
  type MsgpackMap,
  type MsgpackValue,
  readMsgpack,
  showMsgpack,
  startsMap,
} from './msgpack-reader.ts';
import { RECEIPT_BYTES } from './receipt.ts';
import { type Decoded, type Refusal, refuse } from './result.ts';

/** Events in one reply: in msgpack they stay below a broker's default limit of 1 MiB. */
export const MAX_EVENTS_PER_REPLY = 4_096;
/** No message of a broker holds as many: a guard against lengths, not a limit to plan with. */
const MAX_REPLY_EVENTS = 2 ** 22;
/** A map, the array of events, the event; a newer server may have a few keys more. */
const LIMITS = { depth: 3, arrayLength: MAX_REPLY_EVENTS, mapLength: 64, stringBytes: 4_096 };

export interface Reply {
  readonly code: number;
  readonly name: string;
  /** Sequence of the group in the log; 0 where nothing was recorded. */
  readonly logSequence: number;
  /** A few words on a refusal. */
  readonly detail: string;
  /** The sender's own events, where the message asked for execution; the first of them. */
  readonly events: readonly MarketEvent[];
  /** How many there were: more than `events` holds where they fit no message. See the reports. */
  readonly total: number;
  /** A signed receipt, where the message asked for one: see `decodeReceipt`. */
  readonly receipt: Uint8Array | undefined;
}

const RECEIPT_RECORDS = RECEIPT_BYTES / RECORD_BYTES;

/**
 * The events of a message's commands (`records`: 64 bytes each, the sender's own only), as many of
 * them as a reply may hold. A binary header's FIRST says how many there were, PREV how many records
 * behind them hold a receipt.
 */
export function encodeReply(
  encoding: Encoding,
  logSequence: number,
  records: Uint8Array,
  receipt?: Uint8Array,
): Uint8Array {
  const total = records.byteLength / RECORD_BYTES;
  const shown = records.subarray(0, MAX_EVENTS_PER_REPLY * RECORD_BYTES);
  if (encoding === 'binary') {
    const header = { kind: BatchKind.REPLY, flags: ResultCode.OK, logSequence, first: total };
    if (receipt === undefined) return encodeBatch(header, shown);
    const both = new Uint8Array(shown.byteLength + receipt.byteLength);
    both.set(shown);
    both.set(receipt, shown.byteLength);
    return encodeBatch({ ...header, prev: receipt.byteLength / RECORD_BYTES }, both);
  }
  const events = readEvents(shown).map(eventMap);
  return encode(
    {
      v: PROTOCOL_VERSION,
      code: ResultCode.OK,
      name: 'OK',
      logSequence: wireCount(logSequence),
      events,
      total: wireCount(total),
      ...(receipt === undefined ? {} : { receipt: hexOf(receipt) }),
    },
    { useBigInt64: true },
  );
}

/** A refusal at the edge: nothing was recorded. */
export function encodeRefusal(encoding: Encoding, refusal: Omit<Refusal, 'ok'>): Uint8Array {
  if (encoding === 'binary') {
    return encodeBatch({ kind: BatchKind.REPLY, flags: refusal.code }, new Uint8Array(0));
  }
  const { code, name, detail } = refusal;
  return encode({ v: PROTOCOL_VERSION, code, name, detail, logSequence: 0, events: [] });
}

/** Reads a reply of either encoding. Never throws. */
export function decodeReply(bytes: Uint8Array): Decoded<Reply> {
  if (isBinaryBatch(bytes)) return decodeBinaryReply(bytes);
  if (!startsMap(bytes))
    return refuse('MALFORMED', 0, 'the reply starts neither a batch nor a map');
  const reply = readMsgpack(bytes, LIMITS);
  if (!reply.ok) return reply;
  if (!isMsgpackMap(reply.value)) return refuse('MALFORMED', 0, 'the reply is not a msgpack map');
  return decodeReplyMap(reply.value);
}

function decodeReplyMap(reply: MsgpackMap): Decoded<Reply> {
  const version = reply.get('v');
  if (version !== PROTOCOL_VERSION) {
    return refuse('UNSUPPORTED_VERSION', 0, `v is ${showMsgpack(version)}, expected 1`);
  }
  const code = reply.get('code');
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 0 || code >= 2 ** 16) {
    return refuse('FIELD_RANGE', 0, `code is ${showMsgpack(code)}`);
  }
  const logSequence = reply.get('logSequence') ?? 0;
  if (typeof logSequence !== 'number' || !Number.isSafeInteger(logSequence) || logSequence < 0) {
    return refuse('FIELD_RANGE', 0, `logSequence is ${showMsgpack(logSequence)}`);
  }
  const detail = reply.get('detail') ?? '';
  if (typeof detail !== 'string') return refuse('FIELD_RANGE', 0, 'detail is no string');
  const list = reply.get('events') ?? [];
  if (!Array.isArray(list)) return refuse('FIELD_RANGE', 0, 'events is not an array');
  const events: MarketEvent[] = [];
  for (const [index, map] of list.entries()) {
    const event = readEventMap(map, index);
    if (!event.ok) return event;
    events.push(event.value);
  }
  const total = reply.get('total') ?? events.length;
  if (typeof total !== 'number' || !Number.isSafeInteger(total) || total < 0) {
    return refuse('FIELD_RANGE', 0, `total is ${showMsgpack(total)}`);
  }
  const hex = reply.get('receipt');
  const receipt = hex === undefined ? undefined : bytesOf(hex);
  if (hex !== undefined && receipt === undefined) {
    return refuse('FIELD_RANGE', 0, `receipt is not ${2 * RECEIPT_BYTES} hex digits`);
  }
  const name = resultName(code);
  return { ok: true, value: { code, name, logSequence, detail, events, total, receipt } };
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function bytesOf(hex: MsgpackValue): Uint8Array | undefined {
  const isHex = typeof hex === 'string' && /^[0-9a-f]+$/.test(hex);
  return isHex && hex.length === 2 * RECEIPT_BYTES ? Buffer.from(hex, 'hex') : undefined;
}

function decodeBinaryReply(bytes: Uint8Array): Decoded<Reply> {
  const header = decodeBatchHeader(bytes, BatchKind.REPLY, MAX_REPLY_EVENTS);
  if (!header.ok) return header;
  const { count, flags: code, logSequence, first: total, prev } = header.value;
  if (prev !== 0 && (prev !== RECEIPT_RECORDS || prev > count)) {
    return refuse('FIELD_RANGE', BatchOffset.PREV, `a receipt of ${prev} records`);
  }
  const end = (1 + count - prev) * RECORD_BYTES;
  const events = readEvents(bytes.subarray(RECORD_BYTES, end));
  const receipt = prev === 0 ? undefined : bytes.slice(end);
  const name = resultName(code);
  return { ok: true, value: { code, name, logSequence, detail: '', events, total, receipt } };
}
