// SPDX-License-Identifier: GPL-3.0-or-later
/** Folds witnesses: the prover's side of shared/verifier/FOLDING.md. */
import assert from 'node:assert/strict';
import { type FrVector, FrVectors, type LoadedMatrix, Multilinear } from '@foldbook/bn254';
import { kernel } from '@foldbook/bn254/ready';
import {
  combineInstances,
  combinePoints,
  commitWitness,
  type FoldInstance,
  type FoldKey,
  type FoldStep,
  FoldTranscript,
  freshInstance,
  fromBigEndian,
  padded,
  toBigEndian,
  valueBytes,
  witnessLength,
} from '@foldbook/verifier';
import { ProverError } from '../prover-error.ts';
import { type Polynomials, Sumcheck } from './sumcheck.ts';

const vectors = new FrVectors(kernel);

/** An instance with what it is about, in the kernel's memory until it is released. */
export interface Accumulator {
  readonly instance: FoldInstance;
  /** (u, x, W). */
  readonly z: FrVector;
  /** A z, B z, C z, with zeros up to a power of two. */
  readonly products: Polynomials;
}

export class FoldProver {
  readonly key: FoldKey;
  readonly #matrices: readonly [LoadedMatrix, LoadedMatrix, LoadedMatrix];
  readonly #multilinear = new Multilinear(kernel);

  constructor(key: FoldKey) {
    this.key = key;
    const values = valueBytes(key.shape);
    const rows = 2 ** key.variables;
    const [a, b, c] = key.shape.matrices.map((matrix) =>
      vectors.matrix({ ...matrix, rowStarts: padded(matrix.rowStarts, rows), values }),
    );
    assert(a !== undefined && b !== undefined && c !== undefined);
    this.#matrices = [a, b, c];
  }

  /**
   * A leaf: its commitment is its proof.
   * @param wires of the circuit, 32 bytes each, little-endian, the one first
   * @throws ProverError PROOF_FAILED for wires that do not satisfy it
   */
  leaf(wires: Uint8Array): Accumulator {
    const { publicCount } = this.key.shape;
    assert(wires.length === 32 * this.key.shape.wires, 'a value for each wire');
    const z = vectors.fromBytes(wires, 'little');
    const products = this.#products(z);
    const violated = firstViolated(products);
    if (violated !== -1) {
      this.release({ z, products });
      const message = `the circuit's constraint ${violated} does not hold: its inputs are wrong`;
      throw new ProverError('PROOF_FAILED', message);
    }
    const commitment = commitWitness(this.#witnessOf(z));
    const x = elements(z.part(1, publicCount));
    return { instance: freshInstance(commitment, x), z, products };
  }

  /** One that was written down by its instance and witness (big-endian). */
  restored(instance: FoldInstance, witness: Uint8Array): Accumulator {
    const u = instance.kind === 'fresh' ? 1n : instance.u;
    const head = [u, ...instance.x].map(toBigEndian);
    const z = vectors.fromBytes(Uint8Array.from(Buffer.concat([...head, witness])));
    return { instance, z, products: this.#products(z) };
  }

  /** The witness of an accumulator, big-endian: of the last one it is the opening. */
  witness({ z }: Accumulator): Uint8Array {
    return this.#witnessOf(z).toBytes();
  }

  release({ z, products }: Pick<Accumulator, 'z' | 'products'>): void {
    z.release();
    for (const product of products) product.release();
  }

  /** Folds one accumulator (a lone leaf) or two; they are used up. */
  fold(accumulators: readonly Accumulator[]): { step: FoldStep; folded: Accumulator } {
    const [left, right] = accumulators;
    assert(left !== undefined && accumulators.length <= 2, 'one or two are folded');
    const instances = accumulators.map(({ instance }) => instance);
    const transcript = new FoldTranscript(this.key.digest, instances);
    const gamma = transcript.gamma();
    const beta = transcript.beta(this.key.variables);
    const sumcheck = new Sumcheck(this.#multilinear, accumulators, gamma, beta);
    const rounds: bigint[][] = [];
    const point: bigint[] = [];
    while (rounds.length < this.key.variables) {
      const polynomial = sumcheck.round();
      const r = transcript.round(rounds.length, polynomial);
      rounds.push(polynomial);
      point.push(r);
      sumcheck.bind(r);
    }
    const claims = sumcheck.claims();
    sumcheck.release();
    const rho = transcript.rho(claims);
    const instance = combineInstances(instances, claims, point, rho, combinePoints);
    if (right !== undefined) {
      vectors.addScaled(left.z, rho, right.z, left.z);
      left.products.forEach((product, index) => {
        const other = right.products[index];
        assert(other !== undefined);
        vectors.addScaled(product, rho, other, product);
      });
      this.release(right);
    }
    return { step: { rounds, claims }, folded: { ...left, instance } };
  }

  /** Gives the matrices back. */
  close(): void {
    for (const matrix of this.#matrices) matrix.release();
  }

  #witnessOf(z: FrVector): FrVector {
    return z.part(1 + this.key.shape.publicCount, witnessLength(this.key.shape));
  }

  #products(z: FrVector): Polynomials {
    const [a, b, c] = this.#matrices;
    return [vectors.apply(a, z), vectors.apply(b, z), vectors.apply(c, z)];
  }
}

/** The first row where A z B z is not C z; -1 for none. */
function firstViolated([a, b, c]: Polynomials): number {
  const difference = vectors.multiply(a, b);
  vectors.subtract(difference, c, difference);
  const bytes = difference.toBytes();
  difference.release();
  const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const word = words.findIndex((value) => value !== 0n);
  return Math.floor(word / 4);
}

export function elements(vector: FrVector): bigint[] {
  const bytes = vector.toBytes();
  return Array.from({ length: vector.length }, (_, index) =>
    fromBigEndian(bytes.subarray(32 * index, 32 * (index + 1))),
  );
}
