/**
 * Who may come in: asked before the log, the only place where load and timing may decide. What is
 * refused leaves no trace in the record and is answered with a code at once.
 *
 * Cancels take risk off and make room, so they pass where others don't: a part of the room is kept
 * for them, and neither rates, breakers nor lag hold them up.
 */
import { Account } from '@foldbook/protocol';
import type { Clock } from '@foldbook/runtime';
import { type BucketRate, TokenBucket } from './token-bucket.ts';

export interface AdmissionLimits {
  /** Commands admitted and not yet executed before clients hear BUSY. */
  readonly maxPendingCommands: number;
  /** Of these, of one client's account. */
  readonly maxPendingPerAccount: number;
  /** Of both, what only cancels may fill. */
  readonly cancelReservePercent: number;
  /** How long a market's oldest command may have waited for log and engine. */
  readonly maxLagMs: number;
  /** Commands of one account, and of one market; unlimited without. */
  readonly accountRate?: BucketRate | undefined;
  readonly marketRate?: BucketRate | undefined;
  /** After so many refusals within a second an account is not listened to for `breakerRestMs`. */
  readonly breakerRefusals: number;
  readonly breakerRestMs: number;
}

/** The limits that a message may meet, by the numbers under which metrics count them. */
export const ADMISSION_LIMITS = {
  /** All that may wait waits. */
  BUSY: 1,
  /** There is room, but the account has as much waiting as one account may have. */
  SHARE_USED: 2,
  /** More a second than the account, or the market, may have. */
  ACCOUNT_RATE: 3,
  MARKET_RATE: 4,
  /** What was admitted waits too long already. */
  LAGGING: 5,
  /** Too many refusals: the account is not listened to for a while. */
  RESTING: 6,
  /** The log takes nothing: see `Admission.stalled`. */
  UNAVAILABLE: 7,
} as const;

export type RefusedAdmission = keyof typeof ADMISSION_LIMITS;

export type AdmissionAnswer = 'ADMITTED' | RefusedAdmission;

export interface Entry {
  readonly market: string;
  readonly account: number;
  readonly commands: number;
  /** It takes orders off and does nothing else. */
  readonly isCancel: boolean;
  /** How long the market's oldest command has waited. */
  readonly lagMs: number;
}

interface Breaker {
  windowStartMs: number;
  refusals: number;
  openUntilMs: number;
}

const WINDOW_MS = 1_000;
/** Accounts and markets that are remembered before those with nothing to remember are let go. */
const SWEEP_SIZE = 10_000;

