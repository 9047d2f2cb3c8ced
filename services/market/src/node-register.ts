/**
 * A node's entries in the bucket, and what it reads there of the others. It looks at all keys again
 * and again, soon after a hint that something has changed, and says of each for how long it has
 * been the same. While the broker does not answer, nothing is known.
 */
import {
  cancelTimer,
  type HeldLease,
  type LeaseStore,
  LeaseTable,
  type Logger,
  monotonicMs,
  type StreamReader,
  type Subscription,
  type Timer,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import {
  encodeLoad,
  encodeWish,
  type KeyEntry,
  loadKey,
  moveKey,
  type NodeState,
  nodeKey,
  readView,
  type VenueView,
} from './node-view.ts';

export interface NodeRegisterParts {
  readonly node: string;
  readonly partitions: number;
  readonly leaseMs: number;
  readonly store: LeaseStore;
  /** Of the bucket's stream. */
  readonly reader: StreamReader;
  /** Where hints of changes come from. */
  readonly transport: Transport;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Told after each look. */
  readonly onView: (view: VenueView) => void;
  /** Another node has its name, or the bucket is not what it has to be. */
  readonly onFailure: (error: Error) => void;
}

export const BUCKET_STREAM = 'KV_FOLDBOOK';
const SUBJECTS = '$KV.FOLDBOOK.>';
const PREFIX = '$KV.FOLDBOOK.';
/** Parts of a lease's time: a look in each, and one soon after a hint. */
const LOOKS = 6;
const MOST_BETWEEN_LOOKS_MS = 500;
const LEAST_BETWEEN_LOOKS_MS = 50;

interface Seen {
  readonly value: string;
  readonly revision: number;
  readonly sinceMs: number;
}

export class NodeRegister {
  readonly #parts: NodeRegisterParts;
  readonly #table: LeaseTable;
  readonly #ending = new AbortController();
  readonly #hints: Subscription;
  #lease: HeldLease | undefined;
  #seen = new Map<string, Seen>();
  #lookedMs = 0;
  #isLooking = false;
  #isClosed = false;
  #timer: Timer | undefined;
  #announced = '';
  #isAnnouncing = false;

  private constructor(parts: NodeRegisterParts) {
    this.#parts = parts;
    const { store, node, timers, transport } = parts;
    this.#table = new LeaseTable({ store, node, timers });
    this.#hints = transport.subscribe(SUBJECTS, ({ subject, payload }) => {
      if (isHint(subject, payload)) this.#lookIn(LEAST_BETWEEN_LOOKS_MS);
    });
  }

  /** Waits while another process with this node's name lives. */
  static async open(parts: NodeRegisterParts): Promise<NodeRegister> {
    const register = new NodeRegister(parts);
    const { logger, node } = parts;
    const { record } = await register.#table.view(nodeKey(node));
    if (record?.isHeld === true) {
      logger.info(`a process that calls itself node ${node} may still run; waiting for its end`);
    }
    await register.#acquire();
    register.#look();
    return register;
  }

  /** Writes what it runs, if that is news. */
  announce(state: Omit<NodeState, 'name'>): void {
    const value = encodeLoad(state);
    if (value === this.#announced || this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    this.#put(loadKey(this.#parts.node), value)
      .then(() => {
        this.#announced = value;
      })
      .catch((error: unknown) => this.#parts.logger.warn(`not announced: ${error}`))
      .finally(() => {
        this.#isAnnouncing = false;
      });
  }

  /** Rejects with LeaseError. */
  async wish(partition: number, to: string): Promise<void> {
    await this.#put(moveKey(partition), encodeWish(to));
    this.#lookIn(0);
  }

  /** Takes the wish away that was read with this revision; one that came since stays. */
  async clearWish(partition: number, revision: number): Promise<void> {
    await this.#parts.store.replace(moveKey(partition), '', revision);
    this.#lookIn(0);
  }

  /** From here on the others see that it ends; it goes on looking. */
  async leave(): Promise<void> {
    this.#ending.abort();
    await this.#lease?.release();
  }

  close(): void {
    this.#ending.abort();
    this.#isClosed = true;
    this.#hints.unsubscribe();
    cancelTimer(this.#timer);
  }

  async #acquire(): Promise<void> {
    const { node, leaseMs, onFailure } = this.#parts;
    const { signal } = this.#ending;
    this.#lease = await this.#table.acquire(nodeKey(node), {
      leaseMs,
      signal,
      onLost: ({ reason, detail }) => {
        if (reason === 'taken') onFailure(new Error(`${detail}: give each node its own name`));
        else this.#regain();
      },
    });
  }

  #regain(): void {
    this.#acquire().catch((error: unknown) => {
      if (this.#ending.signal.aborted) return;
      this.#parts.onFailure(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Over whatever is there: the last one counts. */
  async #put(key: string, value: string): Promise<void> {
    const { store } = this.#parts;
    for (;;) {
      const { revision } = await store.read(key);
      if ((await store.replace(key, value, revision)) !== undefined) return;
    }
  }

  #lookIn(ms: number): void {
    if (this.#isLooking || this.#isClosed) return;
    cancelTimer(this.#timer);
    const sinceMs = monotonicMs(this.#parts.timers) - this.#lookedMs;
    const waitMs = Math.max(ms, LEAST_BETWEEN_LOOKS_MS - sinceMs);
    this.#timer = this.#parts.timers.after(waitMs, () => this.#look());
  }

  #look(): void {
    const { timers, leaseMs, logger } = this.#parts;
    this.#isLooking = true;
    this.#lookedMs = monotonicMs(timers);
    this.#read()
      .then(() => {
        if (!this.#isClosed) this.#parts.onView(this.#view());
      })
      .catch((error: unknown) => {
        // How old what was seen is can't be said: nobody could write meanwhile either.
        this.#seen = new Map();
        if (!this.#isClosed) logger.warn(`the venue's nodes can't be seen: ${error}`);
      })
      .finally(() => {
        this.#isLooking = false;
        this.#lookIn(Math.min(MOST_BETWEEN_LOOKS_MS, leaseMs / LOOKS));
      });
  }

  async #read(): Promise<void> {
    const records = await this.#parts.reader.lastOfEach(SUBJECTS);
    const nowMs = monotonicMs(this.#parts.timers);
    const seen = new Map<string, Seen>();
    for (const { subject, payload, sequence } of records) {
      if (payload.byteLength === 0) continue;
      const key = subject.slice(PREFIX.length);
      const before = this.#seen.get(key);
      const value = new TextDecoder().decode(payload);
      const sinceMs = before?.revision === sequence ? before.sinceMs : nowMs;
      seen.set(key, { value, revision: sequence, sinceMs });
    }
    this.#seen = seen;
  }

  #view(): VenueView {
    const nowMs = monotonicMs(this.#parts.timers);
    const entries = new Map<string, KeyEntry>();
    for (const [key, { value, revision, sinceMs }] of this.#seen) {
      entries.set(key, { value, revision, ageMs: nowMs - sinceMs });
    }
    return readView(entries, this.#parts.partitions);
  }
}

/** Leases are renewed all the time, which changes nothing. */
function isHint(subject: string, payload: Uint8Array): boolean {
  if (!subject.startsWith(`${PREFIX}partition.`) && !subject.startsWith(`${PREFIX}node.`)) {
    return true;
  }
  return !new TextDecoder().decode(payload).includes('"isHeld":true');
}
