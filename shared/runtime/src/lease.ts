/**
 * Leases: who of several nodes does something, for as long as it says so again and again. A lease
 * is advice. It keeps nodes from taking work from each other for no reason; that only one of them
 * does it has to be seen to by what they work on (the log refuses appends of an owner before).
 *
 * A holder writes its key anew every third of the lease's time, naming the revision that it knows.
 * A contender that has seen the same revision for the whole time, by its own monotonic clock and
 * with a store that answered all the while, may replace it, naming that revision. No clock is
 * compared with another machine's. A holder that was not heard for two thirds of the time is told
 * to stop.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { HeldLease, type LeaseLoss } from './held-lease.ts';
import { LeaseLook } from './lease-look.ts';
import {
  encodeLease,
  type LeaseHolder,
  type LeaseRecord,
  MAX_LEASE_MS,
  parseLease,
} from './lease-record.ts';
import { LeaseError, type LeaseStore } from './lease-store.ts';
import { hostIdentity, isAlive, ownIdentity } from './process-identity.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface LeaseTableOptions {
  readonly store: LeaseStore;
  /** This node's name, for people. */
  readonly node: string;
  /** What others should know of it, with every lease that it holds. */
  readonly facts?: Readonly<Record<string, string>> | undefined;
  readonly timers?: Timers | undefined;
  /** The rest of what is written of a holder; by default what is true of this process. */
  readonly identity?: Pick<LeaseHolder, 'host' | 'instance' | 'process'> | undefined;
  /**
   * Whether a holder is known to have ended; by default its process is looked for, if it is one of
   * this host's.
   */
  readonly isGone?: ((holder: LeaseHolder) => boolean) | undefined;
}

export interface AcquireOptions {
  /** From 1 ms to an hour. */
  readonly leaseMs: number;
  /** Told at most once. The holder has to stop what it does under the lease. */
  readonly onLost: (loss: LeaseLoss) => void;
  /** The term will be higher than this and than every one that the key has had; 0 by default. */
  readonly aboveTerm?: number | undefined;
  /** How often a holder's process on this host is looked at; 10 ms by default. */
  readonly lookMs?: number | undefined;
  /** Ends the waiting: `acquire` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is written under a key; the record is undefined if nobody ever held the lease. */
export interface LeaseView {
  readonly revision: number;
  readonly record: LeaseRecord | undefined;
}

const NS_PER_MS = 1e6;
const LOOKS = 4;
const DEFAULT_LOOK_MS = 10;
const DEFAULT_POLL_MS = 1_000;

/** Whether a holder is a process of this host, and does not run any more. */
export function hasEnded(holder: LeaseHolder, ownHost = hostIdentity()): boolean {
  return holder.host !== '' && holder.host === ownHost && !isAlive(holder.process);
}

export class LeaseTable {
  readonly #store: LeaseStore;
  readonly #timers: Timers;
  readonly #holder: LeaseHolder;
  readonly #isGone: (holder: LeaseHolder) => boolean;
  /** Keys that this table holds, or is about to. */
  readonly #busy = new Set<string>();

  constructor(options: LeaseTableOptions) {
    const { store, node, facts = {}, timers = systemTimers } = options;
    const host = hostIdentity();
    const own = options.identity ?? { host, instance: randomUUID(), process: ownIdentity() };
    this.#store = store;
    this.#timers = timers;
    this.#holder = { node, facts, ...own };
    this.#isGone = options.isGone ?? ((other) => hasEnded(other, own.host));
  }

  /** What is written of this table with every lease, and with no other's. */
  get instance(): string {
    return this.#holder.instance;
  }

