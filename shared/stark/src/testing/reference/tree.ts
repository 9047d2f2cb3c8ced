/** Trees and their openings. */
import { at } from './field.ts';
import { hash, LEAF, NODE, sameBytes } from './hash.ts';

/** One height of a tree: the log size of its domain, and the row's bytes at an exponent. */
export interface TreeTable {
  readonly logSize: number;
  readonly row: (exponent: number) => Uint8Array;
}

export interface OpenedRow {
  readonly logSize: number;
  readonly row: Uint8Array;
}

export interface Opening {
  /** Largest height first. */
  readonly rows: readonly OpenedRow[];
  /** From the leaf up. */
  readonly siblings: readonly Uint8Array[];
}

/** The log number of the cap's nodes, for a tree whose smallest table has this log size. */
export function logCapOf(smallestLogSize: number): number {
  return Math.min(6, smallestLogSize);
}

export function rootOf(cap: readonly Uint8Array[]): Uint8Array {
  return hash(NODE, ...cap);
}

/** True if the rows and siblings lead from the exponent to the cap. */
export function opens(cap: readonly Uint8Array[], opening: Opening, exponent: number): boolean {
  const logCap = Math.log2(cap.length);
  const largest = at(opening.rows, 0);
  let node = hash(LEAF, largest.row);
  let position = exponent % 2 ** largest.logSize;
  for (let level = largest.logSize - 1; level >= logCap; level -= 1) {
    const nodes = 2 ** level;
    const sibling = at(opening.siblings, largest.logSize - 1 - level);
    node = position < nodes ? hash(NODE, node, sibling) : hash(NODE, sibling, node);
    position %= nodes;
    const joining = opening.rows.find(({ logSize }) => logSize === level);
    if (joining !== undefined) node = hash(NODE, node, hash(LEAF, joining.row));
  }
  return sameBytes(node, at(cap, position));
}

/** A tree with all its nodes, built by definition (SPEC.md section 3). */
export class Tree {
  readonly cap: readonly Uint8Array[];
  readonly #tables: readonly TreeTable[];
  /** All nodes of each level, the leaves' first. */
  readonly #levels: Uint8Array[][] = [];

  /** Tables of distinct sizes, largest first. */
  constructor(tables: readonly TreeTable[]) {
    this.#tables = tables;
    const largest = at(tables, 0);
    const logCap = logCapOf(at(tables, tables.length - 1).logSize);
    let below = leavesOf(largest);
    for (let level = largest.logSize - 1; level >= logCap; level -= 1) {
      this.#levels.push(below);
      const lower = below;
      const half = 2 ** level;
      let nodes = Array.from({ length: half }, (_, e) =>
        hash(NODE, at(lower, e), at(lower, e + half)),
      );
      const joining = tables.find(({ logSize }) => logSize === level);
      if (joining !== undefined) {
        const leaves = leavesOf(joining);
        nodes = nodes.map((node, e) => hash(NODE, node, at(leaves, e)));
      }
      below = nodes;
    }
    this.cap = below;
  }

  open(exponent: number): Opening {
    const rows = this.#tables.map(({ logSize, row }) => {
      return { logSize, row: row(exponent % 2 ** logSize) };
    });
    const siblings = this.#levels.map((nodes) => {
      const position = exponent % nodes.length;
      return at(nodes, (position + nodes.length / 2) % nodes.length);
    });
    return { rows, siblings };
  }
}

function leavesOf({ logSize, row }: TreeTable): Uint8Array[] {
  return Array.from({ length: 2 ** logSize }, (_, e) => hash(LEAF, row(e)));
}
