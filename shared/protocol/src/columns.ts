/**
 * Columns of small unsigned integers as bytes: what packed records are made of. Runs in browsers.
 *
 * ```
 * column = entry ...
 * entry  = varint of a value from 1 on | 0x00, varint of (zeros in a row - 1)
 * varint = 7 bits a byte from the lowest on, each byte but the last with bit 7 set; no longer than
 *          it must be, below 2^64
 * ```
 *
 * Two runs of zeros never follow each other, so that a list of values has one encoding.
 */

/** Values from there on are no exact numbers of JavaScript. */
const NUMBER_LIMIT = 2 ** 53;
const BIG_LIMIT = 1n << 64n;
/** A varint of so many bytes is below 2^49, and so a number. */
const NUMBER_BYTES = 7;
const LONGEST_BYTES = 10;
/** Of zeros in a row: more than any list of values has. */
const RUN_LIMIT = 2 ** 32;
const FIRST_CAPACITY = 256;

/** What stops a reader: `offset` is of the byte that is wrong. Does not return. */
export type RefuseColumn = (what: string, offset: number) => never;

/** Signed to unsigned: 0, -1, 1, -2 ... become 0, 1, 2, 3 ... */
export const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
export const unzigzag = (value: number): number => {
  // Of 31 bits they are quicker.
  if (value < 0x4000_0000) return (value >>> 1) ^ -(value & 1);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
};
export const zigzagBig = (value: bigint): bigint => (value < 0n ? -2n * value - 1n : 2n * value);
export const unzigzagBig = (value: bigint): bigint =>
  value % 2n === 0n ? value / 2n : -(value + 1n) / 2n;

export class ColumnWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  /** Zeros that are not written yet. */
  #zeros = 0;

  /** @param value - an integer from 0 to 2^53 - 1 */
  push(value: number): void {
    if (value === 0) {
      this.#zeros += 1;
      return;
    }
    this.#endZeros();
    this.#varint(value);
  }

  /** @param value - from 0 to 2^64 - 1 */
  pushBig(value: bigint): void {
    if (value < NUMBER_LIMIT) {
      this.push(Number(value));
      return;
    }
    this.#endZeros();
    this.#reserve();
    let rest = value;
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  /** @param value - what fits either of the two */
  pushAny(value: number | bigint): void {
    if (typeof value === 'number') this.push(value);
    else this.pushBig(value);
  }

  /** The column: a view of this writer's memory. Nothing may be pushed after it. */
  finish(): Uint8Array {
    this.#endZeros();
    return this.#bytes.subarray(0, this.#length);
  }

  #endZeros(): void {
    if (this.#zeros === 0) return;
    const more = this.#zeros - 1;
    this.#zeros = 0;
    this.#varint(0);
    this.#varint(more);
  }

  #varint(value: number): void {
    this.#reserve();
    let rest = value;
    while (rest >= 0x80) {
      // Not by bit operations: they know 32 bits.
      this.#bytes[this.#length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(): void {
    if (this.#bytes.length - this.#length >= LONGEST_BYTES) return;
    const grown = new Uint8Array(2 * this.#bytes.length);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

export class ColumnReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #refuse: RefuseColumn;
  #offset: number;
  /** Zeros of a run that are still to come. */
  #zeros = 0;
  #isAfterZeros = false;
  /** Where the value began that was read last. */
  #start: number;

  /** Reads the column at `start` to `end` of `bytes`, which are there. */
  constructor(bytes: Uint8Array, start: number, end: number, refuse: RefuseColumn) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#start = start;
    this.#end = end;
    this.#refuse = refuse;
  }

  /** Blames the value that was read last. */
  refuse(what: string): never {
    return this.#refuse(what, this.#start);
  }

  /** @param limit - refuses values from there on; 2^53 at most */
  next(limit: number = NUMBER_LIMIT): number {
    if (this.#isZero()) return 0;
    const first = this.#bytes[this.#offset] ?? 0;
    let value = first;
    if (first < 0x80) this.#offset += 1;
    else value = this.#number();
    if (value >= limit) this.refuse(`${value} is not below ${limit}`);
    return value;
  }

  /** @param limit - refuses values from there on; 2^64 at most */
  nextBig(limit: bigint = BIG_LIMIT): bigint {
    if (this.#isZero()) return 0n;
    const value = this.#varint();
    if (value >= limit) this.refuse(`${value} is not below ${limit}`);
    return BigInt(value);
  }

  /** A number where the value is below 2^49, else a bigint below 2^64. */
  nextAny(): number | bigint {
    if (this.#isZero()) return 0;
    const first = this.#bytes[this.#offset] ?? 0;
    // Most values have one byte, or two.
    if (first < 0x80) {
      this.#offset += 1;
      return first;
    }
    const second = this.#bytes[this.#offset + 1] ?? 0;
    if (second === 0 || second >= 0x80 || this.#offset + 2 > this.#end) return this.#varint();
    this.#offset += 2;
    return first - 0x80 + 0x80 * second;
  }

  /** Refuses a column that has more than was read. */
  end(): void {
    if (this.#zeros > 0) this.refuse(`${this.#zeros} more zeros than there are values`);
    if (this.#offset === this.#end) return;
    this.#refuse(`${this.#end - this.#offset} bytes follow the column's last value`, this.#offset);
  }

  /** Whether the next value is zero, which it then takes. */
  #isZero(): boolean {
    if (this.#zeros > 0) {
      this.#zeros -= 1;
      return true;
    }
    this.#start = this.#offset;
    if (this.#offset >= this.#end) this.refuse('the column ends before its last value');
    if (this.#bytes[this.#offset] !== 0) {
      this.#isAfterZeros = false;
      return false;
    }
    if (this.#isAfterZeros) this.refuse('a run of zeros follows another one');
    this.#offset += 1;
    const more = this.#varint();
    if (more >= RUN_LIMIT) this.refuse(`a run of ${more} zeros`);
    this.#zeros = Number(more);
    this.#isAfterZeros = true;
    return true;
  }

  #number(): number {
    const value = this.#varint();
    return typeof value === 'number' ? value : Number(value);
  }

  /** A number, or a bigint when it has more bytes than numbers have for certain. */
  #varint(): number | bigint {
    let value = 0;
    let scale = 1;
    for (let length = 1; length <= NUMBER_BYTES; length += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return this.#checkLast(byte, length, value);
      scale *= 0x80;
    }
    let big = BigInt(value);
    for (let length = NUMBER_BYTES + 1; length <= LONGEST_BYTES; length += 1) {
      const byte = this.#byte();
      big += BigInt(byte & 0x7f) << BigInt(7 * (length - 1));
      if (byte < 0x80) return this.#checkLast(byte, length, big);
    }
    return this.refuse(`a number of more than ${LONGEST_BYTES} bytes`);
  }

  #checkLast<T extends number | bigint>(byte: number, length: number, value: T): T {
    if (byte === 0 && length > 1) this.refuse('a number is longer than it must be');
    if (value >= BIG_LIMIT) this.refuse(`${value} is not below 2^64`);
    return value;
  }

  #byte(): number {
    if (this.#offset >= this.#end) this.refuse('the column ends within a number');
    const byte = this.#bytes[this.#offset] ?? 0;
    this.#offset += 1;
    return byte;
  }
}
