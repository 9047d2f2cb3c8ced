/** In which order leaves are folded: a binary counter, so that few accumulators are alive. */
import { at } from './assert.ts';

interface Node<T> {
  /** Leaves: a power of two, but for the last node. */
  readonly leaves: number;
  readonly item: T;
}

/** Takes leaves one by one; folds two neighbours as soon as they have the same number of leaves. */
export class FoldTree<T> {
  readonly #fold: (left: T, right: T) => T;
  readonly #nodes: Node<T>[];

  /** @param nodes of a tree that goes on, from the first leaf on */
  constructor(fold: (left: T, right: T) => T, nodes: readonly Node<T>[] = []) {
    this.#fold = fold;
    this.#nodes = [...nodes];
  }

  get nodes(): readonly Node<T>[] {
    return this.#nodes;
  }

  /** @param leaves of the item: 1, or those of a whole subtree that was folded elsewhere */
  push(item: T, leaves = 1): void {
    this.#nodes.push({ leaves, item });
    for (;;) {
      const [left, right] = this.#nodes.slice(-2);
      if (left === undefined || right === undefined || left.leaves !== right.leaves) return;
      this.#foldLast();
    }
  }

  /** Folds what is left, the last two first. Undefined without leaves. */
  finish(): T | undefined {
    while (this.#nodes.length > 1) this.#foldLast();
    return this.#nodes[0]?.item;
  }

  #foldLast(): void {
    const right = at(this.#nodes, this.#nodes.length - 1);
    const left = at(this.#nodes, this.#nodes.length - 2);
    const item = this.#fold(left.item, right.item);
    this.#nodes.splice(-2, 2, { leaves: left.leaves + right.leaves, item });
  }
}
