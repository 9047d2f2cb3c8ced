import { crc32 } from 'node:zlib';

/**
 * CRC-32 (IEEE 802.3) of bytes that come in pieces; in one piece: `crc32` of the protocol. Native,
 * because a market that moves is written while others wait, by code that has hardly ever run.
 */
export class Crc32 {
  #crc = 0;

  /** Bytes from `from` to `to` (exclusive). */
  add(bytes: Uint8Array, from = 0, to = bytes.byteLength): void {
    this.#crc = crc32(bytes.subarray(from, to), this.#crc);
  }

  get value(): number {
    return this.#crc;
  }
}
