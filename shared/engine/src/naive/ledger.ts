/** What accounts have: balances, fee tiers, dead man's switches. */
import assert from 'node:assert/strict';
import { Account, Asset } from '@foldbook/protocol';
import type { Balances } from '../engine.ts';
import type { Charge } from './fees.ts';

export interface AccountState {
  baseAvailable: bigint;
  baseHeld: bigint;
  quoteAvailable: bigint;
  quoteHeld: bigint;
  tier: number;
  /** When all its orders are cancelled, in nanoseconds since 1970; 0 for never. */
  deadlineNs: bigint;
}

export const NO_ACCOUNT: Readonly<AccountState> = {
  baseAvailable: 0n,
  baseHeld: 0n,
  quoteAvailable: 0n,
  quoteHeld: 0n,
  tier: 0,
  deadlineNs: 0n,
};

/** The supply account (0) has, as available, what all others have together. */
export class Ledger {
  readonly #accounts = new Map<number, AccountState>();
  /** Accounts whose switch is set. */
  readonly #switched = new Set<number>();

  /** To be read only. */
  of(account: number): Readonly<AccountState> {
    return this.#accounts.get(account) ?? NO_ACCOUNT;
  }

  /** Every account that ever had anything, in no particular order. */
  all(): Iterable<[number, Readonly<AccountState>]> {
    return this.#accounts;
  }

  restore(account: number, state: AccountState): void {
    this.#accounts.set(account, state);
    if (state.deadlineNs !== 0n) this.#switched.add(account);
  }

  /** Accounts that have a deadline. */
  switched(): Iterable<number> {
    return this.#switched;
  }

  balances(account: number): Balances {
    const { baseAvailable, baseHeld, quoteAvailable, quoteHeld } = this.of(account);
    return { baseAvailable, baseHeld, quoteAvailable, quoteHeld };
  }

  available(account: number, asset: Asset): bigint {
    const { baseAvailable, quoteAvailable } = this.of(account);
    return asset === Asset.BASE ? baseAvailable : quoteAvailable;
  }

  held(account: number, asset: Asset): bigint {
    const { baseHeld, quoteHeld } = this.of(account);
    return asset === Asset.BASE ? baseHeld : quoteHeld;
  }

  /** A deposit, or with a negative amount a withdrawal. */
  supply(account: number, asset: Asset, amount: bigint): void {
    this.#addAvailable(Account.SUPPLY, asset, amount);
    this.#addAvailable(account, asset, amount);
  }

  hold(account: number, asset: Asset, amount: bigint): void {
    this.#addAvailable(account, asset, -amount);
    this.#addHeld(account, asset, amount);
  }

  release(account: number, asset: Asset, amount: bigint): void {
    this.hold(account, asset, -amount);
  }

  /** Moves what is available at `from` to `to`. */
  move(from: number, to: number, asset: Asset, amount: bigint): void {
    this.#addAvailable(from, asset, -amount);
    this.#addAvailable(to, asset, amount);
  }

  /**
   * Takes the fees of a trade, and gives its rebates: what is taken comes first, it pays for them.
   */
  charge(charges: readonly { readonly account: number; readonly charge: Charge }[]): void {
    for (const { account, charge } of charges) {
      if (!charge.isRebate) this.move(account, Account.FEES, Asset.QUOTE, charge.amount);
    }
    for (const { account, charge } of charges) {
      if (charge.isRebate) this.move(Account.FEES, account, Asset.QUOTE, charge.amount);
    }
  }

  setTier(account: number, tier: number): void {
    this.#state(account).tier = tier;
  }

  setDeadline(account: number, deadlineNs: bigint): void {
    this.#state(account).deadlineNs = deadlineNs;
    if (deadlineNs === 0n) this.#switched.delete(account);
    else this.#switched.add(account);
  }

  #addAvailable(account: number, asset: Asset, amount: bigint): void {
    const state = this.#state(account);
    if (asset === Asset.BASE) state.baseAvailable += amount;
    else state.quoteAvailable += amount;
    assert(this.available(account, asset) >= 0n, `account ${account} spends what it has not`);
  }

  #addHeld(account: number, asset: Asset, amount: bigint): void {
    const state = this.#state(account);
    if (asset === Asset.BASE) state.baseHeld += amount;
    else state.quoteHeld += amount;
    assert(this.held(account, asset) >= 0n, `account ${account} releases what it does not hold`);
  }

  #state(account: number): AccountState {
    const state = this.#accounts.get(account) ?? { ...NO_ACCOUNT };
    this.#accounts.set(account, state);
    return state;
  }
}
