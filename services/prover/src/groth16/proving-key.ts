// SPDX-License-Identifier: GPL-3.0-or-later
/** A proving key in kernel memory. */
import {
  Bn254Error,
  FrDomain,
  FrVectors,
  G1,
  G2,
  type G2PointList,
  type Kernel,
  type LoadedMatrix,
  type PointList,
  SCALAR_ORDER,
} from '@foldbook/bn254';
import { damaged, G1_BYTES, G2_BYTES, readProvingKey } from './proving-key-file.ts';
import { type EntryMatrices, sortEntries } from './sparse-entries.ts';
import { wirePoints } from './wire-points.ts';

interface Releasable {
  release(): void;
}

/** Points that are summed with the witness. */
export interface WireSum<Points = PointList> {
  readonly wires: Uint32Array;
  readonly points: Points;
}

/** Values of the entries stand times 2^512. */
const ENTRY_SCALE = inversePowerOfTwo(512n);

export class ProvingKey {
  readonly wireCount: number;
  readonly publicCount: number;
  readonly domain: FrDomain;
  readonly matrices: readonly [LoadedMatrix, LoadedMatrix];
  /** Then alpha and delta. */
  readonly a: WireSum;
  /** Then beta and delta. */
  readonly b1: WireSum;
  readonly b2: WireSum<G2PointList>;
  readonly c: WireSum;
  readonly h: PointList;
  /** Affine, big-endian. */
  readonly delta1: Uint8Array;

  /** Throws PROVING_KEY for a file that is damaged, as far as its form and its points show it. */
  constructor(kernel: Kernel, zkey: Uint8Array) {
    const file = readProvingKey(zkey);
    const { domainLog2, wireCount, publicCount, alpha1, beta1, beta2, delta1, delta2 } = file;
    const [g1, g2] = [new G1(kernel), new G2(kernel)];
    const held: Releasable[] = [];
    const hold = <Part extends Releasable>(part: Part): Part => {
      held.push(part);
      return part;
    };
    const sum = <Points extends Releasable>(
      group: { fromMontgomery(bytes: Uint8Array): Points },
      [what, points, size, firstWire]: readonly [string, Uint8Array, number, number],
      extra: readonly Uint8Array[],
    ): WireSum<Points> => {
      const { wires, bytes } = wirePoints(points, size, firstWire, extra);
      return { wires, points: hold(named(what, () => group.fromMontgomery(bytes))) };
    };
    this.wireCount = wireCount;
    this.publicCount = publicCount;
    try {
      this.domain = hold(new FrDomain(kernel, domainLog2));
      const entries = sortEntries(file.entries, this.domain.size, wireCount);
      this.matrices = named('the matrices', () => loadMatrices(kernel, entries));
      for (const matrix of this.matrices) hold(matrix);
      this.a = sum(g1, ['A', file.a1, G1_BYTES, 0], [alpha1, delta1]);
      this.b1 = sum(g1, ['B in G1', file.b1, G1_BYTES, 0], [beta1, delta1]);
      this.b2 = sum(g2, ['B in G2', file.b2, G2_BYTES, 0], [beta2, delta2]);
      this.c = sum(g1, ['C', file.c1, G1_BYTES, publicCount + 1], []);
      this.h = hold(named('H', () => g1.fromMontgomery(file.h1)));
      this.delta1 = bigEndian(g1, delta1);
    } catch (error) {
      // The thread lives on, and its kernel with it.
      for (const part of held) part.release();
      throw error;
    }
  }
}

function bigEndian(g1: G1, delta1: Uint8Array): Uint8Array {
  const delta = named('delta', () => g1.fromMontgomery(delta1));
  try {
    return delta.toBytes();
  } finally {
    delta.release();
  }
}

function loadMatrices(
  kernel: Kernel,
  { matrices, values }: EntryMatrices,
): readonly [LoadedMatrix, LoadedMatrix] {
  const vectors = new FrVectors(kernel);
  const plain = { values: unscaled(vectors, values), valueOrder: 'little' } as const;
  const [a, b] = matrices;
  const first = vectors.matrix({ ...a, ...plain });
  try {
    return [first, vectors.matrix({ ...b, ...plain })];
  } catch (error) {
    first.release();
    throw error;
  }
}

function unscaled(vectors: FrVectors, values: Uint8Array): Uint8Array {
  const scaled = vectors.fromBytes(values, 'little');
  try {
    const zeros = vectors.fromBytes(new Uint8Array(values.length));
    try {
      return vectors.addScaled(zeros, ENTRY_SCALE, scaled, scaled).toBytes('little');
    } finally {
      zeros.release();
    }
  } finally {
    scaled.release();
  }
}

/** Whatever the kernel refuses is the file's fault, but for a lack of memory. */
function named<T>(what: string, load: () => T): T {
  try {
    return load();
  } catch (cause) {
    if (!(cause instanceof Bn254Error) || cause.code === 'OUT_OF_MEMORY') throw cause;
    throw damaged(`${what}: ${cause.message}`, cause);
  }
}

/** 1/2^bits modulo r: halving an odd number adds r first. */
function inversePowerOfTwo(bits: bigint): bigint {
  let value = 1n;
  for (let i = 0n; i < bits; i++) value = (value & 1n ? value + SCALAR_ORDER : value) >> 1n;
  return value;
}
