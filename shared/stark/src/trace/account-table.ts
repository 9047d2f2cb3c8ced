/** Accounts by rising id, each with its balances: the supply (0) and the fee account (1) first. */
export interface AccountTable {
  readonly ids: Uint32Array;
  /** Below 2^63, as those of quote. The supply's are held with opposite sign. */
  readonly base: BigUint64Array;
  readonly quote: BigUint64Array;
}

/** What a market begins with. */
export function genesisAccounts(): AccountTable {
  return {
    ids: Uint32Array.of(0, 1),
    base: new BigUint64Array(2),
    quote: new BigUint64Array(2),
  };
}

/** Ids rise, from 0 and 1 on, and balances are below 2^63. */
export function assertAccounts({ ids, base, quote }: AccountTable): void {
  const isWhole = base.length === ids.length && quote.length === ids.length;
  const isOrdered = ids.every((id, row) => (row < 2 ? id === row : id > (ids[row - 1] ?? id)));
  const isSmall = (balances: BigUint64Array) => balances.every((value) => value >> 63n === 0n);
  if (!isWhole || ids.length < 2 || !isOrdered || (ids.at(-1) ?? 0) >= 2 ** 24) {
    throw new Error('assertion failed: accounts are not by rising id from 0 and 1 on');
  }
  if (!isSmall(base) || !isSmall(quote)) {
    throw new Error('assertion failed: a balance is not below 2^63');
  }
}
