import { epochFileName, recordsFileName } from './epoch-source.ts';
import { type Refused, refused } from './reason-codes.ts';

/** What an epochs folder holds: epochs 0 to `epochs` - 1, each perhaps with its records. */
export interface EpochListing {
  readonly ok: true;
  readonly epochs: number;
  /** Epochs whose records file is there. */
  readonly records: ReadonlySet<number>;
}

/** Reads the folder's names: no gaps, and nothing that is not of the chain. */
export function listEpochs(names: readonly string[]): EpochListing | Refused {
  const epochs = new Set<number>();
  const records = new Set<number>();
  for (const name of names) {
    const match = /^(\d{8})\.(fbe|fbr)$/.exec(name);
    if (!match) {
      return refused(
        'STORE_STRAY_FILE',
        `${name} is neither <8 digits>.fbe nor <8 digits>.fbr: move it out of the epochs folder`,
      );
    }
    (match[2] === 'fbe' ? epochs : records).add(Number(match[1]));
  }
  for (const epoch of epochs) {
    if (epoch >= epochs.size) {
      const gap = [...Array(epochs.size).keys()].find((number) => !epochs.has(number)) ?? 0;
      return refused(
        'EPOCH_MISSING',
        `${epochFileName(gap)} is missing, but ${epochFileName(epoch)} is there: restore it`,
      );
    }
  }
  // A prover keeps an epoch's records before the epoch itself: the next one's may be there.
  const stray = [...records].find((epoch) => epoch > epochs.size);
  if (stray !== undefined) {
    const name = recordsFileName(stray);
    return refused('STORE_STRAY_FILE', `${name} has no epoch file: move it out of the folder`);
  }
  return { ok: true, epochs: epochs.size, records };
}
