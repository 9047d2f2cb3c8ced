/** CRC-32 (IEEE 802.3) of bytes that come in pieces; in one piece: `crc32` of the protocol. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

export class Crc32 {
  #crc = 0xffffffff;

  /** Bytes from `from` to `to` (exclusive). */
  add(bytes: Uint8Array, from = 0, to = bytes.byteLength): void {
    let crc = this.#crc;
    for (let at = from; at < to; at += 1) {
      crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
    }
    this.#crc = crc;
  }

  get value(): number {
    return (this.#crc ^ 0xffffffff) >>> 0;
  }
}
