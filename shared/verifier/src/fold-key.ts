/** A folded circuit made ready: its matrices and bases in the kernel's memory. */
import { Bn254Error, type FrVector, FrVectors, Multilinear } from '@foldbook/bn254';
import { kernel } from '@foldbook/bn254/ready';
import { at } from './assert.ts';
import { concatBytes, sameBytes } from './bytes.ts';
import type { Decoded } from './decoding.ts';
import { reduce, toBigEndian } from './field.ts';
import { foldBases, g1 } from './fold-bases.ts';
import {
  decodeShape,
  type FoldShape,
  shapeDigest,
  valueBytes,
  variablesOf,
  witnessLength,
} from './fold-shape.ts';
import { encodeElements, type LinearInstance } from './fold-transcript.ts';
import { ACCEPTED, refused, type Verdict } from './reason-codes.ts';

const vectors = new FrVectors(kernel);
const multilinear = new Multilinear(kernel);

/** The commitment to a witness, compressed. */
export function commitWitness(witness: FrVector): Uint8Array {
  const sum = g1.fromBytes(g1.commit(foldBases(witness.length), witness));
  const compressed = sum.toCompressed();
  sum.release();
  return compressed;
}

export class FoldKey {
  readonly backEnd = 'folding';
  readonly shape: FoldShape;
  readonly digest: Uint8Array;
  readonly variables: number;

  constructor(shape: FoldShape, digest: Uint8Array) {
    this.shape = shape;
    this.digest = digest;
    this.variables = variablesOf(shape);
  }

  /** Bytes of an opening. */
  get openingBytes(): number {
    return 32 * witnessLength(this.shape);
  }

  /** Whether the witness (canonical elements) is what the instance claims. */
  checkOpening(instance: LinearInstance, witness: Uint8Array): Verdict {
    const { u, x, commitment } = instance;
    const z = vectors.fromBytes(concatBytes(encodeElements([u, ...x]), witness));
    try {
      const { publicCount } = this.shape;
      const committed = commitWitness(z.part(1 + publicCount, witnessLength(this.shape)));
      if (sameBytes(committed, commitment)) return this.#checkValues(instance, z);
    } finally {
      z.release();
    }
    return refused('FOLD_OPENING', 'the opened witness is not the one that was committed to');
  }

  #checkValues(instance: LinearInstance, z: FrVector): Verdict {
    const values = this.#valuesAt(instance.point, z);
    const wrong = values.findIndex((value, index) => value !== instance.values[index]);
    if (wrong === -1) return ACCEPTED;
    const name = 'ABC'.charAt(wrong);
    return refused('FOLD_OPENING', `the opened witness gives another value of matrix ${name}`);
  }

  /** Of A z, B z, C z at a point. */
  #valuesAt(point: readonly bigint[], z: FrVector): bigint[] {
    const tables = multilinear.equality(point);
    const values = valueBytes(this.shape);
    const rows = 2 ** this.variables;
    const results = this.shape.matrices.map((matrix) => {
      const loaded = vectors.matrix({
        ...matrix,
        rowStarts: padded(matrix.rowStarts, rows),
        values,
      });
      const product = vectors.apply(loaded, z);
      const value = tables.evaluate(product);
      product.release();
      loaded.release();
      return value;
    });
    tables.release();
    return results;
  }
}

/** Empty rows up to so many. */
export function padded(rowStarts: Uint32Array, rows: number): Uint32Array {
  const all = new Uint32Array(rows + 1).fill(at(rowStarts, rowStarts.length - 1));
  all.set(rowStarts);
  return all;
}

/** The key of a shape's file; the caller compares the digest. */
export function readFoldKey(file: Uint8Array): Decoded<FoldKey> {
  const decoded = decodeShape(file);
  if (!decoded.ok) return decoded;
  return { ok: true, value: new FoldKey(decoded.value, shapeDigest(file)) };
}

/** left + rho right, of compressed points that are valid. */
export function combinePoints(left: Uint8Array, rho: bigint, right: Uint8Array): Uint8Array {
  const points = g1.fromCompressed(right);
  const scaled = g1.multiply(points, toBigEndian(reduce(rho)));
  const other = g1.fromCompressed(left);
  const sum = g1.add(other, scaled);
  const result = sum.toCompressed();
  for (const list of [points, scaled, other, sum]) list.release();
  return result;
}

/** Whether these 32 bytes are a point of G1 in the form that commitments have. */
export function isCommitment(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  try {
    g1.fromCompressed(bytes).release();
    return true;
  } catch (error) {
    if (error instanceof Bn254Error) return false;
    throw error;
  }
}
