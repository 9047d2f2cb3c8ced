// SPDX-License-Identifier: GPL-3.0-or-later
import { PartProving } from '../part-proving.ts';
import type { PartJob, ProofResult } from '../proof-job.ts';
import type { ProofMaker } from '../proof-queue.ts';

/** One kernel for all: memory that was taken once is warm. */
const opened = PartProving.open();

/** Proves parts on the thread that asks, and what a test says instead. Tests only. */
export class PartMaker implements ProofMaker {
  readonly concurrency = 2;
  /** Parts that were made, in order: "<epoch>-<part>". */
  readonly made: string[] = [];
  /** Asked before a part is made: resolves with a result that takes the proof's place, if any. */
  instead: ((job: PartJob) => Promise<ProofResult | undefined>) | undefined;
  readonly #stop = new Int32Array(1);

  async make(job: PartJob): Promise<ProofResult> {
    const proving = await opened;
    const instead = await this.instead?.(job);
    const { epoch, part } = job.place;
    this.made.push(`${epoch}-${part}`);
    return instead ?? proving.prove(job, this.#stop);
  }

  refuses(): undefined {
    return undefined;
  }
}
