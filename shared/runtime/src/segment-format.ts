/**
 * Files of a segment store: a stream is a folder of segments, each named after its first sequence.
 *
 *   segment  +-------+---------+----------------+-------------+----------+-------+---------+-----+
 *            | u32   | u32     | u64            | 32 bytes    | 12 bytes | u32   | record  | ... |
 *            | magic | version | first sequence | link before | zero     | crc32 |         |     |
 *            +-------+---------+----------------+-------------+----------+-------+---------+-----+
 *   record   +--------+-------+----------+---------+--------+----------------+----------+---------+
 *            | u32    | u32   | u64      | u32     | u16    | u16            | 32 bytes | subject |
 *            | length | crc32 | sequence | pending | digest | subject length | link     | payload |
 *            +--------+-------+----------+---------+--------+----------------+----------+---------+
 *
 * Little-endian. `length` counts what follows the checksum, and the checksum covers that; a
 * header's checksum covers what stands before it. `pending` is how many records before this one
 * were not known to be durable when it was written: it tells a write that a crash tore (a bad
 * record, and after it none that was written later) from damage to what was durable.
 *
 * A record's link stands for it and for everything before it (segment-link.ts); `digest` says what
 * it is made of. Where a checksum only tells a torn write from a whole one, the link shows that
 * nobody changed, removed or added a record. A segment begins with the link that it goes on from.
 */
import { crc32 } from './crc32.ts';
import { LINK_BYTES } from './segment-link.ts';

export const SEGMENT_MAGIC = 0x47_53_42_46;
const SEGMENT_VERSION = 2;
export const SEGMENT_HEADER_BYTES = 64;
const HEADER_LINK_AT = 16;
const HEADER_CRC_AT = 60;

const RECORD_PREFIX_BYTES = 8;
/** From the beginning of a record. */
const SUBJECT_LENGTH_AT = 22;
const LINK_AT = 24;
export const RECORD_HEADER_BYTES = LINK_AT + LINK_BYTES;
export const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;
const MAX_SUBJECT_BYTES = 65_535;
const MIN_LENGTH = RECORD_HEADER_BYTES - RECORD_PREFIX_BYTES;
const MAX_LENGTH = MIN_LENGTH + MAX_SUBJECT_BYTES + MAX_PAYLOAD_BYTES;

/** What of a record's payload its link is made of: its SHA-256, or what the writer's user gave. */
export type DigestKind = 'payload' | 'given';
const DIGEST_KINDS: readonly DigestKind[] = ['payload', 'given'];

export interface SegmentRecord {
  readonly sequence: number;
  readonly subject: string;
  /** Its own memory, not a view of the file's; so is the link. */
  readonly payload: Uint8Array;
  readonly pending: number;
  readonly digest: DigestKind;
  /** 32 bytes. */
  readonly link: Uint8Array;
}

export type Decoded =
  | { readonly kind: 'record'; readonly record: SegmentRecord; readonly end: number }
  /** The bytes end before the record does. */
  | { readonly kind: 'short' }
  | { readonly kind: 'bad'; readonly why: string };

export function segmentName(firstSequence: number): string {
  return `${String(firstSequence).padStart(16, '0')}.segment`;
}

/** First sequence of a segment file, undefined for other files. */
export function sequenceOfName(name: string): number | undefined {
  const digits = /^(\d{16})\.segment$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** @param linkBefore link of the record before the first one; 32 bytes */
export function encodeSegmentHeader(firstSequence: number, linkBefore: Uint8Array): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  header.writeUInt32LE(SEGMENT_MAGIC, 0);
  header.writeUInt32LE(SEGMENT_VERSION, 4);
  header.writeBigUInt64LE(BigInt(firstSequence), 8);
  header.set(linkBefore, HEADER_LINK_AT);
  header.writeUInt32LE(crc32(header.subarray(0, HEADER_CRC_AT)), HEADER_CRC_AT);
  return header;
}

/** What is wrong with a segment's header; undefined when nothing is. */
export function checkSegmentHeader(header: Buffer, firstSequence: number): string | undefined {
  if (header.byteLength < SEGMENT_HEADER_BYTES) return 'the file is shorter than its header';
  if (header.readUInt32LE(0) !== SEGMENT_MAGIC) return 'it is no segment';
  const version = header.readUInt32LE(4);
  if (version !== SEGMENT_VERSION) return `version ${version} where ${SEGMENT_VERSION} is known`;
  if (header.readUInt32LE(HEADER_CRC_AT) !== crc32(header.subarray(0, HEADER_CRC_AT))) {
    return 'the checksum of its header is wrong';
  }
  const first = header.readBigUInt64LE(8);
  return first === BigInt(firstSequence) ? undefined : `its header says it begins at ${first}`;
}

/** Of a header that was checked. */
export function linkBeforeSegment(header: Buffer): Uint8Array {
  return copyOf(header, HEADER_LINK_AT, HEADER_LINK_AT + LINK_BYTES);
}

