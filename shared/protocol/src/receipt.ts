/**
 * What the owner of a market signs for whoever asks: that the log has a group of commands, where it
 * stands and what is in it of the asker's. 256 bytes, as four records at the end of a binary reply.
 * This file and what it imports run in browsers, too.
 *
 * ```
 * +0 "FBRC"  +4 version u16  +6 zero u16  +8 partition u32  +12 term u32  +16 logSequence u64
 * +24 timeNs i64  +32 first u64  +40 last u64  +48 ownFirst u64  +56 ownCount u32  +60 zero u32
 * +64 market, ASCII, then zeros  +96 head  +128 ownHash  +160 publicKey  +192 signature
 * ```
 */
import { MAX_MARKET_NAME } from './limits.ts';
import { type Decoded, refuse } from './result.ts';
import { isMarketName } from './subjects.ts';

export const RECEIPT_BYTES = 256;
/** What the signature is about, behind `RECEIPT_DOMAIN`. */
export const RECEIPT_SIGNED_BYTES = 192;
/** Before the signed bytes, so that they can be taken for nothing else. */
export const RECEIPT_DOMAIN = 'foldbook/receipt/v1\n';
export const RECEIPT_VERSION = 1;

/** "FBRC", little-endian. */
const MAGIC = 0x43524246;
const HASH_BYTES = 32;
const MAX_U32 = 2 ** 32 - 1;

export const ReceiptOffset = {
  MAGIC: 0,
  VERSION: 4,
  RESERVED: 6,
  PARTITION: 8,
  TERM: 12,
  LOG_SEQUENCE: 16,
  TIME_NS: 24,
  FIRST: 32,
  LAST: 40,
  OWN_FIRST: 48,
  OWN_COUNT: 56,
  RESERVED_2: 60,
  MARKET: 64,
  HEAD: 96,
  OWN_HASH: 128,
  PUBLIC_KEY: 160,
  SIGNATURE: 192,
} as const;

/** All that is signed. Sequences are from 1 and inclusive; hashes and keys are 32 bytes. */
export interface ReceiptFields {
  readonly market: string;
  readonly partition: number;
  /** Of the owner that appended the group. */
  readonly term: number;
  /** Of the group in the partition's log. */
  readonly logSequence: number;
  /** Of the group: nanoseconds since 1970, by the sequencer's clock. */
  readonly timeNs: bigint;
  /** Market sequences of the group's commands. */
  readonly first: number;
  readonly last: number;
  /** Market sequence of the asker's first command, and how many there are. */
  readonly ownFirst: number;
  readonly ownCount: number;
  /** Head of the market's hash chain after the group. */
  readonly head: Uint8Array;
  /** SHA-256 of the asker's records as they lie in the log. */
  readonly ownHash: Uint8Array;
  /** Ed25519 key that the signature is by. */
  readonly publicKey: Uint8Array;
}

export interface Receipt extends ReceiptFields {
  readonly signature: Uint8Array;
  /** The whole receipt. */
  readonly bytes: Uint8Array;
}

/** A receipt that is not signed yet. Throws RangeError for a field that does not fit. */
export function encodeReceipt(fields: ReceiptFields): Uint8Array {
  const bytes = new Uint8Array(RECEIPT_BYTES);
  const view = new DataView(bytes.buffer);
  const wrong = wrongField(fields);
  if (wrong !== undefined) throw new RangeError(`no receipt has ${wrong}`);
  view.setUint32(ReceiptOffset.MAGIC, MAGIC, true);
  view.setUint16(ReceiptOffset.VERSION, RECEIPT_VERSION, true);
  view.setUint32(ReceiptOffset.PARTITION, fields.partition, true);
  view.setUint32(ReceiptOffset.TERM, fields.term, true);
  view.setBigUint64(ReceiptOffset.LOG_SEQUENCE, BigInt(fields.logSequence), true);
  view.setBigInt64(ReceiptOffset.TIME_NS, fields.timeNs, true);
  view.setBigUint64(ReceiptOffset.FIRST, BigInt(fields.first), true);
  view.setBigUint64(ReceiptOffset.LAST, BigInt(fields.last), true);
  view.setBigUint64(ReceiptOffset.OWN_FIRST, BigInt(fields.ownFirst), true);
  view.setUint32(ReceiptOffset.OWN_COUNT, fields.ownCount, true);
  bytes.set(new TextEncoder().encode(fields.market), ReceiptOffset.MARKET);
  bytes.set(fields.head, ReceiptOffset.HEAD);
  bytes.set(fields.ownHash, ReceiptOffset.OWN_HASH);
  bytes.set(fields.publicKey, ReceiptOffset.PUBLIC_KEY);
  return bytes;
}

/** The bytes that a signature is over. */
export function receiptMessage(receipt: Uint8Array): Uint8Array {
  const domain = new TextEncoder().encode(RECEIPT_DOMAIN);
  const message = new Uint8Array(domain.byteLength + RECEIPT_SIGNED_BYTES);
  message.set(domain);
  message.set(receipt.subarray(0, RECEIPT_SIGNED_BYTES), domain.byteLength);
  return message;
}

