/** Points and Groth16 as @noble/curves has them: for test data, and to hold ours against. */
import { bn254 } from '@noble/curves/bn254.js';
import { assert, at } from '../assert.ts';
import { BASE_ORDER, fromBigEndian, toBigEndian } from '../field.ts';
import type { Proof } from '../groth16.ts';
import type { VerifyingKey } from '../verifying-key.ts';

export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;
export type G1Point = InstanceType<typeof G1>;
export type G2Point = InstanceType<typeof G2>;

const SIGN_BIT = 0x80;

/** x, y; big-endian. */
export function encodeG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  return coordinates([x, y]);
}

/** In EIP-197's order: imaginary parts first. */
export function encodeG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  return coordinates([x.c1, x.c0, y.c1, y.c0]);
}

export function encodeCompressedG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  return signed([x], y);
}

export function encodeCompressedG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  return signed([x.c1, x.c0], y.c1 === 0n ? y.c0 : y.c1);
}

function signed(values: readonly bigint[], y: bigint): Uint8Array {
  const bytes = coordinates(values);
  if (2n * y > BASE_ORDER) bytes[0] = at(bytes, 0) | SIGN_BIT;
  return bytes;
}

function coordinates(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    bytes.set(toBigEndian(value), 32 * index);
  });
  return bytes;
}

const numberAt = (bytes: Uint8Array, index: number): bigint =>
  fromBigEndian(bytes.subarray(32 * index, 32 * (index + 1)));

export function decodeG1(bytes: Uint8Array): G1Point {
  const point = new G1(numberAt(bytes, 0), numberAt(bytes, 1), 1n);
  point.assertValidity();
  return point;
}

export function decodeG2(bytes: Uint8Array): G2Point {
  const { Fp } = G2;
  const x = { c0: numberAt(bytes, 1), c1: numberAt(bytes, 0) };
  const point = new G2(x, { c0: numberAt(bytes, 3), c1: numberAt(bytes, 2) }, Fp.ONE);
  point.assertValidity();
  assert(point.isTorsionFree(), 'a point of G2');
  return point;
}

/** Whether e(A, B) = e(alpha, beta) e(inputs, gamma) e(C, delta). */
export function referenceProves(
  key: VerifyingKey,
  proof: Proof,
  signals: readonly bigint[],
): boolean {
  let inputs = decodeG1(key.ic[0]);
  signals.forEach((signal, index) => {
    inputs = inputs.add(decodeG1(at(key.ic, index + 1)).multiplyUnsafe(signal));
  });
  const pairs = [
    { g1: decodeG1(proof.a).negate(), g2: decodeG2(proof.b) },
    { g1: decodeG1(key.alpha1), g2: decodeG2(key.beta2) },
    { g1: decodeG1(proof.c), g2: decodeG2(key.delta2) },
  ];
  // Infinity pairs to 1, and the library refuses to be asked for it.
  if (!inputs.is0()) pairs.push({ g1: inputs, g2: decodeG2(key.gamma2) });
  const { Fp12 } = bn254.fields;
  return Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE);
}
