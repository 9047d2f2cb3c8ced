import { bn254 } from '@noble/curves/bn254.js';
import { type Pair, squareRoot, squareRootOfPair } from './base-field.ts';
import type { ByteReader } from './decoding.ts';
import { BASE_ORDER, fromBigEndian, toBigEndian } from './field.ts';
import { isInSubgroup } from './subgroup.ts';

export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;
export type G1Point = InstanceType<typeof G1>;
export type G2Point = InstanceType<typeof G2>;

export const G1_BYTES = 64;
export const G2_BYTES = 128;
export const COMPRESSED_G1_BYTES = 32;
export const COMPRESSED_G2_BYTES = 64;

/** Highest bit of a compressed point: of y and -y it is the larger. */
const SIGN_BIT = 0x80;
const G1_B = bn254.G1.Point.CURVE().b;
const G2_B = bn254.G2.Point.CURVE().b;

/** A point of G1: x, y big-endian; below p, on the curve, not infinity. */
export function readG1(reader: ByteReader, what: string): G1Point {
  const start = reader.offset;
  const x = reader.fieldElement(BASE_ORDER);
  const y = reader.fieldElement(BASE_ORDER);
  if (x === 0n && y === 0n) reader.refuse(`${what} is the point at infinity`, start);
  const point = validPoint(() => new G1(x, y, 1n));
  return point ?? reader.refuse(`${what} is not a point of G1`, start);
}

/** A point of G2 in EIP-197 order (imaginary part first); on the curve and in the subgroup. */
export function readG2(reader: ByteReader, what: string): G2Point {
  const start = reader.offset;
  const [x1, x0, y1, y0] = [
    reader.fieldElement(BASE_ORDER),
    reader.fieldElement(BASE_ORDER),
    reader.fieldElement(BASE_ORDER),
    reader.fieldElement(BASE_ORDER),
  ];
  if ([x0, x1, y0, y1].every((coordinate) => coordinate === 0n)) {
    reader.refuse(`${what} is the point at infinity`, start);
  }
  const { Fp2 } = bn254.fields;
  const make = () => new G2(Fp2.fromBigTuple([x0, x1]), Fp2.fromBigTuple([y0, y1]), Fp2.ONE);
  return validPoint(make) ?? reader.refuse(`${what} is not a point of G2's subgroup`, start);
}

/** A point of G1 by its x and the sign of its y. Infinity has no such form. */
export function readCompressedG1(reader: ByteReader, what: string): G1Point {
  const start = reader.offset;
  const { value: x, isLarger } = readSigned(reader);
  const root = squareRoot((x * x * x + G1_B) % BASE_ORDER);
  if (root === undefined) return reader.refuse(`${what} is not a point of G1`, start);
  const y = isLarger === isLargerRoot([root, 0n]) ? root : BASE_ORDER - root;
  return new G1(x, y, 1n);
}

/** A point of G2: imaginary part first, the sign of y by its imaginary part unless that is 0. */
export function readCompressedG2(reader: ByteReader, what: string): G2Point {
  const start = reader.offset;
  const { value: x1, isLarger } = readSigned(reader);
  const x0 = reader.fieldElement(BASE_ORDER);
  const { Fp2 } = bn254.fields;
  const x = Fp2.fromBigTuple([x0, x1]);
  const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2_B);
  const root = squareRootOfPair([square.c0, square.c1]);
  const isZero = root !== undefined && root[0] === 0n && root[1] === 0n;
  if (root === undefined || isZero || !isInSubgroup([x0, x1], root)) {
    return reader.refuse(`${what} is not a point of G2's subgroup`, start);
  }
  const y = Fp2.fromBigTuple([...root]);
  return new G2(x, isLarger === isLargerRoot(root) ? y : Fp2.neg(y), Fp2.ONE);
}

function readSigned(reader: ByteReader): { value: bigint; isLarger: boolean } {
  const start = reader.offset;
  const bytes = reader.bytes(32);
  const first = bytes[0] ?? 0;
  bytes[0] = first & ~SIGN_BIT;
  const value = fromBigEndian(bytes);
  if (value >= BASE_ORDER) reader.refuse('a coordinate is not below the order of its field', start);
  return { value, isLarger: first >= SIGN_BIT };
}

function isLargerRoot([c0, c1]: Pair): boolean {
  return 2n * (c1 === 0n ? c0 : c1) > BASE_ORDER;
}

export function encodeCompressedG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  return signed([x], isLargerRoot([y, 0n]));
}

export function encodeCompressedG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  return signed([x.c1, x.c0], isLargerRoot([y.c0, y.c1]));
}

function signed(values: readonly bigint[], isLarger: boolean): Uint8Array {
  const bytes = coordinates(values);
  if (isLarger) bytes[0] = (bytes[0] ?? 0) | SIGN_BIT;
  return bytes;
}

/**
 * On the curve and of prime order: the library says so by not throwing, and for some coordinates
 * (y = 0) it is the constructor that throws.
 */
function validPoint<Point extends G1Point | G2Point>(make: () => Point): Point | undefined {
  try {
    const point = make();
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

export function encodeG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  return coordinates([x, y]);
}

export function encodeG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  return coordinates([x.c1, x.c0, y.c1, y.c0]);
}

function coordinates(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    bytes.set(toBigEndian(value), 32 * index);
  });
  return bytes;
}
