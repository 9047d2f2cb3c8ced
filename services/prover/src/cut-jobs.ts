// SPDX-License-Identifier: GPL-3.0-or-later
import type { AnyJob, PartName } from './proof-job.ts';

interface ChainJobs {
  /** Epochs before this one are kept. */
  first: number;
  /** Of epochs that are cut and not kept yet: ids of their jobs. */
  readonly epochs: Map<number, ReadonlySet<string>>;
}

/** A refused proof is asked for once more, under its id with this behind it. */
export const AGAIN = '-again';

/**
 * Which parts of STARK chains anybody asks for. A prover that was killed may have cut an epoch in
 * another way, and left jobs of that in the queue.
 */
export class CutJobs {
  /** By the hash of the chain's genesis. */
  readonly #chains = new Map<string, ChainJobs>();

  /** An epoch is proved by these parts; a chain's epochs come in order. */
  cut(chain: string, epoch: number, parts: readonly PartName[]): void {
    const known = this.#chains.get(chain) ?? { first: epoch, epochs: new Map() };
    this.#chains.set(chain, known);
    known.epochs.set(epoch, new Set(parts.map(({ id }) => id)));
  }

  /** The epochs before this one are in the store. */
  kept(chain: string, beforeEpoch: number): void {
    const known = this.#chains.get(chain);
    if (known === undefined) return;
    known.first = Math.max(known.first, beforeEpoch);
    for (const epoch of known.epochs.keys()) if (epoch < beforeEpoch) known.epochs.delete(epoch);
  }

  /** Whether nobody asks for it any more; of an epoch that is not cut yet that is not known. */
  isLeft({ id, place: { chain, epoch } }: Pick<AnyJob, 'id' | 'place'>): boolean {
    const known = this.#chains.get(chain);
    if (known === undefined) return false;
    const ids = known.epochs.get(epoch);
    const asked = id.endsWith(AGAIN) ? id.slice(0, -AGAIN.length) : id;
    return epoch < known.first || (ids !== undefined && !ids.has(asked));
  }
}
