/** Balances: per account and asset what is available and what open orders hold. */
import assert from 'node:assert/strict';
import { Account, Asset } from '@foldbook/protocol';
import type { Balances } from '../engine.ts';
import type { Charge } from './fees.ts';

interface Purse {
  available: bigint;
  held: bigint;
}

const emptyPurse = (): Purse => ({ available: 0n, held: 0n });

export class Ledger {
  readonly #base = new Map<number, Purse>();
  readonly #quote = new Map<number, Purse>();
  /** The supply account: what was deposited and not withdrawn, so what all others have together. */
  readonly #outstanding = { base: 0n, quote: 0n };

  available(account: number, asset: Asset): bigint {
    return this.#table(asset).get(account)?.available ?? 0n;
  }

  held(account: number, asset: Asset): bigint {
    return this.#table(asset).get(account)?.held ?? 0n;
  }

  outstanding(asset: Asset): bigint {
    return asset === Asset.BASE ? this.#outstanding.base : this.#outstanding.quote;
  }

  deposit(account: number, asset: Asset, amount: bigint): void {
    this.#addToSupply(asset, amount);
    this.#purse(account, asset).available += amount;
  }

  withdraw(account: number, asset: Asset, amount: bigint): void {
    this.#addToSupply(asset, -amount);
    this.#spend(account, asset, amount);
  }

  hold(account: number, asset: Asset, amount: bigint): void {
    this.#spend(account, asset, amount);
    this.#purse(account, asset).held += amount;
  }

  release(account: number, asset: Asset, amount: bigint): void {
    const purse = this.#purse(account, asset);
    assert(purse.held >= amount, `account ${account} holds less than it releases`);
    purse.held -= amount;
    purse.available += amount;
  }

  /** Moves what is available at `from` to `to`. */
  move(from: number, to: number, asset: Asset, amount: bigint): void {
    this.#spend(from, asset, amount);
    this.#purse(to, asset).available += amount;
  }

  /** Takes a fee from an account, or gives it its rebate. */
  charge(account: number, charge: Charge): void {
    if (charge.rebate) this.move(Account.FEES, account, Asset.QUOTE, charge.amount);
    else this.move(account, Account.FEES, Asset.QUOTE, charge.amount);
  }

  balances(account: number): Balances {
    if (account === Account.SUPPLY) {
      const { base, quote } = this.#outstanding;
      return { baseAvailable: base, baseHeld: 0n, quoteAvailable: quote, quoteHeld: 0n };
    }
    return {
      baseAvailable: this.available(account, Asset.BASE),
      baseHeld: this.held(account, Asset.BASE),
      quoteAvailable: this.available(account, Asset.QUOTE),
      quoteHeld: this.held(account, Asset.QUOTE),
    };
  }

  /** Every account that ever had anything, the supply account first. */
  accounts(): number[] {
    return [...new Set([Account.SUPPLY, ...this.#base.keys(), ...this.#quote.keys()])];
  }

  #addToSupply(asset: Asset, amount: bigint): void {
    if (asset === Asset.BASE) this.#outstanding.base += amount;
    else this.#outstanding.quote += amount;
  }

  #spend(account: number, asset: Asset, amount: bigint): void {
    const purse = this.#purse(account, asset);
    assert(purse.available >= amount, `account ${account} has less available than it spends`);
    purse.available -= amount;
  }

  #table(asset: Asset): Map<number, Purse> {
    return asset === Asset.BASE ? this.#base : this.#quote;
  }

  #purse(account: number, asset: Asset): Purse {
    const table = this.#table(asset);
    const found = table.get(account);
    if (found !== undefined) return found;
    const purse = emptyPurse();
    table.set(account, purse);
    return purse;
  }
}
