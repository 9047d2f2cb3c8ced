/** Writes what accounts have where threads and processes read it; see `BalanceWord`. */
import assert from 'node:assert/strict';
import { BALANCE_WORDS, type Engine } from '@foldbook/engine';
import { BALANCE_VIEW_WORDS, BalanceWord, balanceSlot } from '@foldbook/protocol';
import type { LockedWriter } from '@foldbook/runtime';

const SLOT_BITS = 14;
/** Half of them stay empty, so that a search is short. */
export const BALANCE_SLOTS = 2 ** SLOT_BITS;
/** Accounts that are shown, each market's for itself; those that come later are not. */
export const SHOWN_ACCOUNTS = BALANCE_SLOTS / 2;

const NONE = -1;
/** A power of two. */
const RECENT = 256;

export class BalanceViewWriter {
  readonly #open: (slot: number) => LockedWriter;
  /** Opened when an account takes its slot, which it keeps. */
  readonly #blocks: (LockedWriter | undefined)[] = [];
  readonly #markets = new Int32Array(BALANCE_SLOTS);
  readonly #accounts = new Int32Array(BALANCE_SLOTS);
  /** The last turn that changed each: an account is written once a turn. */
  readonly #turns = new Int32Array(BALANCE_SLOTS);
  readonly #changed = new Int32Array(SHOWN_ACCOUNTS);
  readonly #words = new Int32Array(BALANCE_VIEW_WORDS);
  readonly #numbers = new BigInt64Array(this.#words.buffer);
  /** Accounts that came last, by their low bits, and in which turn: most come again at once. */
  readonly #recent = new Int32Array(RECENT);
  readonly #recentTurns = new Int32Array(RECENT);
  #changes = 0;
  #shown = 0;
  #turn = 0;
  #market = 0;
  #hasHidden = false;

  constructor(open: (slot: number) => LockedWriter) {
    this.#open = open;
  }

  /** Accounts that are shown by now. */
  get shown(): number {
    return this.#shown;
  }

  /** Whether the turn changed an account that there is no place for. */
  get hasHidden(): boolean {
    return this.#hasHidden;
  }

  startTurn(market: number): void {
    this.#hasHidden = false;
    this.#market = market;
    this.#turn = (this.#turn + 1) | 0;
    this.#changes = 0;
  }

  /** The turn may have changed what this account has. */
  change(account: number): void {
    const recent = account & (RECENT - 1);
    if (this.#recent[recent] === account && this.#recentTurns[recent] === this.#turn) return;
    this.#recent[recent] = account;
    this.#recentTurns[recent] = this.#turn;
    const slot = this.#slotOf(account);
    if (slot === NONE) this.#hasHidden = true;
    if (slot === NONE || this.#turns[slot] === this.#turn) return;
    this.#turns[slot] = this.#turn;
    this.#changed[this.#changes] = slot;
    this.#changes += 1;
  }

  /** Shows what the turn changed. */
  write(engine: Engine): void {
    const words = this.#words;
    words[BalanceWord.MARKET] = this.#market;
    this.#numbers[BalanceWord.SEQUENCE / 2] = engine.sequence;
    for (let index = 0; index < this.#changes; index += 1) {
      const slot = this.#changed[index] ?? 0;
      const account = this.#accounts[slot] ?? 0;
      words[BalanceWord.ACCOUNT] = account;
      engine.writeBalance(account, words, BalanceWord.BASE_AVAILABLE);
      this.#blocks[slot]?.write(words);
    }
    this.#changes = 0;
  }

  #slotOf(account: number): number {
    const market = this.#market;
    let slot = balanceSlot(market, account, SLOT_BITS);
    while (this.#markets[slot] !== 0) {
      if (this.#accounts[slot] === account && this.#markets[slot] === market) return slot;
      slot = (slot + 1) & (BALANCE_SLOTS - 1);
    }
    if (this.#shown === SHOWN_ACCOUNTS) return NONE;
    this.#shown += 1;
    this.#markets[slot] = market;
    this.#accounts[slot] = account;
    this.#turns[slot] = this.#turn - 1;
    this.#blocks[slot] = this.#open(slot);
    return slot;
  }
}

assert(
  BALANCE_VIEW_WORDS === BalanceWord.BASE_AVAILABLE + BALANCE_WORDS,
  'an engine writes balances as a view has them',
);
