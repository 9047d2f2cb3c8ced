/** The prover's side of a tree: all its digests, in kernel memory. */
import type { Kernel } from '../kernel/kernel.ts';
import { capRoot } from './opening.ts';
import { DIGEST_BYTES, type TreeShape } from './tree-shape.ts';

/**
 * Writes the leaves of the height with this log size, 32 bytes each, in the storage order of
 * `storageIndex`. What it takes of the arena it gives back.
 */
export type HashLeaves = (logSize: number, target: number) => void;

/** Kernels hash four nodes at once, all of one coset. */
const MIN_COSET_NODES = 4;

/**
 * Where the value at exponent e of a domain of so many points stands: coset by coset, each in
 * natural order.
 */
export function storageIndex(e: number, logSize: number, logBlowup: number): number {
  const coset = e % 2 ** logBlowup;
  return coset * 2 ** (logSize - logBlowup) + Math.floor(e / 2 ** logBlowup);
}

export class DigestTree {
  readonly shape: TreeShape;
  /** Nodes in order of e. */
  readonly cap: Uint8Array;
  readonly root: Uint8Array;
  readonly #kernel: Kernel;
  readonly #logBlowup: number;
  /** Addresses of the levels, by their log size. */
  readonly #levels: ReadonlyMap<number, number>;

  private constructor(
    kernel: Kernel,
    shape: TreeShape,
    logBlowup: number,
    levels: ReadonlyMap<number, number>,
  ) {
    this.shape = shape;
    this.#kernel = kernel;
    this.#logBlowup = logBlowup;
    this.#levels = levels;
    this.cap = new Uint8Array(shape.capBytes);
    for (let e = 0; e < 2 ** shape.logCap; e++) {
      this.cap.set(this.#digest(shape.logCap, e), DIGEST_BYTES * e);
    }
    this.root = capRoot(this.cap);
  }

  /**
   * The levels from the leaves of the largest height to the cap stay in the arena: 64 bytes a leaf.
   * @throws StarkError OUT_OF_MEMORY
   */
  static build(
    kernel: Kernel,
    shape: TreeShape,
    logBlowup: number,
    hashLeaves: HashLeaves,
  ): DigestTree {
    if (2 ** (shape.logCap - logBlowup) < MIN_COSET_NODES) {
      throw new Error(`assertion failed: a cap of 2^${shape.logCap} nodes is too small`);
    }
    const { arena, exports } = kernel;
    const levels = new Map<number, number>();
    for (let logSize = shape.logSize; logSize >= shape.logCap; logSize--) {
      const level = arena.take(DIGEST_BYTES * 2 ** logSize);
      const below = levels.get(logSize + 1);
      levels.set(logSize, level);
      if (below === undefined) {
        hashLeaves(logSize, level);
        continue;
      }
      exports.hashLevel(below, level, 2 ** (logSize - logBlowup), 2 ** logBlowup);
      if (!shape.heights.some((height) => height.logSize === logSize)) continue;
      const { mark } = arena;
      const leaves = arena.take(DIGEST_BYTES * 2 ** logSize);
      hashLeaves(logSize, leaves);
      exports.injectRows(level, leaves, 2 ** logSize);
      arena.release(mark);
    }
    return new DigestTree(kernel, shape, logBlowup, levels);
  }

  /** From the sibling of leaf e up to that below the cap. */
  siblings(e: number): Uint8Array {
    const bytes = new Uint8Array(this.shape.siblingBytes);
    let offset = 0;
    for (let logSize = this.shape.logSize; logSize > this.shape.logCap; logSize--) {
      const sibling = (e + 2 ** (logSize - 1)) % 2 ** logSize;
      bytes.set(this.#digest(logSize, sibling), offset);
      offset += DIGEST_BYTES;
    }
    return bytes;
  }

  #digest(logSize: number, e: number): Uint8Array {
    const level = this.#levels.get(logSize);
    if (level === undefined) throw new Error(`assertion failed: no level of 2^${logSize} nodes`);
    const address = level + DIGEST_BYTES * storageIndex(e, logSize, this.#logBlowup);
    return new Uint8Array(this.#kernel.exports.memory.buffer, address, DIGEST_BYTES);
  }
}
