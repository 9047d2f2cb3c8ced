/**
 * Whether what waits for a broker goes in one batch or one by one. A batch costs the broker some
 * files of its own, however short it is, and then the records share one sync: which is sooner
 * depends on its disk and its copies, so it is measured.
 */

/** Before anything was measured, ms. */
const SINGLE_MS = 0.5;
const BATCH_MS = 8;
/** Of a new measurement; one pause of the broker says little. */
const WEIGHT = 0.1;

export class CommitPace {
  #singleMs = SINGLE_MS;
  #batchMs = BATCH_MS;

  /** @param waiting - records that could go */
  isBatchWorth(waiting: number): boolean {
    return waiting > 1 && waiting * this.#singleMs > this.#batchMs;
  }

  /** So many records, one or a batch, took so long. */
  note(records: number, ms: number): void {
    if (records === 1) this.#singleMs += WEIGHT * (ms - this.#singleMs);
    else this.#batchMs += WEIGHT * (ms - this.#batchMs);
  }
}
