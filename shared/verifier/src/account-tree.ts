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

/** Where a tree keeps what is not empty. */
export interface TreeCells {
  balance(id: number): Balance | undefined;
  /** Undefined: the account has nothing any more. */
  setBalance(id: number, balance: Balance | undefined): void;
  /** Hash of an inner node, or of a leaf (height 0). */
  hash(height: number, position: number): bigint | undefined;
  /** Undefined: the subtree is empty again. */
  setHash(height: number, position: number, hash: bigint | undefined): void;
}

/** Cells in memory, all of them. */
class MapCells implements TreeCells {
  readonly balances = new Map<number, Balance>();
  readonly hashes: readonly Map<number, bigint>[] = emptyHashes.map(() => new Map());

  balance(id: number): Balance | undefined {
    return this.balances.get(id);
  }

  setBalance(id: number, balance: Balance | undefined): void {
    if (balance === undefined) this.balances.delete(id);
    else this.balances.set(id, balance);
  }

  hash(height: number, position: number): bigint | undefined {
    return at(this.hashes, height).get(position);
  }

  setHash(height: number, position: number, hash: bigint | undefined): void {
    if (hash === undefined) at(this.hashes, height).delete(position);
    else at(this.hashes, height).set(position, hash);
  }
}

/** Changed leaves that are hashed together at the most: what waits for that is in memory. */
const MAX_CHANGED = 65_536;

/**
 * Sparse Poseidon tree of the accounts' totals; a leaf's place is the account id, least
 * significant digit (base 4) at the leaves. Hashes are computed when they are asked for, so that
 * several changes in a row share the nodes above them.
 */
export class AccountTree {
  /** What a fork does not have itself, it has from there. */
  #parent: AccountTree | undefined;
  #wasAdopted = false;
  readonly #cells: TreeCells;
  /** Of a fork: its changes. */
  readonly #changes: MapCells | undefined;
  /** Leaves changed since the hashes above them were computed. */
  #changed = new Set<number>();

  /** An empty tree. @param cells - empty; default: in memory */
  constructor(cells: TreeCells = new MapCells(), parent?: AccountTree) {
    this.#parent = parent;
    this.#cells = cells;
    if (cells instanceof MapCells && parent !== undefined) this.#changes = cells;
  }

  /**
   * A tree that starts as this one is, and whose changes are its own until they are taken back by
   * `adopt`. This one must not change meanwhile, but by adopting the fork that this fork is one of.
   */
  fork(): AccountTree {
    this.#update();
    return new AccountTree(new MapCells(), this);
  }

  /** Takes the changes of a fork of this tree. Forks of the fork are this tree's from then on. */
  adopt(fork: AccountTree): void {
    assert(fork.#nextParent() === this, 'a fork goes back to its own tree');
    fork.#update();
    const changes = fork.#changes;
    assert(changes !== undefined, 'a fork has its changes in memory');
    for (const [id, balance] of changes.balances) this.#keep(id, balance);
    changes.balances.clear();
    for (const [height, hashes] of changes.hashes.entries()) {
      for (const [position, hash] of hashes) this.#put(height, position, hash);
      hashes.clear();
    }
    fork.#wasAdopted = true;
  }

  /** The tree that this is a fork of; one that was adopted has nothing that its own has not. */
  #nextParent(): AccountTree | undefined {
    let parent = this.#parent;
    while (parent !== undefined) {
      if (!parent.#wasAdopted) break;
      parent = parent.#parent;
    }
    this.#parent = parent;
    return parent;
  }

  get(id: number): Balance {
    return this.#cells.balance(id) ?? this.#nextParent()?.get(id) ?? NOTHING;
  }

  #keep(id: number, balance: Balance): void {
    const isNothing = balance.base === 0n && balance.quote === 0n;
    const isGone = isNothing && this.#parent === undefined;
    this.#cells.setBalance(id, isGone ? undefined : balance);
  }

  set(id: number, base: bigint, quote: bigint): void {
    assertAccountId(id);
    for (const total of [base, quote]) {
      assert(total >= 0n && total < AMOUNT_LIMIT, `balance ${total} of account ${id}`);
    }
    this.#keep(id, { base, quote });
    this.#changed.add(id);
    if (this.#changed.size >= MAX_CHANGED) this.#update();
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
    const known = this.#cells.hash(height, position);
    if (known !== undefined) return known;
    const parent = this.#nextParent();
    return parent === undefined ? at(emptyHashes, height) : parent.#node(height, position);
  }

  #put(height: number, position: number, hash: bigint): void {
    const isEmpty = this.#parent === undefined && hash === at(emptyHashes, height);
    this.#cells.setHash(height, position, isEmpty ? undefined : hash);
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
