import { assert, at } from './assert.ts';
import { leafHash, leafHashes, nodeHash, nodeHashes } from './poseidon.ts';
import { ACCOUNT_LIMIT, AMOUNT_LIMIT } from './settlement-record.ts';

export const TREE_ARITY = 4;
export const TREE_DEPTH = 12;

/** Totals of one account: available and held together. */
export interface Balance {
  readonly base: bigint;
  readonly quote: bigint;
}

const NOTHING: Balance = { base: 0n, quote: 0n };

/** Hash of an empty subtree by its height: 0 is the empty leaf, TREE_DEPTH the empty tree. */
const emptyHashes: readonly bigint[] = (() => {
  const hashes = [leafHash(0n, 0n)];
  for (let height = 0; height < TREE_DEPTH; height++) {
    const child = at(hashes, height);
    hashes.push(nodeHash([child, child, child, child]));
  }
  return hashes;
})();

/** Root of the tree in which every account is (0, 0). */
export const EMPTY_ROOT = at(emptyHashes, TREE_DEPTH);

/**
 * Sparse Poseidon tree of the accounts' totals; a leaf's place is the account id, least
 * significant digit (base 4) at the leaves. Hashes are computed when they are asked for, so that
 * several changes in a row share the nodes above them.
 */
export class AccountTree {
  /** What a fork does not have itself, it has from there. */
  readonly #parent: AccountTree | undefined;
  readonly #balances = new Map<number, Balance>();
  /** Nodes that are not empty, by height and position. */
  readonly #nodes: readonly Map<number, bigint>[] = emptyHashes.map(() => new Map());
  /** Leaves changed since the hashes above them were computed. */
  #changed = new Set<number>();

  constructor(parent?: AccountTree) {
    this.#parent = parent;
  }

  /**
   * A tree that starts as this one is, and whose changes are its own until they are taken back by
   * `adopt`. This one must not change meanwhile.
   */
  fork(): AccountTree {
    this.#update();
    return new AccountTree(this);
  }

  /** Takes the changes of a fork of this tree. */
  adopt(fork: AccountTree): void {
    assert(fork.#parent === this, 'a fork goes back to its own tree');
    fork.#update();
    for (const [id, balance] of fork.#balances) this.#keep(id, balance);
    for (const [height, nodes] of fork.#nodes.entries()) {
      for (const [position, hash] of nodes) this.#put(height, position, hash);
    }
  }

  get(id: number): Balance {
    return this.#balances.get(id) ?? this.#parent?.get(id) ?? NOTHING;
  }

  #keep(id: number, balance: Balance): void {
    const isNothing = balance.base === 0n && balance.quote === 0n;
    if (isNothing && this.#parent === undefined) this.#balances.delete(id);
    else this.#balances.set(id, balance);
  }

  set(id: number, base: bigint, quote: bigint): void {
    assertAccountId(id);
    for (const total of [base, quote]) {
      assert(total >= 0n && total < AMOUNT_LIMIT, `balance ${total} of account ${id}`);
    }
    this.#keep(id, { base, quote });
    this.#changed.add(id);
  }

  root(): bigint {
    this.#update();
    return this.#node(TREE_DEPTH, 0);
  }

  /** From the leaf's height up, at each the three siblings in ascending position. */
  path(id: number): bigint[][] {
    assertAccountId(id);
    this.#update();
    const path: bigint[][] = [];
    let position = id;
    for (let height = 0; height < TREE_DEPTH; height++) {
      const first = position - (position % TREE_ARITY);
      const siblings: bigint[] = [];
      for (let child = first; child < first + TREE_ARITY; child++) {
        if (child !== position) siblings.push(this.#node(height, child));
      }
      path.push(siblings);
      position = first / TREE_ARITY;
    }
    return path;
  }

  #node(height: number, position: number): bigint {
    const known = at(this.#nodes, height).get(position);
    if (known !== undefined) return known;
    const parent = this.#parent;
    return parent === undefined ? at(emptyHashes, height) : parent.#node(height, position);
  }

  #put(height: number, position: number, hash: bigint): void {
    const isEmpty = hash === at(emptyHashes, height);
    if (isEmpty && this.#parent === undefined) at(this.#nodes, height).delete(position);
    else at(this.#nodes, height).set(position, hash);
  }

  #putAll(height: number, positions: Iterable<number>, hashes: readonly bigint[]): void {
    let index = 0;
    for (const position of positions) this.#put(height, position, at(hashes, index++));
  }

  #update(): void {
    let changed = this.#changed;
    if (changed.size === 0) return;
    const totals = [...changed].flatMap((id) => {
      const { base, quote } = this.get(id);
      return [base, quote];
    });
    this.#putAll(0, changed, leafHashes(totals));
    for (let height = 1; height <= TREE_DEPTH; height++) {
      const parents = new Set<number>();
      for (const position of changed) parents.add(Math.floor(position / TREE_ARITY));
      const children = [...parents].flatMap((position) => {
        const first = position * TREE_ARITY;
        return [0, 1, 2, 3].map((digit) => this.#node(height - 1, first + digit));
      });
      this.#putAll(height, parents, nodeHashes(children));
      changed = parents;
    }
    this.#changed = new Set();
  }
}

function assertAccountId(id: number): void {
  assert(Number.isInteger(id) && id >= 0 && id < ACCOUNT_LIMIT, `account id ${id}`);
}
