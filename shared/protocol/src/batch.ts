/** The 64-byte header that starts every binary batch. */
import assert from 'node:assert/strict';
import {
  BATCH_FIRST_BYTE,
  BATCH_MAGIC,
  type BatchKind,
  BatchOffset,
  PROTOCOL_VERSION,
  RECORD_BYTES,
} from './layout.ts';
import { type Decoded, refuse } from './result.ts';
import { Slab } from './slab.ts';

export interface BatchHeader {
  readonly kind: BatchKind;
  readonly market: number;
  readonly count: number;
  readonly flags: number;
  readonly logSequence: number;
  readonly timeNs: bigint;
  readonly first: number;
  readonly last: number;
  readonly prev: number;
  readonly generation: number;
  readonly depthCrc: number;
}

/** Batches are short-lived, but for those that a caller copies. */
const slab = new Slab();

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes a header at `offset`; fields left out are zero. */
export function writeBatchHeader(
  view: DataView,
  offset: number,
  fields: Partial<BatchHeader> & { readonly kind: BatchKind; readonly count: number },
): void {
  view.setUint16(offset + BatchOffset.MAGIC, BATCH_MAGIC, true);
  view.setUint8(offset + BatchOffset.VERSION, PROTOCOL_VERSION);
  view.setUint8(offset + BatchOffset.KIND, fields.kind);
  view.setUint32(offset + BatchOffset.MARKET, fields.market ?? 0, true);
  view.setUint32(offset + BatchOffset.COUNT, fields.count, true);
  view.setUint16(offset + BatchOffset.FLAGS, fields.flags ?? 0, true);
  view.setUint16(offset + BatchOffset.RESERVED, 0, true);
  writeCount(view, offset + BatchOffset.LOG_SEQUENCE, fields.logSequence ?? 0);
  view.setBigInt64(offset + BatchOffset.TIME_NS, fields.timeNs ?? 0n, true);
  writeCount(view, offset + BatchOffset.FIRST, fields.first ?? 0);
  writeCount(view, offset + BatchOffset.LAST, fields.last ?? 0);
  writeCount(view, offset + BatchOffset.PREV, fields.prev ?? 0);
  view.setUint32(offset + BatchOffset.GENERATION, fields.generation ?? 0, true);
  view.setUint32(offset + BatchOffset.DEPTH_CRC, fields.depthCrc ?? 0, true);
}

/**
 * A batch of `kind` around records that lie one after the other in `records`.
 * Header fields left out are zero.
 */
export function encodeBatch(
  fields: Partial<BatchHeader> & { readonly kind: BatchKind },
  records: Uint8Array,
): Uint8Array {
  assert(records.byteLength % RECORD_BYTES === 0, 'records are whole');
  const batch = slab.take(RECORD_BYTES + records.byteLength);
  const count = records.byteLength / RECORD_BYTES;
  writeBatchHeader(viewOf(batch), 0, { ...fields, count });
  batch.set(records, RECORD_BYTES);
  return batch;
}

/** True where a message claims to be binary; a msgpack map or array never starts like this. */
export function isBinaryBatch(bytes: Uint8Array): boolean {
  return bytes[0] === BATCH_FIRST_BYTE;
}

/** Reads and checks a header and that exactly `count` records follow it. Never throws. */
export function decodeBatchHeader(
  bytes: Uint8Array,
  kind: BatchKind,
  maxCount: number,
): Decoded<BatchHeader> {
  if (bytes.byteLength < RECORD_BYTES) {
    return refuse('TRUNCATED', bytes.byteLength, `${bytes.byteLength} bytes are no whole header`);
  }
  const view = viewOf(bytes);
  if (view.getUint16(BatchOffset.MAGIC, true) !== BATCH_MAGIC) {
    return refuse('MALFORMED', BatchOffset.MAGIC, 'the header does not start with "FB"');
  }
  const version = view.getUint8(BatchOffset.VERSION);
  if (version !== PROTOCOL_VERSION) {
    return refuse('UNSUPPORTED_VERSION', BatchOffset.VERSION, `version ${version}`);
  }
  if (view.getUint8(BatchOffset.KIND) !== kind) {
    const got = view.getUint8(BatchOffset.KIND);
    return refuse('UNKNOWN_KIND', BatchOffset.KIND, `batch kind ${got}, expected ${kind}`);
  }
  if (view.getUint16(BatchOffset.RESERVED, true) !== 0) {
    return refuse('RESERVED_NOT_ZERO', BatchOffset.RESERVED, 'header bytes 14 and 15');
  }
  const count = view.getUint32(BatchOffset.COUNT, true);
  if (count > maxCount) return refuse('TOO_LARGE', BatchOffset.COUNT, `${count} records`);
  const expected = (count + 1) * RECORD_BYTES;
  if (bytes.byteLength < expected) {
    return refuse('TRUNCATED', bytes.byteLength, `${count} records need ${expected} bytes`);
  }
  if (bytes.byteLength > expected) {
    return refuse('TRAILING_BYTES', expected, `${bytes.byteLength - expected} bytes too many`);
  }
  for (const offset of COUNTERS) {
    if (!Number.isSafeInteger(readCount(view, offset))) {
      return refuse('FIELD_RANGE', offset, `the counter at byte ${offset} reaches 2^53`);
    }
  }
  return { ok: true, value: readHeader(view, count) };
}

const COUNTERS: readonly number[] = [
  BatchOffset.LOG_SEQUENCE,
  BatchOffset.FIRST,
  BatchOffset.LAST,
  BatchOffset.PREV,
];

function readHeader(view: DataView, count: number): BatchHeader {
  return {
    kind: view.getUint8(BatchOffset.KIND) as BatchKind,
    market: view.getUint32(BatchOffset.MARKET, true),
    count,
    flags: view.getUint16(BatchOffset.FLAGS, true),
    logSequence: readCount(view, BatchOffset.LOG_SEQUENCE),
    timeNs: view.getBigInt64(BatchOffset.TIME_NS, true),
    first: readCount(view, BatchOffset.FIRST),
    last: readCount(view, BatchOffset.LAST),
    prev: readCount(view, BatchOffset.PREV),
    generation: view.getUint32(BatchOffset.GENERATION, true),
    depthCrc: view.getUint32(BatchOffset.DEPTH_CRC, true),
  };
}

/**
 * A u64 counter as a number: sequences reach 2^53 after 285 years at a million a second. From there
 * on the number is rounded and no safe integer.
 */
export function readCount(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

/** Writes a counter below 2^53 as a u64. */
export function writeCount(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}
