import { Bn254Error, g1, g2 } from '@foldbook/bn254/ready';
import { concatBytes } from './bytes.ts';
import type { ByteReader } from './decoding.ts';
import { BASE_ORDER, fromBigEndian, toBigEndian } from './field.ts';

/** Points are kept as the bytes they were read from, checked: x, y of 64 or 128 bytes. */
export const G1_BYTES = 64;
export const G2_BYTES = 128;
export const COMPRESSED_G1_BYTES = 32;
export const COMPRESSED_G2_BYTES = 64;

const COORDINATE_BYTES = 32;
/** Highest bit of a compressed point: of y and -y it is the larger. */
export const SIGN_BIT = 0x80;

/** A point of G1: x, y big-endian; below p, on the curve, not infinity. */
export function readG1(reader: ByteReader, what: string): Uint8Array {
  const start = reader.offset;
  const bytes = readCoordinates(reader, 2, what);
  if (!isPoint(() => g1.fromBytes(bytes))) reader.refuse(`${what} is not a point of G1`, start);
  return bytes;
}

/** A point of G2 in EIP-197 order (imaginary part first); on the curve and in the subgroup. */
export function readG2(reader: ByteReader, what: string): Uint8Array {
  const start = reader.offset;
  const bytes = readCoordinates(reader, 4, what);
  if (!isPoint(() => g2.fromBytes(bytes))) {
    reader.refuse(`${what} is not a point of G2's subgroup`, start);
  }
  return bytes;
}

/** A point of G1 by its x and the sign of its y. Infinity has no such form. */
export function readCompressedG1(reader: ByteReader, what: string): Uint8Array {
  const start = reader.offset;
  const found = g1.fromSigned(readSigned(reader, 1));
  if ('wrong' in found) return reader.refuse(`${what} is not a point of G1`, start);
  return bytesOf(found);
}

/** A point of G2: imaginary part first, the sign of y by its imaginary part unless that is 0. */
export function readCompressedG2(reader: ByteReader, what: string): Uint8Array {
  const start = reader.offset;
  const found = g2.fromSigned(readSigned(reader, 2));
  if ('wrong' in found) return reader.refuse(`${what} is not a point of G2's subgroup`, start);
  return bytesOf(found);
}

interface Points {
  toBytes(): Uint8Array;
  release(): void;
}

function bytesOf(points: Points): Uint8Array {
  const bytes = points.toBytes();
  points.release();
  return bytes;
}

function isPoint(read: () => Points): boolean {
  try {
    read().release();
    return true;
  } catch (error) {
    if (error instanceof Bn254Error) return false;
    throw error;
  }
}

/** Numbers below p, not all of them zero. */
function readCoordinates(reader: ByteReader, count: number, what: string): Uint8Array {
  const start = reader.offset;
  const values = Array.from({ length: count }, () => reader.fieldElement(BASE_ORDER));
  if (values.every((value) => value === 0n)) {
    reader.refuse(`${what} is the point at infinity`, start);
  }
  return concatBytes(...values.map(toBigEndian));
}

/** Numbers below p, but for the first bit. */
function readSigned(reader: ByteReader, count: number): Uint8Array {
  const start = reader.offset;
  const first = reader.bytes(COORDINATE_BYTES);
  const flag = (first[0] ?? 0) & SIGN_BIT;
  if (fromBigEndian(first) - (BigInt(flag) << 248n) >= BASE_ORDER) {
    reader.refuse('a coordinate is not below the order of its field', start);
  }
  if (count === 1) return first;
  return concatBytes(first, toBigEndian(reader.fieldElement(BASE_ORDER)));
}

export function compressG1(point: Uint8Array): Uint8Array {
  return compressed(point.slice(0, COMPRESSED_G1_BYTES), point.subarray(COORDINATE_BYTES));
}

export function compressG2(point: Uint8Array): Uint8Array {
  const y = point.subarray(COMPRESSED_G2_BYTES);
  const isReal = y.subarray(0, COORDINATE_BYTES).every((byte) => byte === 0);
  const part = isReal ? y.subarray(COORDINATE_BYTES) : y.subarray(0, COORDINATE_BYTES);
  return compressed(point.slice(0, COMPRESSED_G2_BYTES), part);
}

/** Flags x where y, or the part of it that counts, is larger than -y. */
function compressed(x: Uint8Array, y: Uint8Array): Uint8Array {
  if (2n * fromBigEndian(y) > BASE_ORDER) x[0] = (x[0] ?? 0) | SIGN_BIT;
  return x;
}

/** The negative of a point of G1, which is not infinity. */
export function negateG1(point: Uint8Array): Uint8Array {
  const y = fromBigEndian(point.subarray(COORDINATE_BYTES));
  return concatBytes(point.subarray(0, COORDINATE_BYTES), toBigEndian(BASE_ORDER - y));
}
