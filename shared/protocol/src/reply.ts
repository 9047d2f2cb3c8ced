/** Answers to a client's message, in the encoding it came in. */
import { decode, encode } from '@msgpack/msgpack';
import { decodeBatchHeader, encodeBatch, isBinaryBatch } from './batch.ts';
import { ResultCode, resultName } from './codes.ts';
import { type MarketEvent, readEvents } from './event.ts';
import { BatchKind, PROTOCOL_VERSION, RECORD_BYTES } from './layout.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import type { Encoding } from './message.ts';
import { type Decoded, type Refusal, refuse } from './result.ts';

export interface Reply {
  readonly code: number;
  readonly name: string;
  /** Sequence of the group in the log; 0 where nothing was recorded. */
  readonly logSequence: number;
  /** A few words on a refusal. */
  readonly detail: string;
  /** The sender's own events, where the message asked for execution. */
  readonly events: readonly MarketEvent[];
}

/** The events of a message's commands (`records`: 64 bytes each, the sender's own only). */
export function encodeReply(
  encoding: Encoding,
  logSequence: number,
  records: Uint8Array,
): Uint8Array {
  if (encoding === 'binary') {
    return encodeBatch({ kind: BatchKind.REPLY, flags: ResultCode.OK, logSequence }, records);
  }
  const events = readEvents(records).map(namedEvent);
  return encode(
    { v: PROTOCOL_VERSION, code: ResultCode.OK, name: 'OK', logSequence, events },
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
  try {
    const value = decode(bytes, { useBigInt64: true }) as Partial<Reply> | null;
    if (value === null || typeof value !== 'object' || !Number.isInteger(value.code)) {
      return refuse('MALFORMED', 0, 'the reply is not a map with a code');
    }
    const code = value.code ?? 0;
    return {
      ok: true,
      value: {
        code,
        name: resultName(code),
        logSequence: Number(value.logSequence ?? 0),
        detail: String(value.detail ?? ''),
        events: Array.isArray(value.events) ? value.events : [],
      },
    };
  } catch (error) {
    return refuse('MALFORMED', 0, error instanceof Error ? error.message : 'not msgpack');
  }
}

function decodeBinaryReply(bytes: Uint8Array): Decoded<Reply> {
  const header = decodeBatchHeader(bytes, BatchKind.REPLY, MAX_MESSAGE_BYTES);
  if (!header.ok) return header;
  const { flags: code, logSequence } = header.value;
  const events = readEvents(bytes.subarray(RECORD_BYTES));
  return { ok: true, value: { code, name: resultName(code), logSequence, detail: '', events } };
}

/** In msgpack a rejection says its name, not only its number. */
function namedEvent(event: MarketEvent): Record<string, unknown> {
  return event.type === 'rejected' ? { ...event, name: resultName(event.code) } : { ...event };
}