/** Reads and checks everything but the signature. Never throws. */
export function decodeReceipt(given: Uint8Array): Decoded<Receipt> {
  if (given.byteLength < RECEIPT_BYTES) {
    return refuse('TRUNCATED', given.byteLength, `a receipt has ${RECEIPT_BYTES} bytes`);
  }
  if (given.byteLength > RECEIPT_BYTES) {
    return refuse('TRAILING_BYTES', RECEIPT_BYTES, `a receipt has ${RECEIPT_BYTES} bytes`);
  }
  // A copy: what was signed must not change with the buffer that it came in.
  const bytes = new Uint8Array(given);
  const view = new DataView(bytes.buffer);
  if (view.getUint32(ReceiptOffset.MAGIC, true) !== MAGIC) {
    return refuse('MALFORMED', ReceiptOffset.MAGIC, 'it does not begin with "FBRC"');
  }
  const version = view.getUint16(ReceiptOffset.VERSION, true);
  if (version !== RECEIPT_VERSION) {
    return refuse('UNSUPPORTED_VERSION', ReceiptOffset.VERSION, `version ${version}`);
  }
  for (const [offset, value] of [
    [ReceiptOffset.RESERVED, view.getUint16(ReceiptOffset.RESERVED, true)],
    [ReceiptOffset.RESERVED_2, view.getUint32(ReceiptOffset.RESERVED_2, true)],
  ] as const) {
    if (value !== 0) return refuse('RESERVED_NOT_ZERO', offset, 'bytes kept for later');
  }
  const market = readName(bytes);
  if (market === undefined) {
    return refuse('MALFORMED', ReceiptOffset.MARKET, 'no market has such a name');
  }
  const count = (offset: number) => Number(view.getBigUint64(offset, true));
  const fields: ReceiptFields = {
    market,
    partition: view.getUint32(ReceiptOffset.PARTITION, true),
    term: view.getUint32(ReceiptOffset.TERM, true),
    logSequence: count(ReceiptOffset.LOG_SEQUENCE),
    timeNs: view.getBigInt64(ReceiptOffset.TIME_NS, true),
    first: count(ReceiptOffset.FIRST),
    last: count(ReceiptOffset.LAST),
    ownFirst: count(ReceiptOffset.OWN_FIRST),
    ownCount: view.getUint32(ReceiptOffset.OWN_COUNT, true),
    head: bytes.subarray(ReceiptOffset.HEAD, ReceiptOffset.HEAD + HASH_BYTES),
    ownHash: bytes.subarray(ReceiptOffset.OWN_HASH, ReceiptOffset.OWN_HASH + HASH_BYTES),
    publicKey: bytes.subarray(ReceiptOffset.PUBLIC_KEY, ReceiptOffset.PUBLIC_KEY + HASH_BYTES),
  };
  const wrong = wrongField(fields);
  if (wrong !== undefined) return refuse('FIELD_RANGE', 0, wrong);
  return { ok: true, value: { ...fields, signature: bytes.subarray(RECEIPT_SIGNED_BYTES), bytes } };
}

/** What no receipt has, in words. */
function wrongField(fields: ReceiptFields): string | undefined {
  const { market, partition, term, logSequence, timeNs, first, last } = fields;
  const { ownFirst, ownCount, head, ownHash, publicKey } = fields;
  const isU32 = (value: number) => Number.isInteger(value) && value >= 0 && value <= MAX_U32;
  if (!isMarketName(market)) return `market ${market}`;
  if (!isU32(partition)) return `partition ${partition}`;
  if (!isU32(term) || term === 0) return `term ${term}`;
  if (!Number.isSafeInteger(logSequence) || logSequence < 1) return `log sequence ${logSequence}`;
  if (BigInt.asIntN(64, timeNs) !== timeNs) return `time ${timeNs}`;
  const isRange = Number.isSafeInteger(first) && Number.isSafeInteger(last);
  if (!isRange || first < 1 || last < first) return `market sequences ${first} to ${last}`;
  const ownLast = ownFirst + ownCount - 1;
  const isOwn = Number.isSafeInteger(ownFirst) && isU32(ownCount) && ownCount > 0;
  if (!isOwn || ownFirst < first || ownLast > last) return `own commands ${ownFirst} to ${ownLast}`;
  const hashes = [head, ownHash, publicKey];
  return hashes.every(({ byteLength }) => byteLength === HASH_BYTES) ? undefined : 'short hashes';
}

/** Undefined for what is no market's name, or has something behind it. */
function readName(bytes: Uint8Array): string | undefined {
  const field = bytes.subarray(ReceiptOffset.MARKET, ReceiptOffset.MARKET + MAX_MARKET_NAME);
  const end = field.indexOf(0);
  const length = end < 0 ? MAX_MARKET_NAME : end;
  if (field.subarray(length).some((byte) => byte !== 0)) return undefined;
  const name = String.fromCharCode(...field.subarray(0, length));
  return isMarketName(name) ? name : undefined;
}
