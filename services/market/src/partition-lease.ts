/**
 * The lease of a partition: which of several processes opens it. Advice only (ownership.ts is what
 * keeps two owners apart), so that none takes it from another for no reason.
 */
import type { HeldLease, LeaseLoss, LeaseTable, Logger } from '@foldbook/runtime';

/** Between two looks at a holder of the same host, ms. */
const LOOK_MS = 1;

export interface PartitionLeaseParts {
  readonly table: LeaseTable;
  readonly partition: number;
  readonly leaseMs: number;
  readonly logger: Logger;
  /** Whoever had it before need not be watched any more. */
  readonly onAcquired?: () => void;
}

/** Another process has the partition. */
export class PartitionLost extends Error {
  override readonly name = 'PartitionLost';
}

export class PartitionLease {
  readonly #parts: PartitionLeaseParts;
  readonly #failure = Promise.withResolvers<Error>();
  readonly #ending = new AbortController();
  #lease: HeldLease | undefined;
  /** Ends the waiting of who needs the lease: it was acquired, perhaps anew. */
  #acquired = Promise.withResolvers<void>();

  constructor(parts: PartitionLeaseParts) {
    this.#parts = parts;
  }

  /** Whether another process has it, as far as can be asked now; the log tells of it. */
  async isOthers(): Promise<boolean> {
    const { table, logger } = this.#parts;
    // Who can't be asked now is waited for by `acquire`.
    const record = await table.view(this.#key).then(
      (view) => view.record,
      () => undefined,
    );
    if (record?.isHeld !== true) return false;
    logger.info(`${this.#key} is ${record.holder.node}'s; waiting for it`, { term: record.term });
    return true;
  }

  /**
   * Waits until the partition is this process's to open: another one has it, or had it and did not
   * say for the lease's time that it lives.
   */
  acquire(): Promise<void> {
    return this.#acquire(this.#ending.signal);
  }

  /**
   * Resolves at once while the lease is held, by the process's own clock; else when it is regained.
   * To be asked before the partition is opened, if anything took time since `acquire`: it would be
   * taken from who was faster. Rejects with PartitionLost if another process has it.
   */
  async held(): Promise<void> {
    while (this.#lease?.isHeld !== true) {
      const error = await Promise.race([this.#acquired.promise, this.#failure.promise]);
      if (error !== undefined) throw error;
    }
  }

  /** Resolves if another process has the partition. */
  get failed(): Promise<Error> {
    return this.#failure.promise;
  }

  /** Lets the next one have it without waiting: the node `heir`, if one is named. */
  async release(heir?: string): Promise<void> {
    this.#ending.abort();
    await this.#lease?.release(heir);
  }

  get #key(): string {
    return `partition.${this.#parts.partition}`;
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const again = this.#lease === undefined ? '' : ', again';
    const { table, leaseMs, logger } = this.#parts;
    const onLost = (loss: LeaseLoss) => this.#lost(loss);
    const lookMs = LOOK_MS;
    this.#lease = await table.acquire(this.#key, { leaseMs, lookMs, onLost, signal });
    this.#acquired.resolve();
    this.#acquired = Promise.withResolvers();
    this.#parts.onAcquired?.();
    logger.info(`${this.#key} is this process's${again}`, { term: this.#lease.term });
  }

  /** A broker that was away may come back with nobody having taken the lease meanwhile. */
  #lost({ reason, detail }: LeaseLoss): void {
    if (reason !== 'silent') {
      this.#failure.resolve(new PartitionLost(`${detail}: another process serves the partition`));
      return;
    }
    this.#parts.logger.warn('the lease was not renewed; trying to have it again', { detail });
    this.#regain().catch((error: unknown) => {
      if (this.#ending.signal.aborted) return;
      this.#failure.resolve(error instanceof Error ? error : new Error(String(error)));
    });
  }

  async #regain(): Promise<void> {
    const taken = new AbortController();
    const { table } = this.#parts;
    const stop = table.watch(this.#key, ({ record }) => {
      const lostTerm = this.#lease?.term ?? 0;
      // Its own writing may have been done without an answer.
      const isOthers = record !== undefined && record.holder.instance !== table.instance;
      if (isOthers && record.term > lostTerm) {
        const words = `${this.#key} is ${record.holder.node}'s with term ${record.term}`;
        taken.abort(new PartitionLost(words));
      }
    });
    try {
      await this.#acquire(AbortSignal.any([taken.signal, this.#ending.signal]));
    } finally {
      stop();
    }
  }
}
