import { bn254 } from '@noble/curves/bn254.js';
import type { ByteReader } from './decoding.ts';
import { BASE_ORDER, toBigEndian } from './field.ts';

export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;
export type G1Point = InstanceType<typeof G1>;
export type G2Point = InstanceType<typeof G2>;

export const G1_BYTES = 64;
export const G2_BYTES = 128;

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
