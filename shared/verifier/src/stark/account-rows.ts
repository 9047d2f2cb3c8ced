/** The account table of the STARK chain, moved by records: what parts begin and end with. */
import type { AccountTable } from '@foldbook/stark/verify';
import { leafSign, movements } from '../account-diffs.ts';
import { AMOUNT_LIMIT, type SettlementRecord } from '../settlement-record.ts';

/**
 * The table after records, which are valid each: every account that they name has a row in it.
 * @returns what is wrong with a balance, where one would leave 0 to 2^63 - 1
 */
export function accountsAfter(
  accounts: AccountTable,
  records: Iterable<SettlementRecord>,
): AccountTable | string {
  const moved = movements(records);
  const known = new Set(accounts.ids);
  const added = [...moved.keys()].filter((id) => !known.has(id));
  const ids = Uint32Array.from([...accounts.ids, ...added]).sort();
  const base = new BigUint64Array(ids.length);
  const quote = new BigUint64Array(ids.length);
  let old = 0;
  for (const [row, id] of ids.entries()) {
    const isKnown = accounts.ids[old] === id;
    const delta = moved.get(id);
    for (const [asset, from, to] of [
      ['base', accounts.base, base],
      ['quote', accounts.quote, quote],
    ] as const) {
      const before = isKnown ? (from[old] ?? 0n) : 0n;
      const balance = before + leafSign(id) * (delta?.[asset] ?? 0n);
      if (balance < 0n || balance >= AMOUNT_LIMIT) {
        return `account ${id} would have ${asset} ${balance}, not in 0 to 2^63 - 1`;
      }
      to[row] = balance;
    }
    if (isKnown) old += 1;
  }
  return { ids, base, quote };
}
