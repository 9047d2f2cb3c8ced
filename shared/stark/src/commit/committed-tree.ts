/** A tree over tables of one or several heights, whose columns lie in kernel memory. */
import type { Kernel } from '../kernel/kernel.ts';
import { fromMontgomery } from '../kernel/montgomery.ts';
import { DigestTree, storageIndex } from './digest-tree.ts';
import type { Opening } from './opening.ts';
import { TreeShape } from './tree-shape.ts';

/** Extended columns, stored coset by coset: column j at `address + j stride`. */
export interface CommittedTable {
  /** A multiple of 64, as `stride` is. */
  readonly address: number;
  /** In bytes. */
  readonly stride: number;
  readonly columns: number;
  /** Log of the number of rows before the extension. */
  readonly logHeight: number;
}

export class CommittedTree {
  readonly digests: DigestTree;
  readonly #kernel: Kernel;
  readonly #logBlowup: number;
  /** Addresses of the columns of each height, as the shape lists them. */
  readonly #columns: readonly (readonly number[])[];

  private constructor(
    kernel: Kernel,
    logBlowup: number,
    digests: DigestTree,
    columns: readonly (readonly number[])[],
  ) {
    this.#kernel = kernel;
    this.#logBlowup = logBlowup;
    this.digests = digests;
    this.#columns = columns;
  }

  /**
   * Digests stay in the arena, and columns where they are, as long as openings are asked for.
   * @param tables - at least one; those of equal heights stand side by side in this order
   * @throws StarkError OUT_OF_MEMORY
   */
  static build(
    kernel: Kernel,
    tables: readonly CommittedTable[],
    logBlowup: number,
  ): CommittedTree {
    const shape = new TreeShape(
      tables.map(({ logHeight, columns }) => ({ logSize: logHeight + logBlowup, columns })),
    );
    const columns = shape.heights.map(({ logSize }) =>
      tables
        .filter(({ logHeight }) => logHeight + logBlowup === logSize)
        .flatMap(({ address, stride, columns: count }) =>
          Array.from({ length: count }, (_, j) => address + j * stride),
        ),
    );
    const digests = DigestTree.build(kernel, shape, logBlowup, (logSize, target) => {
      const height = shape.heights.findIndex((each) => each.logSize === logSize);
      hashRows(kernel, columns[height] ?? [], 2 ** logSize, target);
    });
    return new CommittedTree(kernel, logBlowup, digests, columns);
  }

  get shape(): TreeShape {
    return this.digests.shape;
  }

  /** Nodes in order of e. */
  get cap(): Uint8Array {
    return this.digests.cap;
  }

  get root(): Uint8Array {
    return this.digests.root;
  }

  /** @param e - exponent on the largest domain */
  opening(e: number): Opening {
    const words = new Uint32Array(this.#kernel.exports.memory.buffer);
    const rows = this.shape.heights.map(({ logSize }, height) => {
      const index = storageIndex(e % 2 ** logSize, logSize, this.#logBlowup);
      const addresses = this.#columns[height] ?? [];
      return Uint32Array.from(addresses, (address) =>
        fromMontgomery(words[address / 4 + index] ?? 0),
      );
    });
    return { rows, siblings: this.digests.siblings(e) };
  }
}

/** Leaves of the rows of columns, each row in its place. */
export function hashRows(
  { arena, exports }: Kernel,
  columns: readonly number[],
  rows: number,
  target: number,
): void {
  const { mark } = arena;
  const pointers = arena.take(4 * columns.length);
  arena.words(pointers, columns.length).set(columns);
  exports.hashRows(pointers, columns.length, rows, target);
  arena.release(mark);
}
