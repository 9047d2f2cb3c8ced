/** The plain tree of SPEC section 12 by definition: level by level, all of it, on bytes. */
import { blake3 } from '@noble/hashes/blake3.js';
import type { AccountTable } from '../trace/account-table.ts';
import { concat, u32Bytes, u64Bytes } from './plain-tree.ts';

const keyed = (name: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const key = blake3(new TextEncoder().encode(`foldbook/stark/${name}/v1`));
  return blake3(concat(parts), { key });
};

/** From the leaves to the one node under the root. */
export function plainLevels({ ids, base, quote }: AccountTable): Uint8Array[][] {
  let level = Array.from(ids, (id, row) =>
    keyed('account-row', u32Bytes(id), u64Bytes(base[row] ?? 0n), u64Bytes(quote[row] ?? 0n)),
  );
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const [left, right] = [below[2 * i], below[2 * i + 1]];
      if (left === undefined) throw new Error('unreachable: there are pairs');
      return right === undefined ? left : keyed('account-node', left, right);
    });
    levels.push(level);
  }
  return levels;
}

export const plainTop = (rows: number, node: Uint8Array): Uint8Array =>
  keyed('account-root', u32Bytes(rows), node);

/** What stands beside the way up from a place. */
export function plainSiblings(table: AccountTable, place: number): Uint8Array[] {
  return plainLevels(table).flatMap((level, height) => {
    const index = Math.floor(place / 2 ** height);
    const sibling = level[index % 2 === 0 ? index + 1 : index - 1];
    return sibling === undefined ? [] : [sibling];
  });
}

/** Balances by a rule: `balances` of the vectors. */
export const sampleTable = (ids: readonly number[]): AccountTable => ({
  ids: Uint32Array.from(ids),
  base: BigUint64Array.from(ids, (id) => 2n ** 62n + BigInt(id)),
  quote: BigUint64Array.from(ids, (id) => 3n * BigInt(id)),
});

export interface OpeningVectors {
  readonly ids: readonly number[];
  readonly balances: string;
  readonly trees: readonly {
    readonly rows: number;
    readonly root: string;
    readonly paths: readonly (readonly string[])[];
  }[];
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Trees of the first 2 to 9 rows of one table. */
export function makeOpeningVectors(): OpeningVectors {
  const ids = [0, 1, 2, 5, 6, 7, 700_001, 2 ** 24 - 2, 2 ** 24 - 1];
  const trees = ids.slice(1).map((_, index) => {
    const rows = index + 2;
    const table = sampleTable(ids.slice(0, rows));
    const [top = new Uint8Array()] = plainLevels(table).at(-1) ?? [];
    const paths = ids.slice(0, rows).map((_, place) => plainSiblings(table, place).map(hexOf));
    return { rows, root: hexOf(plainTop(rows, top)), paths };
  });
  return { ids, balances: 'base 2^62 + id, quote 3 id', trees };
}
