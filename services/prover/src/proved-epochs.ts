// SPDX-License-Identifier: GPL-3.0-or-later
/** Which epochs of a market are proved, to be looked up by market sequence. */
import type { ProvedEpoch } from '@foldbook/protocol';
import { epochFileName } from '@foldbook/verifier';

/** What has to be known of an epoch; the rest follows. */
export type Entry = Omit<ProvedEpoch, 'level' | 'path' | 'epoch'>;

export class ProvedEpochs {
  readonly #folder: string;
  readonly #entries: Entry[] = [];

  /** @param folder - of the chain, below that of all stores: the market's name, or one in it */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Market sequence that the proofs reach; 0 before the first. */
  get provedTo(): number {
    return this.#entries.at(-1)?.sequenceLast ?? 0;
  }

  /** The next epoch. */
  add(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** The epoch that a market sequence is in; undefined if it is not proved yet. */
  of(sequence: number): ProvedEpoch | undefined {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.sequenceLast ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    const entry = this.#entries[low];
    if (entry === undefined || entry.sequenceFirst > sequence) return undefined;
    const path = `${this.#folder}/epochs/${epochFileName(low)}`;
    return { epoch: low, ...entry, level: 'settlement', path };
  }
}
