/** A lease from its holder's side: it renews it, and says when it is no longer to be relied on. */
import { encodeLease, type LeaseRecord, parseLease } from './lease-record.ts';
import { LeaseError, type LeaseStore } from './lease-store.ts';
import { cancelTimer, type Timer, type Timers } from './timers.ts';

export interface LeaseLoss {
  /**
   * `taken`: another node has it. `silent`: it could not be renewed for two thirds of its time, and
   * another node may take it soon. `damaged`: the key was deleted, or holds something else.
   */
  readonly reason: 'taken' | 'silent' | 'damaged';
  /** For people. */
  readonly detail: string;
}

export interface HeldLeaseParts {
  readonly store: LeaseStore;
  readonly timers: Timers;
  readonly key: string;
  readonly record: LeaseRecord;
  /** Of the entry that made it the holder. */
  readonly revision: number;
  /** On the monotonic clock, before that entry was written. */
  readonly writtenNs: number;
  readonly onLost: (loss: LeaseLoss) => void;
  /** Called once the key may be acquired anew. */
  readonly onEnd: () => void;
}

const NS_PER_MS = 1e6;
const RENEWALS = 3;
/** In parts of the lease's time: a store that is back is noticed soon. */
const RETRIES = 24;

export class HeldLease {
  readonly #parts: HeldLeaseParts;
  readonly #value: string;
  readonly #limitMs: number;
  #revision: number;
  #renewedNs: number;
  #state: 'held' | 'lost' | 'released' = 'held';
  #renewal: Timer | undefined;
  #deadline: Timer | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #loss: LeaseLoss | undefined;

  constructor(parts: HeldLeaseParts) {
    this.#parts = parts;
    this.#value = encodeLease(parts.record);
    this.#limitMs = (parts.record.leaseMs * 2) / 3;
    this.#revision = parts.revision;
    this.#renewedNs = parts.writtenNs;
    this.#watch();
    this.#renewAfter(parts.record.leaseMs / RENEWALS);
  }

  get key(): string {
    return this.#parts.key;
  }

  get term(): number {
    return this.#parts.record.term;
  }

  /** Undefined while it is held, and after a release. */
  get loss(): LeaseLoss | undefined {
    return this.#loss;
  }

  /**
   * Looks at the clock, too: a process that was stopped for a while learns from it that it lost the
   * lease before any timer tells.
   */
  get isHeld(): boolean {
    return this.#state === 'held' && this.#silentMs() < this.#limitMs;
  }

  /**
   * Gives it up, so that others need not wait; never calls `onLost`. Resolves with whether the
   * store knows: if not, others wait as after a crash.
   * @param heir - the node that shall have it: others wait for the lease's time
   */
  async release(heir?: string): Promise<boolean> {
    const before = this.#state;
    if (before === 'released') return false;
    const isOthers = before === 'lost' && this.#loss?.reason !== 'silent';
    this.#end('released');
    await this.#renewing;
    try {
      return !isOthers && (await this.#writeReleased(heir));
    } catch (error) {
      if (error instanceof LeaseError) return false;
      throw error;
    } finally {
      // A lost one has ended before, and the key may be acquired anew since.
      if (before === 'held') this.#parts.onEnd();
    }
  }

  async #writeReleased(heir: string | undefined): Promise<boolean> {
    const { store, key, record } = this.#parts;
    const value = encodeLease({ ...record, isHeld: false, heir });
    if ((await store.replace(key, value, this.#revision)) !== undefined) return true;
    // It may be a renewal of its own that was written without an answer.
    return (await this.#adopt()) && (await store.replace(key, value, this.#revision)) !== undefined;
  }

  #silentMs(): number {
    return (this.#parts.timers.monotonicNs() - this.#renewedNs) / NS_PER_MS;
  }

  #watch(): void {
    cancelTimer(this.#deadline);
    const leftMs = Math.max(0, this.#limitMs - this.#silentMs());
    this.#deadline = this.#parts.timers.after(leftMs, () => this.#fallSilent());
  }

  #fallSilent(): void {
    const silentMs = Math.round(this.#silentMs());
    const { store, key } = this.#parts;
    const detail = `${key} could not be renewed for ${silentMs} ms at ${store.description}`;
    this.#lose({ reason: 'silent', detail });
  }

  #renewAfter(ms: number): void {
    if (this.#state !== 'held') return;
    this.#renewal = this.#parts.timers.after(ms, () => {
      this.#renewing = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { store, timers, key, record } = this.#parts;
    const askedNs = timers.monotonicNs();
    try {
      const revision = await store.replace(key, this.#value, this.#revision);
      if (this.#state === 'lost') return;
      // What comes too late is not taken for a renewal: it has been told to stop, or is being told.
      if (this.#state === 'held' && this.#silentMs() >= this.#limitMs) {
        this.#fallSilent();
        return;
      }
      if (revision === undefined) {
        if (await this.#adopt()) this.#renewAfter(0);
        return;
      }
      this.#revision = revision;
      if (this.#state !== 'held') return;
      this.#renewedNs = askedNs;
      this.#watch();
      this.#renewAfter(record.leaseMs / RENEWALS);
    } catch (error) {
      if (!(error instanceof LeaseError)) throw error;
      if (error.code === 'UNAVAILABLE') this.#renewAfter(record.leaseMs / RETRIES);
      else this.#lose({ reason: 'damaged', detail: error.message });
    }
  }

  /**
   * Takes the key's revision for its own if it has written it, without having heard so; otherwise
   * the lease is lost.
   */
  async #adopt(): Promise<boolean> {
    const { store, key, record } = this.#parts;
    const entry = await store.read(key);
    const found = parseLease(key, entry.value, store.description);
    if (found?.holder.instance === record.holder.instance && found.term === record.term) {
      this.#revision = entry.revision;
      return true;
    }
    if (found === undefined) {
      this.#lose({ reason: 'damaged', detail: `${key} was deleted from ${store.description}` });
    } else {
      const detail = `${key} is ${found.holder.node}'s with term ${found.term}`;
      this.#lose({ reason: 'taken', detail });
    }
    return false;
  }

  #lose(loss: LeaseLoss): void {
    if (this.#state !== 'held') return;
    this.#loss = loss;
    this.#end('lost');
    this.#parts.onEnd();
    this.#parts.onLost(loss);
  }

  #end(state: 'lost' | 'released'): void {
    this.#state = state;
    cancelTimer(this.#renewal);
    cancelTimer(this.#deadline);
  }
}