  /**
   * Waits until this node holds the lease. One at a time for each key: the former one has to be
   * lost or released. Rejects with LeaseError DAMAGED, CLOSED, BAD_CONFIG, or as `signal` says; a
   * store that is away is waited for.
   */
  async acquire(key: string, options: AcquireOptions): Promise<HeldLease> {
    const { leaseMs, signal } = options;
    assert(!this.#busy.has(key), `${key} is held by this table, or being acquired`);
    assert(Number.isInteger(leaseMs) && leaseMs >= 1 && leaseMs <= MAX_LEASE_MS, `${leaseMs} ms`);
    this.#busy.add(key);
    const parts = { store: this.#store, timers: this.#timers };
    const look = new LeaseLook(parts, key, leaseMs / LOOKS, signal);
    try {
      return await this.#contend(key, options, look);
    } catch (error) {
      this.#busy.delete(key);
      throw error;
    } finally {
      look.close();
    }
  }

  /** Rejects with LeaseError DAMAGED, UNAVAILABLE, CLOSED. */
  async view(key: string): Promise<LeaseView> {
    const { revision, value } = await this.#store.read(key);
    return { revision, record: parseLease(key, value, this.#store.description) };
  }

  /**
   * Tells what the key holds, now and after each change; changes in quick succession may be told as
   * one. A store that is away is waited for, what is no lease is not told; it ends by itself when
   * the store is closed.
   * @param pollMs looks at least so often, should a hint be lost; 1,000 ms by default
   * @returns a function that ends it
   */
  watch(key: string, listener: (view: LeaseView) => void, pollMs = DEFAULT_POLL_MS): () => void {
    const stop = new AbortController();
    const parts = { store: this.#store, timers: this.#timers };
    const look = new LeaseLook(parts, key, pollMs, stop.signal);
    const follow = async () => {
      let toldRevision: number | undefined;
      while (!stop.signal.aborted) {
        const view = await this.view(key).catch((error: unknown) => {
          const isPassing = isUnavailable(error) || isDamaged(error);
          if (!isPassing) stop.abort();
          return undefined;
        });
        if (stop.signal.aborted) break;
        if (view !== undefined && view.revision !== toldRevision) {
          toldRevision = view.revision;
          listener(view);
        }
        await look.wait(pollMs);
      }
      look.close();
    };
    void follow();
    return () => stop.abort();
  }

  async #contend(key: string, options: AcquireOptions, look: LeaseLook): Promise<HeldLease> {
    const { leaseMs, signal, lookMs = DEFAULT_LOOK_MS } = options;
    /** The entry that is waited for, and since when it has been the same. */
    let seen: { readonly revision: number; readonly sinceNs: number } | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const askedNs = this.#timers.monotonicNs();
      const view = await this.view(key).catch(undefinedIfUnavailable);
      if (view === undefined) {
        // The holder could not renew it either: this time does not count.
        seen = undefined;
        await look.wait(leaseMs / LOOKS);
        continue;
      }
      const { record, revision } = view;
      if (seen?.revision !== revision) seen = { revision, sinceNs: this.#timers.monotonicNs() };
      const waitedMs = (askedNs - seen.sinceNs) / NS_PER_MS;
      const isGone = () => !this.#isLeftTo(record) && this.#hasGone(record);
      if (this.#isFree(record) || isGone() || waitedMs >= (record?.leaseMs ?? 0)) {
        const lease = await this.#take(key, options, view);
        if (lease instanceof HeldLease) return lease;
        // The next look tells who was faster, or whether it was written without an answer.
        if (lease === 'unanswered') await look.rest(leaseMs / LOOKS);
        continue;
      }
      const leftMs = (record?.leaseMs ?? 0) - waitedMs;
      await look.wait(Math.max(1, leftMs), { lookMs, isDue: isGone });
      if (signal?.aborted || !isGone()) continue;
      // Nobody is likely to have written since: to ask first would only take time.
      const lease = await this.#take(key, options, view);
      if (lease instanceof HeldLease) return lease;
    }
  }

  /**
   * Nobody's, or an earlier one of this very table: that ended, or its writing was not answered.
   */
  #isFree(record: LeaseRecord | undefined): boolean {
    if (record?.isHeld === true) return record.holder.instance === this.#holder.instance;
    return !this.#isLeftTo(record);
  }

  #hasGone(record: LeaseRecord | undefined): boolean {
    return record === undefined || this.#isGone(record.holder);
  }

  /** Given up for another node, which is to have the first go. */
  #isLeftTo(record: LeaseRecord | undefined): boolean {
    if (record === undefined || record.isHeld || record.heir === undefined) return false;
    return record.heir !== this.#holder.node;
  }

  async #take(
    key: string,
    { leaseMs, onLost, aboveTerm = 0, signal }: AcquireOptions,
    { record: former, revision: formerRevision }: LeaseView,
  ): Promise<HeldLease | 'conflict' | 'unanswered'> {
    const term = Math.max(former?.term ?? 0, aboveTerm) + 1;
    const record = { term, isHeld: true, leaseMs, holder: this.#holder };
    const writtenNs = this.#timers.monotonicNs();
    let revision: number | undefined;
    try {
      revision = await this.#store.replace(key, encodeLease(record), formerRevision);
    } catch (error) {
      if (isUnavailable(error)) return 'unanswered';
      throw error;
    }
    if (revision === undefined) return 'conflict';
    const onEnd = () => void this.#busy.delete(key);
    const parts = { store: this.#store, timers: this.#timers, key, record, revision, writtenNs };
    const lease = new HeldLease({ ...parts, onLost, onEnd });
    if (signal?.aborted !== true) return lease;
    await lease.release();
    throw signal.reason;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof LeaseError && error.code === 'UNAVAILABLE';
}

function undefinedIfUnavailable(error: unknown): undefined {
  if (isUnavailable(error)) return undefined;
  throw error;
}

function isDamaged(error: unknown): boolean {
  return error instanceof LeaseError && error.code === 'DAMAGED';
}
