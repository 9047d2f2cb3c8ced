/**
 * Msgpack as this protocol uses it, read without trust: nil, booleans, integers, 64-bit floats,
 * UTF-8 strings, arrays, and maps with distinct string keys. Everything else is refused, work and
 * memory stay in proportion to the bytes, and nothing throws.
 *
 * A general decoder does not do here: it may allocate what a length announces before the bytes are
 * there, lets the last of two equal keys win, and hands out objects whose `toString` came from
 * the wire.
 */
import { viewOf } from './batch.ts';
import type { ResultName } from './codes.ts';
import { type Decoded, type Refusal, refuse } from './result.ts';

export type MsgpackMap = ReadonlyMap<string, MsgpackValue>;
export type MsgpackValue =
  | null
  | boolean
  | number
  /** Only outside the safe integers: a smaller integer is a number, whatever its width. */
  | bigint
  | string
  | readonly MsgpackValue[]
  | MsgpackMap;

export interface MsgpackLimits {
  /** Maps and arrays inside each other; 1 allows one that holds scalars. */
  readonly depth: number;
  readonly arrayLength: number;
  readonly mapLength: number;
  readonly stringBytes: number;
}

/** Raised and caught inside this file only. */
class Stop extends Error {
  readonly refusal: Refusal;
  constructor(name: ResultName, offset: number, detail: string) {
    super(detail);
    this.refusal = refuse(name, offset, `${detail} at byte ${offset}`);
  }
}

/** Reads exactly one value. Offsets in refusals are bytes. Never throws. */
export function readMsgpack(bytes: Uint8Array, limits: MsgpackLimits): Decoded<MsgpackValue> {
  const reader = new Reader(bytes, limits);
  try {
    return { ok: true, value: reader.message() };
  } catch (error) {
    if (error instanceof Stop) return error.refusal;
    throw error;
  }
}

export function isMsgpackMap(value: MsgpackValue | undefined): value is MsgpackMap {
  return value instanceof Map;
}

/** True where the first byte opens a map of any length. */
export function startsMap(bytes: Uint8Array): boolean {
  const head = bytes[0] ?? 0;
  return (head & 0xf0) === 0x80 || head === 0xde || head === 0xdf;
}

/** A value in a few characters, for error messages. */
export function showMsgpack(value: MsgpackValue | undefined): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 32));
  if (Array.isArray(value)) return 'an array';
  return isMsgpackMap(value) ? 'a map' : String(value);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: MsgpackLimits;
  #at = 0;

  constructor(bytes: Uint8Array, limits: MsgpackLimits) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#limits = limits;
  }

  message(): MsgpackValue {
    const value = this.#value(this.#limits.depth);
    const excess = this.#bytes.byteLength - this.#at;
    if (excess > 0) throw new Stop('TRAILING_BYTES', this.#at, `${excess} bytes after the message`);
    return value;
  }

  /** `depth`: how many more maps and arrays may open. */
  #value(depth: number): MsgpackValue {
    const start = this.#take(1);
    const head = this.#view.getUint8(start);
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head < 0x90) return this.#map(head & 0x0f, depth, start);
    if (head < 0xa0) return this.#array(head & 0x0f, depth, start);
    if (head < 0xc0) return this.#string(head & 0x1f, start);
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xcb:
        // Adding zero turns -0, which no integer field knows, into 0.
        return this.#view.getFloat64(this.#take(8)) + 0;
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#unsigned(2 ** (head - 0xd9)), start);
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 ** (head - 0xdb)), depth, start);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 ** (head - 0xdd)), depth, start);
      default:
        return this.#integer(head, start);
    }
  }

  #integer(head: number, start: number): number | bigint {
    switch (head) {
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(2 ** (head - 0xcc));
      case 0xcf:
        return narrow(this.#view.getBigUint64(this.#take(8)));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return narrow(this.#view.getBigInt64(this.#take(8)));
      default: {
        const type = head.toString(16);
        throw new Stop('MALFORMED', start, `type 0x${type} (binary, extension or 32-bit float)`);
      }
    }
  }

  #string(size: number, start: number): string {
    const most = this.#limits.stringBytes;
    if (size > most) throw new Stop('MALFORMED', start, `a string of more than ${most} bytes`);
    const from = this.#take(size);
    let text = '';
    for (let at = from; at < from + size; at += 1) {
      const unit = this.#bytes[at] ?? 0;
      if (unit >= 0x80) return this.#unicode(from, size);
      text += String.fromCharCode(unit);
    }
    return text;
  }

  #unicode(from: number, size: number): string {
    try {
      return UTF8.decode(this.#bytes.subarray(from, from + size));
    } catch {
      throw new Stop('MALFORMED', from, 'a string that is not UTF-8');
    }
  }

  #array(length: number, depth: number, start: number): MsgpackValue[] {
    if (depth === 0) throw new Stop('MALFORMED', start, 'an array nested too deep');
    const most = this.#limits.arrayLength;
    if (length > most) throw new Stop('TOO_LARGE', start, `an array of more than ${most} values`);
    const values: MsgpackValue[] = [];
    for (let index = 0; index < length; index += 1) values.push(this.#value(depth - 1));
    return values;
  }

  #map(length: number, depth: number, start: number): MsgpackMap {
    if (depth === 0) throw new Stop('MALFORMED', start, 'a map nested too deep');
    const most = this.#limits.mapLength;
    if (length > most) throw new Stop('MALFORMED', start, `a map of more than ${most} keys`);
    const map = new Map<string, MsgpackValue>();
    for (let index = 0; index < length; index += 1) {
      const at = this.#at;
      const key = this.#value(0);
      if (typeof key !== 'string') throw new Stop('MALFORMED', at, 'a key that is no string');
      if (map.has(key)) throw new Stop('MALFORMED', at, `the key ${showMsgpack(key)} twice`);
      map.set(key, this.#value(depth - 1));
    }
    return map;
  }

  #unsigned(width: number): number {
    const at = this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Steps over `size` bytes and returns where they start. */
  #take(size: number): number {
    const start = this.#at;
    const missing = start + size - this.#bytes.byteLength;
    if (missing > 0) throw new Stop('TRUNCATED', start, `${missing} bytes are missing`);
    this.#at = start + size;
    return start;
  }
}

function narrow(value: bigint): number | bigint {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}
