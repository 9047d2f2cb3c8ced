import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from './assert.ts';

export { bytesToHex, concatBytes, hexToBytes, utf8ToBytes };

/** SHA-256 of a domain (ASCII, with its newline) followed by the parts. */
export function domainHash(domain: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(domain), ...parts));
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Bytes of a fixed layout, little-endian, written in order; `finish` demands the exact length. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.#view = new DataView(this.#bytes.buffer);
  }

  unsigned(value: number | bigint, width: 1 | 2 | 3 | 4 | 8): this {
    let rest = BigInt(value);
    assert(rest >= 0n && rest >> BigInt(8 * width) === 0n, `${value} does not fit u${8 * width}`);
    for (let i = 0; i < width; i++) {
      this.#view.setUint8(this.#offset + i, Number(rest & 0xffn));
      rest >>= 8n;
    }
    this.#offset += width;
    return this;
  }

  signed64(value: bigint): this {
    assert(BigInt.asIntN(64, value) === value, `${value} does not fit i64`);
    this.#view.setBigInt64(this.#offset, value, true);
    this.#offset += 8;
    return this;
  }

  bytes(value: Uint8Array, length: number): this {
    assert(value.length === length, `${value.length} bytes in a field of ${length}`);
    this.#bytes.set(value, this.#offset);
    this.#offset += length;
    return this;
  }

  ascii(text: string): this {
    return this.bytes(utf8ToBytes(text), text.length);
  }

  finish(): Uint8Array {
    assert(
      this.#offset === this.#bytes.length,
      `${this.#offset} bytes written of ${this.#bytes.length}`,
    );
    return this.#bytes;
  }
}
