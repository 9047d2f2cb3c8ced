// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Proofs of J. Groth, "On the Size of Pairing-based Non-interactive Arguments" (ePrint 2016/260),
 * by keys of snarkjs: for the witness w, with A(w) and B(w) by rows the values of two polynomials
 * on a domain,
 *
 *   A = alpha + sum w_i a_i + r delta        B = beta + sum w_i b_i + s delta (in G1 and in G2)
 *   C = sum w_i c_i (private wires) + sum q_j h_j + s A + r B - r s delta
 *
 * where q_j is A(w) B(w) - C(w) between the domain's points; the key has the quotient by the
 * domain's polynomial in the h_j. C(w) is taken for A(w) B(w) on the domain itself, so that a
 * witness that violates a constraint gets a proof that does not verify, not an error.
 */
import { randomBytes } from 'node:crypto';
import {
  Bn254Error,
  type FrVector,
  FrVectors,
  G1,
  G2,
  type Kernel,
  SCALAR_ORDER,
} from '@foldbook/bn254';
import { PROOF_BYTES } from '../groth16-bytes.ts';
import { ProverError } from '../prover-error.ts';
import type { ProvingKey, WireSum } from './proving-key.ts';
import { scalarsOf } from './wire-points.ts';

const ELEMENT_BYTES = 32;

/** What hides the witness: two elements that nobody may know, new for each proof. */
export interface Blinding {
  readonly r: bigint;
  readonly s: bigint;
}

/** Uniform below the order: 254 random bits, drawn again while they are not below it. */
export function drawScalar(): bigint {
  for (;;) {
    const bytes = randomBytes(ELEMENT_BYTES);
    bytes[0] = (bytes[0] ?? 0) & 0x3f;
    const value = BigInt(`0x${bytes.toString('hex')}`);
    if (value < SCALAR_ORDER) return value;
  }
}

export interface Groth16Options {
  /** Fixed in tests alone: with known r and s a proof tells about its witness. */
  readonly blinding?: Blinding;
  /** Hears what is done next, for measurements. */
  readonly onPhase?: (phase: Phase) => void;
}

export type Phase = 'matrices' | 'transforms' | 'H' | 'A' | 'B1' | 'C' | 'B2' | 'last';

/** Proves by one key; one proof at a time. */
export class Groth16Prover {
  readonly #g1: G1;
  readonly #g2: G2;
  readonly #vectors: FrVectors;
  readonly #key: ProvingKey;

  constructor(kernel: Kernel, key: ProvingKey) {
    this.#g1 = new G1(kernel);
    this.#g2 = new G2(kernel);
    this.#vectors = new FrVectors(kernel);
    this.#key = key;
  }

  /**
   * @param witness every wire's value: 32 bytes each, little-endian
   * @returns A, B, C as groth16-bytes.ts has them
   * @throws ProverError WITNESS: not one of the key's circuit
   */
  prove(witness: Uint8Array, options: Groth16Options = {}): Uint8Array {
    const { blinding = { r: drawScalar(), s: drawScalar() }, onPhase = () => undefined } = options;
    const { r, s } = blinding;
    const key = this.#key;
    const quotient = this.#quotientSum(this.#load(witness), onPhase);
    onPhase('A');
    const a = this.#sum(key.a, witness, [1n, r]);
    onPhase('B1');
    const b1 = this.#sum(key.b1, witness, [1n, s]);
    onPhase('C');
    const c = this.#sum(key.c, witness, []);
    onPhase('B2');
    const twisted = scalarsOf(key.b2.wires, witness, [1n, s]);
    const b2 = this.#g2.sumOfProducts(key.b2.points, twisted, 'little');
    onPhase('last');
    const rs = (SCALAR_ORDER - ((r * s) % SCALAR_ORDER)) % SCALAR_ORDER;
    const points = this.#g1.fromBytes(Buffer.concat([c, quotient, a, b1, key.delta1]));
    const scalars = scalarsOf(new Uint32Array(), witness, [1n, 1n, s, r, rs]);
    const proof = new Uint8Array(PROOF_BYTES);
    proof.set(a);
    proof.set(b2, a.length);
    try {
      proof.set(this.#g1.sumOfProducts(points, scalars, 'little'), a.length + b2.length);
    } finally {
      points.release();
    }
    return proof;
  }

  #load(witness: Uint8Array): FrVector {
    const { wireCount } = this.#key;
    if (witness.length !== ELEMENT_BYTES * wireCount) {
      const found = witness.length / ELEMENT_BYTES;
      throw refused(`it has ${found} wires, the proving key ${wireCount}`);
    }
    if (witness[0] !== 1 || witness.subarray(1, ELEMENT_BYTES).some((byte) => byte !== 0)) {
      throw refused('its first wire is not one');
    }
    try {
      return this.#vectors.fromBytes(witness, 'little');
    } catch (cause) {
      if (cause instanceof Bn254Error && cause.code === 'FIELD_RANGE') {
        throw refused(cause.message, cause);
      }
      throw cause;
    }
  }

  /** The sum of the quotient's points; gives the wires back. */
  #quotientSum(wires: FrVector, onPhase: (phase: Phase) => void): Uint8Array {
    const { matrices, domain, h } = this.#key;
    const held = [wires];
    const hold = (vector: FrVector): FrVector => {
      held.push(vector);
      return vector;
    };
    try {
      onPhase('matrices');
      const a = hold(this.#vectors.apply(matrices[0], wires));
      const b = hold(this.#vectors.apply(matrices[1], wires));
      onPhase('transforms');
      const c = hold(this.#vectors.multiply(a, b));
      for (const vector of [a, b, c]) domain.shift(vector);
      this.#vectors.multiply(a, b, a);
      this.#vectors.subtract(a, c, a);
      onPhase('H');
      return this.#g1.commit(h, a);
    } finally {
      for (const vector of held) vector.release();
    }
  }

  #sum({ wires, points }: WireSum, witness: Uint8Array, extra: readonly bigint[]): Uint8Array {
    return this.#g1.sumOfProducts(points, scalarsOf(wires, witness, extra), 'little');
  }
}

function refused(what: string, cause?: unknown): ProverError {
  return new ProverError('WITNESS', `the witness cannot be proved: ${what}`, { cause });
}