export class Admission {
  /** The log takes no appends at present. */
  stalled = false;
  readonly #limits: AdmissionLimits;
  readonly #clock: Clock;
  readonly #originNs: bigint;
  #pending = 0;
  /** Pending commands by client account; who has none isn't in it. */
  readonly #pendingOf = new Map<number, number>();
  readonly #accounts = new Map<number, TokenBucket>();
  readonly #markets = new Map<string, TokenBucket>();
  readonly #breakers = new Map<number, Breaker>();

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#originNs = clock.nowNs();
  }

  /** Commands admitted and not yet executed. */
  get pending(): number {
    return this.#pending;
  }

  /** The same of an account; of all together for one that is no client's. */
  pendingOf(account: number): number {
    return account < Account.FIRST_CLIENT ? this.#pending : (this.#pendingOf.get(account) ?? 0);
  }

  /** Whether the account is not listened to at present: what it sends need not even be read. */
  isResting(account: number): boolean {
    const breaker = this.#breakers.get(account);
    return breaker !== undefined && this.#nowMs() < breaker.openUntilMs;
  }

  /** Says whether commands may come in; they do not count before `admitted`. */
  ask(entry: Entry): AdmissionAnswer {
    const isClient = entry.account >= Account.FIRST_CLIENT;
    const full = this.#room(entry, isClient);
    if (full !== undefined) return this.stalled ? 'UNAVAILABLE' : full;
    if (entry.isCancel || !isClient) return 'ADMITTED';
    if (entry.lagMs > this.#limits.maxLagMs) return this.stalled ? 'UNAVAILABLE' : 'LAGGING';
    return this.#rates(entry);
  }

  admitted({ market, account, commands }: Entry): void {
    this.count(account, commands);
    if (account < Account.FIRST_CLIENT) return;
    const { accountRate, marketRate } = this.#limits;
    const nowMs = this.#nowMs();
    if (accountRate !== undefined) {
      this.#bucket(this.#accounts, account, accountRate).take(commands, nowMs);
    }
    if (marketRate !== undefined) {
      this.#bucket(this.#markets, market, marketRate).take(commands, nowMs);
    }
  }

  /** Counts commands in that nobody asked for: of the log, or of the sequencer itself. */
  count(account: number, commands: number): void {
    this.#pending += commands;
    if (account < Account.FIRST_CLIENT) return;
    this.#pendingOf.set(account, (this.#pendingOf.get(account) ?? 0) + commands);
  }

  /** @param shares - of `commands`, how many each client's account had sent */
  executed(commands: number, shares: ReadonlyMap<number, number>): void {
    this.#pending -= commands;
    for (const [account, count] of shares) {
      const left = (this.#pendingOf.get(account) ?? 0) - count;
      if (left > 0) this.#pendingOf.set(account, left);
      else this.#pendingOf.delete(account);
    }
  }

  /** A message of a client was refused, for whatever reason. */
  refused(account: number): void {
    if (account < Account.FIRST_CLIENT) return;
    const nowMs = this.#nowMs();
    const breaker = this.#breakerOf(account, nowMs);
    // Turned away unheard: counted, it would keep itself out for as long as it tries.
    if (nowMs < breaker.openUntilMs) return;
    if (nowMs - breaker.windowStartMs >= WINDOW_MS) {
      breaker.windowStartMs = nowMs;
      breaker.refusals = 0;
    }
    breaker.refusals += 1;
    if (breaker.refusals < this.#limits.breakerRefusals) return;
    breaker.openUntilMs = nowMs + this.#limits.breakerRestMs;
    breaker.windowStartMs = breaker.openUntilMs;
    breaker.refusals = 0;
  }

  #room({ account, commands, isCancel }: Entry, isClient: boolean): RefusedAdmission | undefined {
    const { maxPendingCommands, maxPendingPerAccount, cancelReservePercent } = this.#limits;
    const share = isCancel ? 1 : 1 - cancelReservePercent / 100;
    if (this.#pending + commands > maxPendingCommands * share) return 'BUSY';
    const pendingOf = this.#pendingOf.get(account) ?? 0;
    if (isClient && pendingOf + commands > maxPendingPerAccount * share) return 'SHARE_USED';
    return undefined;
  }

  #rates({ market, account, commands }: Entry): AdmissionAnswer {
    const { accountRate, marketRate } = this.#limits;
    const nowMs = this.#nowMs();
    const isOver = <Key>(buckets: Map<Key, TokenBucket>, key: Key, rate: BucketRate | undefined) =>
      rate !== undefined && !this.#bucket(buckets, key, rate).has(commands, nowMs);
    if (isOver(this.#accounts, account, accountRate)) return 'ACCOUNT_RATE';
    return isOver(this.#markets, market, marketRate) ? 'MARKET_RATE' : 'ADMITTED';
  }

  #bucket<Key>(buckets: Map<Key, TokenBucket>, key: Key, rate: BucketRate): TokenBucket {
    const found = buckets.get(key);
    if (found !== undefined) return found;
    const nowMs = this.#nowMs();
    if (buckets.size >= SWEEP_SIZE) forget(buckets, (bucket) => bucket.isFull(nowMs));
    const made = new TokenBucket(rate, nowMs);
    buckets.set(key, made);
    return made;
  }

  #breakerOf(account: number, nowMs: number): Breaker {
    const found = this.#breakers.get(account);
    if (found !== undefined) return found;
    if (this.#breakers.size >= SWEEP_SIZE) {
      forget(this.#breakers, (breaker) => nowMs - breaker.windowStartMs >= WINDOW_MS);
    }
    const made = { windowStartMs: nowMs, refusals: 0, openUntilMs: 0 };
    this.#breakers.set(account, made);
    return made;
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() - this.#originNs) / 1e6;
  }
}

function forget<Key, Value>(map: Map<Key, Value>, isIdle: (value: Value) => boolean): void {
  for (const [key, value] of map) if (isIdle(value)) map.delete(key);
}
