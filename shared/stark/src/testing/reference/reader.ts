/** Reads bytes that may be anything. */
import { at, type Element, P } from './field.ts';
import { DIGEST_BYTES, integerOf } from './hash.ts';
import { require } from './refusal.ts';

/** Reads bytes one after another; what is not there, or not canonical, is refused. */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bytes(count: number): Uint8Array {
    require(this.#bytes.length - this.#offset >= count, 'too short');
    this.#offset += count;
    return this.#bytes.slice(this.#offset - count, this.#offset);
  }

  /** An unsigned integer of 1, 2 or 4 bytes. */
  integer(sizeBytes: 1 | 2 | 4): number {
    return integerOf(this.bytes(sizeBytes));
  }

  u64(): bigint {
    const low = BigInt(this.integer(4));
    return low + (BigInt(this.integer(4)) << 32n);
  }

  zeros(count: number): void {
    require(this.bytes(count).every((byte) => byte === 0), 'a reserved byte is not 0');
  }

  /** A base element. */
  base(): bigint {
    const value = BigInt(this.integer(4));
    require(value < P, 'a field element is not below p');
    return value;
  }

  element(): Element {
    return Array.from({ length: 5 }, () => this.base());
  }

  elements(count: number): Element[] {
    return Array.from({ length: count }, () => this.element());
  }

  digests(count: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.bytes(DIGEST_BYTES));
  }

  end(): void {
    require(this.#offset === this.#bytes.length, 'bytes are left over');
  }
}

/** Base elements as they stand on the wire. */
export function baseBytes(values: ArrayLike<number | bigint>): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i += 1) view.setUint32(4 * i, Number(at(values, i)), true);
  return bytes;
}

export function elementBytes(elements: readonly (readonly (number | bigint)[])[]): Uint8Array {
  return baseBytes(elements.flat());
}
