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

/** One for all books: an array of its own for each would cost more than the checksum. */
const bytes = new Uint8Array(8 + 2 * CHECKSUM_LEVELS * 16);
const view = new DataView(bytes.buffer);

/**
 * CRC-32 in plain JavaScript, so that browsers and engines without zlib can check a feed; of the
 * first `length` bytes.
 */
export function crc32(of: Uint8Array, length = of.byteLength): number {
  let crc = 0xffffffff;
  for (let i = 0; i < length; i += 1) crc = (crc >>> 8) ^ (TABLE[(crc ^ (of[i] ?? 0)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** `bids` and `asks` best first; levels past the tenth do not count. */
export function bookChecksum(bids: readonly PriceLevel[], asks: readonly PriceLevel[]): number {
  const bidCount = Math.min(bids.length, CHECKSUM_LEVELS);
  const askCount = Math.min(asks.length, CHECKSUM_LEVELS);
  view.setUint32(0, bidCount, true);
  view.setUint32(4, askCount, true);
  const asksAt = writeLevels(bids, bidCount, 8);
  return crc32(bytes, writeLevels(asks, askCount, asksAt));
}

/** The first `count` levels, from byte `offset` on; returns where they end. */
function writeLevels(levels: readonly PriceLevel[], count: number, offset: number): number {
  let at = offset;
  for (let i = 0; i < count; i += 1) {
    const level = levels[i];
    if (level === undefined) break;
    view.setBigUint64(at, level.price, true);
    view.setBigUint64(at + 8, level.quantity, true);
    at += 16;
  }
  return at;
}
