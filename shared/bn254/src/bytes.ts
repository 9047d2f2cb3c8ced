import { Bn254Error, ELEMENT_BYTES } from './kernel.ts';
import { SCALAR_ORDER } from './orders.ts';

/** Writes `value` as 32 big-endian bytes. Throws FIELD_RANGE unless it is in [0, r). */
export function writeScalar(bytes: Uint8Array, offset: number, value: bigint): void {
  if (value < 0n || value >= SCALAR_ORDER) {
    throw new Bn254Error('FIELD_RANGE', `${value} is not in [0, r) of BN254's scalar field`);
  }
  writeNumber(bytes, offset, value);
}

/** As writeScalar, for numbers that are known to fit. */
export function writeNumber(bytes: Uint8Array, offset: number, value: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, ELEMENT_BYTES);
  view.setBigUint64(0, value >> 192n);
  view.setBigUint64(8, (value >> 128n) & 0xffff_ffff_ffff_ffffn);
  view.setBigUint64(16, (value >> 64n) & 0xffff_ffff_ffff_ffffn);
  view.setBigUint64(24, value & 0xffff_ffff_ffff_ffffn);
}

export function readNumber(bytes: Uint8Array, offset = 0): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, ELEMENT_BYTES);
  return (
    (view.getBigUint64(0) << 192n) |
    (view.getBigUint64(8) << 128n) |
    (view.getBigUint64(16) << 64n) |
    view.getBigUint64(24)
  );
}