export function recordBytes(subjectBytes: number, payloadBytes: number): number {
  return RECORD_HEADER_BYTES + subjectBytes + payloadBytes;
}

/** Writes a record at `offset`, and returns where it ends. The buffer has the room. */
export function encodeRecord(
  buffer: Buffer,
  offset: number,
  record: Omit<SegmentRecord, 'subject'> & { readonly subject: Uint8Array },
): number {
  const { sequence, pending, digest, link, subject, payload } = record;
  const end = offset + recordBytes(subject.byteLength, payload.byteLength);
  const body = offset + RECORD_PREFIX_BYTES;
  buffer.writeUInt32LE(end - body, offset);
  buffer.writeBigUInt64LE(BigInt(sequence), body);
  buffer.writeUInt32LE(pending, body + 8);
  buffer.writeUInt16LE(DIGEST_KINDS.indexOf(digest), body + 12);
  buffer.writeUInt16LE(subject.byteLength, offset + SUBJECT_LENGTH_AT);
  buffer.set(link, offset + LINK_AT);
  buffer.set(subject, offset + RECORD_HEADER_BYTES);
  buffer.set(payload, offset + RECORD_HEADER_BYTES + subject.byteLength);
  buffer.writeUInt32LE(crc32(buffer.subarray(body, end)), offset + 4);
  return end;
}

/** Reads the record at `offset` of the bytes up to `limit`. */
export function decodeRecord(
  buffer: Buffer,
  offset: number,
  limit: number,
  expectedSequence: number,
): Decoded {
  const framed = readFrame(buffer, offset, limit);
  if (typeof framed === 'string') return { kind: 'bad', why: framed };
  if (framed === undefined) return { kind: 'short' };
  const { sequence, end } = framed;
  if (sequence !== expectedSequence) {
    return { kind: 'bad', why: `it has sequence ${sequence} where ${expectedSequence} follows` };
  }
  const digest = DIGEST_KINDS[buffer.readUInt16LE(offset + RECORD_PREFIX_BYTES + 12)];
  if (digest === undefined) return { kind: 'bad', why: 'its link is of an unknown kind' };
  const subjectAt = offset + RECORD_HEADER_BYTES;
  const payloadAt = subjectAt + buffer.readUInt16LE(offset + SUBJECT_LENGTH_AT);
  if (payloadAt > end) return { kind: 'bad', why: 'its subject is longer than the record' };
  const subject = buffer.toString('utf8', subjectAt, payloadAt);
  const payload = copyOf(buffer, payloadAt, end);
  const link = copyOf(buffer, offset + LINK_AT, subjectAt);
  const { pending } = framed;
  return { kind: 'record', record: { sequence, subject, payload, pending, digest, link }, end };
}

/** Uint8Array's slice: Buffer's would be a view. */
function copyOf(buffer: Buffer, begin: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(buffer, begin, end);
}

interface Frame {
  readonly sequence: number;
  readonly pending: number;
  readonly end: number;
}

/** A record's frame if its checksum holds; undefined if the bytes end before; or what is wrong. */
function readFrame(buffer: Buffer, offset: number, limit: number): Frame | string | undefined {
  if (limit - offset < RECORD_HEADER_BYTES) return undefined;
  const length = buffer.readUInt32LE(offset);
  if (length < MIN_LENGTH || length > MAX_LENGTH) return `a length of ${length} bytes`;
  const body = offset + RECORD_PREFIX_BYTES;
  const end = body + length;
  if (end > limit) return undefined;
  if (buffer.readUInt32LE(offset + 4) !== crc32(buffer.subarray(body, end))) {
    return 'its checksum is wrong';
  }
  const sequence = Number(buffer.readBigUInt64LE(body));
  return { sequence, pending: buffer.readUInt32LE(body + 8), end };
}

/**
 * Looks behind a bad record for one that was written when the bad one was already durable.
 * @param bytes from the bad record's beginning to the end of the file
 * @param badSequence the sequence that the bad record should have
 * @returns the later record's offset in `bytes`
 */
export function findLaterRecord(bytes: Buffer, badSequence: number): number | undefined {
  const limit = bytes.byteLength;
  for (let offset = 1; offset + RECORD_HEADER_BYTES <= limit; offset += 1) {
    // Cheap to see before the checksum is taken, and almost never so by chance.
    const sequence = bytes.readBigUInt64LE(offset + RECORD_PREFIX_BYTES);
    if (sequence <= BigInt(badSequence) || sequence > BigInt(badSequence + limit)) continue;
    const frame = readFrame(bytes, offset, limit);
    if (typeof frame !== 'object') continue;
    const durable = frame.sequence - 1 - frame.pending;
    if (durable >= badSequence) return offset;
    offset = frame.end - 1;
  }
  return undefined;
}
