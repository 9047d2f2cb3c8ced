// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import type { Groth16Proof } from 'snarkjs';

const COORDINATE_BYTES = 32;
export const PROOF_BYTES = 8 * COORDINATE_BYTES;

/**
 * A proof of snarkjs as 256 bytes: A, B, C uncompressed and big-endian, B in EIP-197 order, that
 * is each coordinate's imaginary part first (snarkjs lists the real part first).
 */
export function proofBytes(proof: Groth16Proof): Uint8Array {
  const [ax, ay] = proof.pi_a;
  const [bx, by] = proof.pi_b;
  const [cx, cy] = proof.pi_c;
  const coordinates = [ax, ay, bx?.[1], bx?.[0], by?.[1], by?.[0], cx, cy];
  const bytes = new Uint8Array(PROOF_BYTES);
  coordinates.forEach((coordinate, index) => {
    assert(coordinate !== undefined, 'a proof has eight coordinates');
    writeBigEndian(bytes, index * COORDINATE_BYTES, BigInt(coordinate));
  });
  return bytes;
}

/** The proof of such bytes as snarkjs has it. */
export function proofParts(bytes: Uint8Array): Groth16Proof {
  const part = (index: number): string => {
    const start = COORDINATE_BYTES * index;
    const coordinate = Buffer.from(bytes.subarray(start, start + COORDINATE_BYTES));
    return BigInt(`0x${coordinate.toString('hex')}`).toString();
  };
  return {
    pi_a: [part(0), part(1), '1'],
    pi_b: [
      [part(3), part(2)],
      [part(5), part(4)],
      ['1', '0'],
    ],
    pi_c: [part(6), part(7), '1'],
    protocol: 'groth16',
    curve: 'bn128',
  };
}

function writeBigEndian(bytes: Uint8Array, offset: number, value: bigint): void {
  let rest = value;
  for (let at = offset + COORDINATE_BYTES - 1; at >= offset; at -= 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  assert(rest === 0n, 'a coordinate fits 32 bytes');
}
