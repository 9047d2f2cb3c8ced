import { createHash } from 'node:crypto';
import { at, baseOrder, scalarOrder, writeLittleEndian } from './field.ts';
import type { ConstraintSystem } from './r1cs.ts';
import { type Section, writeSections } from './sections.ts';

/** Affine points in little-endian Montgomery coordinates; 64 bytes each in G1, 128 in G2. */
export interface ProvingKey {
  readonly alpha1: Uint8Array;
  readonly beta1: Uint8Array;
  readonly beta2: Uint8Array;
  readonly gamma2: Uint8Array;
  readonly delta1: Uint8Array;
  readonly delta2: Uint8Array;
  /** One for the constant and one for each public signal. */
  readonly publicPoints: Uint8Array;
  /** One a wire. */
  readonly a1: Uint8Array;
  readonly b1: Uint8Array;
  readonly b2: Uint8Array;
  /** One a private wire. */
  readonly c1: Uint8Array;
  /** One a domain point. */
  readonly h1: Uint8Array;
}

/** The evaluation domain of snarkjs's prover: the least power of two that holds every row. */
export function proverDomain(system: ConstraintSystem): { bits: number; size: number } {
  const lastRow = system.constraintCount + system.publicCount;
  const bits = 32 - Math.clz32(lastRow);
  return { bits, size: 2 ** bits };
}

/**
 * The bytes of a snarkjs .zkey (Groth16, version 1, sections 1 to 10). Section 10 names the
 * constraint system and lists no contribution: this key comes from no ceremony.
 */
export function writeZkey(system: ConstraintSystem, key: ProvingKey): Uint8Array {
  const coefficients = coefficientSection(system);
  const sections: Section[] = [
    { id: 1, bytes: u32(1) },
    { id: 2, bytes: headerSection(system, key) },
    { id: 3, bytes: key.publicPoints },
    { id: 4, bytes: coefficients },
    { id: 5, bytes: key.a1 },
    { id: 6, bytes: key.b1 },
    { id: 7, bytes: key.b2 },
    { id: 8, bytes: key.c1 },
    { id: 9, bytes: key.h1 },
    { id: 10, bytes: contributionSection(coefficients) },
  ];
  return writeSections('zkey', 1, sections);
}

function headerSection(system: ConstraintSystem, key: ProvingKey): Uint8Array {
  return Buffer.concat([
    u32(32),
    field(baseOrder),
    u32(32),
    field(scalarOrder),
    u32(system.wireCount),
    u32(system.publicCount),
    u32(proverDomain(system).size),
    key.alpha1,
    key.beta1,
    key.beta2,
    key.gamma2,
    key.delta1,
    key.delta2,
  ]);
}

/**
 * The nonzero entries of A (0) and B (1): u32 matrix, u32 row, u32 wire, value. Values are kept
 * times 2^512: the prover multiplies them by plain witness values with a Montgomery product and
 * so has Montgomery sums. C is not needed: the prover takes A B for it.
 */
function coefficientSection(system: ConstraintSystem): Uint8Array {
  const { constraintCount, publicCount, starts, wires, coefficients } = system;
  const entryBytes = 44;
  let count = publicCount + 1;
  for (let c = 0; c < constraintCount; c++) {
    count += at(starts, 3 * c + 2) - at(starts, 3 * c);
  }
  const bytes = new Uint8Array(4 + count * entryBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, count, true);
  let offset = 4;
  const write = (matrix: number, row: number, wire: number, value: bigint): void => {
    view.setUint32(offset, matrix, true);
    view.setUint32(offset + 4, row, true);
    view.setUint32(offset + 8, wire, true);
    writeLittleEndian(view, offset + 12, (value << 512n) % scalarOrder);
    offset += entryBytes;
  };
  for (let c = 0; c < constraintCount; c++) {
    for (let matrix = 0; matrix < 2; matrix++) {
      const end = at(starts, 3 * c + matrix + 1);
      for (let term = at(starts, 3 * c + matrix); term < end; term++) {
        write(matrix, c, at(wires, term), at(coefficients, term));
      }
    }
  }
  for (let wire = 0; wire <= publicCount; wire++) write(0, constraintCount + wire, wire, 1n);
  return bytes;
}

/** 64 bytes that name the circuit, and the number of contributions. */
function contributionSection(coefficients: Uint8Array): Uint8Array {
  const name = createHash('sha512').update('foldbook insecure development key v1\n');
  return Buffer.concat([name.update(coefficients).digest(), u32(0)]);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function field(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  writeLittleEndian(new DataView(bytes.buffer), 0, value);
  return bytes;
}
