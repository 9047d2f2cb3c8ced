/**
 * The checksum that market data carries: CRC-32 (IEEE 802.3, as in zlib) over the ten best levels
 * of each side. Bytes, little-endian: u32 number of bid levels, u32 number of ask levels, then each
 * bid (best first) as u64 price and u64 quantity, then each ask.
 */
import { CHECKSUM_LEVELS } from './limits.ts';

export interface PriceLevel {
  readonly price: bigint;
  readonly quantity: bigint;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32 in plain JavaScript, so that browsers and engines without zlib can check a feed. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** `bids` and `asks` best first; levels past the tenth do not count. */
export function bookChecksum(bids: readonly PriceLevel[], asks: readonly PriceLevel[]): number {
  const bidCount = Math.min(bids.length, CHECKSUM_LEVELS);
  const askCount = Math.min(asks.length, CHECKSUM_LEVELS);
  const bytes = new Uint8Array(8 + (bidCount + askCount) * 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bidCount, true);
  view.setUint32(4, askCount, true);
  let offset = 8;
  for (const level of [...bids.slice(0, bidCount), ...asks.slice(0, askCount)]) {
    view.setBigUint64(offset, level.price, true);
    view.setBigUint64(offset + 8, level.quantity, true);
    offset += 16;
  }
  return crc32(bytes);
}
