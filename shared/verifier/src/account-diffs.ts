import type { AccountTree } from './account-tree.ts';
import { AMOUNT_LIMIT, type SettlementRecord, SUPPLY_ACCOUNT } from './settlement-record.ts';

/** Net change of one account over an epoch, true signs: the supply account loses by a deposit. */
export interface AccountDelta {
  readonly id: number;
  readonly base: bigint;
  readonly quote: bigint;
}

/** What records move, of each account that they name, in no order: also of one left as it was. */
export function movements(
  records: Iterable<SettlementRecord>,
): Map<number, { base: bigint; quote: bigint }> {
  const sums = new Map<number, { base: bigint; quote: bigint }>();
  const add = (id: number, base: bigint, quote: bigint): void => {
    const sum = sums.get(id) ?? { base: 0n, quote: 0n };
    sum.base += base;
    sum.quote += quote;
    sums.set(id, sum);
  };
  for (const { a, b, dBase, dQuote } of records) {
    add(a, -dBase, dQuote);
    add(b, dBase, -dQuote);
  }
  return sums;
}

/** Net changes of every account that changed in either asset, ascending by id. */
export function netDeltas(records: Iterable<SettlementRecord>): AccountDelta[] {
  return [...movements(records)]
    .map(([id, { base, quote }]) => ({ id, base, quote }))
    .filter(({ base, quote }) => base !== 0n || quote !== 0n)
    .sort((left, right) => left.id - right.id);
}

/**
 * The sign with which a delta moves its leaf: the supply account's leaf holds what is outstanding,
 * so it moves by the negative of the account's true delta.
 */
export function leafSign(id: number): 1n | -1n {
  return id === SUPPLY_ACCOUNT ? -1n : 1n;
}

/** Moves the account's leaf. When a balance would not fit, says so and leaves the tree alone. */
export function applyDelta(tree: AccountTree, delta: AccountDelta): string | undefined {
  const { id } = delta;
  const old = tree.get(id);
  const base = old.base + leafSign(id) * delta.base;
  const quote = old.quote + leafSign(id) * delta.quote;
  for (const [asset, balance] of [
    ['base', base],
    ['quote', quote],
  ] as const) {
    if (balance < 0n || balance >= AMOUNT_LIMIT) {
      return `account ${id} would end with ${asset} ${balance}, not in 0 to 2^63 - 1`;
    }
  }
  tree.set(id, base, quote);
  return undefined;
}

/** The delta as one word for the sponge: 152 bits, the amounts offset by 2^63. */
export function deltaWord({ id, base, quote }: AccountDelta): bigint {
  return BigInt(id) | ((base + AMOUNT_LIMIT) << 24n) | ((quote + AMOUNT_LIMIT) << 88n);
}
