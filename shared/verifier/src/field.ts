import { assert, at } from './assert.ts';

/** r: order of BN254's groups; every public signal, digest and root is below it. */
export const SCALAR_ORDER =
  21888242871839275222246405745257275088548364400416034343698204186575808495617n;
/** p: order of the field that BN254's coordinates lie in. */
export const BASE_ORDER =
  21888242871839275222246405745257275088696311157297823662689037894645226208583n;

export const FIELD_BYTES = 32;

/** `value` mod r, in [0, r). */
export function reduce(value: bigint): bigint {
  const rest = value % SCALAR_ORDER;
  return rest < 0n ? rest + SCALAR_ORDER : rest;
}

/** 1/value mod r, by the extended Euclidean algorithm. Throws for zero. */
export function inverse(value: bigint): bigint {
  let [low, high] = [reduce(value), SCALAR_ORDER];
  assert(low !== 0n, 'zero has no inverse');
  let [lowFactor, highFactor] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high % low, low];
    [lowFactor, highFactor] = [highFactor - lowFactor * quotient, lowFactor];
  }
  return reduce(lowFactor);
}

/** The inverses of all values, none of them zero, for the price of one (Montgomery's trick). */
export function inverses(values: readonly bigint[]): bigint[] {
  const prefix: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    prefix.push(product);
    product = reduce(product * value);
  }
  if (values.length === 0) return [];
  let rest = inverse(product);
  const result = new Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    result[i] = reduce(rest * at(prefix, i));
    rest = reduce(rest * at(values, i));
  }
  return result;
}

/** Big-endian bytes of any length as a number. */
export function fromBigEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = bytes.length % 8;
  let value = 0n;
  for (let i = 0; i < first; i++) value = (value << 8n) | BigInt(view.getUint8(i));
  for (let i = first; i < bytes.length; i += 8) value = (value << 64n) | view.getBigUint64(i);
  return value;
}

/** `value` as 32 big-endian bytes. */
export function toBigEndian(value: bigint): Uint8Array {
  assert(value >= 0n && value >> 256n === 0n, `${value} does not fit 32 bytes`);
  const bytes = new Uint8Array(FIELD_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < FIELD_BYTES; i += 8) {
    view.setBigUint64(i, BigInt.asUintN(64, value >> BigInt(8 * (FIELD_BYTES - 8 - i))));
  }
  return bytes;
}
