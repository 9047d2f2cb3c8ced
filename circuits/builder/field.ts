import assert from 'node:assert/strict';

/** Order of the BN254 scalar field: what circuits compute in. */
export const scalarOrder =
  21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Order of the BN254 base field: coordinates of curve points. */
export const baseOrder =
  21888242871839275222246405745257275088696311157297823662689037894645226208583n;

/** The representative of `value` in [0, order); `value` may be negative. */
export function reduce(value: bigint, order: bigint = scalarOrder): bigint {
  const rest = value % order;
  return rest < 0n ? rest + order : rest;
}

export function power(base: bigint, exponent: bigint, order: bigint = scalarOrder): bigint {
  let result = 1n;
  let square = reduce(base, order);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % order;
    square = (square * square) % order;
  }
  return result;
}

/** 1 / value for value != 0 mod order (prime). */
export function inverse(value: bigint, order: bigint = scalarOrder): bigint {
  assert(reduce(value, order) !== 0n, 'zero has no inverse');
  return power(value, order - 2n, order);
}

/** The inverses of nonzero scalars, at three products each and one inversion in all. */
export function inverses(values: readonly bigint[]): bigint[] {
  const before: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    before.push(product);
    product = (product * value) % scalarOrder;
  }
  let rest = inverse(product);
  const result = new Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    result[i] = (rest * at(before, i)) % scalarOrder;
    rest = (rest * at(values, i)) % scalarOrder;
  }
  return result;
}

/** list[index], which must exist. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const value = list[index];
  assert(value !== undefined, `index ${index} outside a list of ${list.length}`);
  return value;
}

/** 32 little-endian bytes of `value` at `offset`; 0 <= value < 2^256. */
export function writeLittleEndian(target: DataView, offset: number, value: bigint): void {
  for (let word = 0; word < 4; word++) {
    target.setBigUint64(offset + 8 * word, BigInt.asUintN(64, value >> BigInt(64 * word)), true);
  }
}

/** 32 little-endian bytes at `offset`. */
export function readLittleEndian(source: DataView, offset: number): bigint {
  let value = 0n;
  for (let word = 3; word >= 0; word--) {
    value = (value << 64n) | source.getBigUint64(offset + 8 * word, true);
  }
  return value;
}

/** 32 big-endian bytes of `value` at `offset`; 0 <= value < 2^256. */
export function writeBigEndian(target: DataView, offset: number, value: bigint): void {
  for (let word = 0; word < 4; word++) {
    const part = BigInt.asUintN(64, value >> BigInt(64 * (3 - word)));
    target.setBigUint64(offset + 8 * word, part, false);
  }
}
