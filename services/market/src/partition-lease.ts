/**
 * The lease of a partition: which of several processes opens it. Advice only (ownership.ts is what
 * keeps two owners apart), so that none takes it from another for no reason.
 */
import type { HeldLease, LeaseLoss, LeaseTable, Logger } from '@foldbook/runtime';

export interface PartitionLeaseParts {
  readonly table: LeaseTable;
  readonly partition: number;
  readonly leaseMs: number;
  readonly logger: Logger;
}

export class PartitionLease {
  readonly #parts: PartitionLeaseParts;
  readonly #failure = Promise.withResolvers<Error>();
  readonly #ending = new AbortController();
  #lease: HeldLease | undefined;

  private constructor(parts: PartitionLeaseParts) {
    this.#parts = parts;
  }

  /**
   * Waits until the partition is this process's to open: another one has it, or had it and did not
   * say for the lease's time that it lives.
   */
  static async acquire(parts: PartitionLeaseParts): Promise<PartitionLease> {
    const lease = new PartitionLease(parts);
    await lease.#tellWaiting();
    await lease.#acquire(lease.#ending.signal);
    return lease;
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

  async #tellWaiting(): Promise<void> {
    const { table, logger } = this.#parts;
    // Who can't be asked now is waited for below.
    const record = await table.view(this.#key).then(
      (view) => view.record,
      () => undefined,
    );
    if (record?.isHeld !== true) return;
    logger.info(`${this.#key} is ${record.holder.node}'s; waiting for it`, { term: record.term });
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const { table, leaseMs, logger } = this.#parts;
    const onLost = (loss: LeaseLoss) => this.#lost(loss);
    this.#lease = await table.acquire(this.#key, { leaseMs, onLost, signal });
    logger.info(`${this.#key} is this process's`, { term: this.#lease.term });
  }

  /** A broker that was away may come back with nobody having taken the lease meanwhile. */
  #lost({ reason, detail }: LeaseLoss): void {
    if (reason !== 'silent') {
      this.#failure.resolve(new Error(`${detail}: another process serves the partition`));
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
        taken.abort(new Error(`${this.#key} is ${record.holder.node}'s with term ${record.term}`));
      }
    });
    try {
      await this.#acquire(AbortSignal.any([taken.signal, this.#ending.signal]));
    } finally {
      stop();
    }
  }
}
