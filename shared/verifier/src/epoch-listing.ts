import { epochFileName, recordsFileName } from './epoch-source.ts';
import { type Refused, refused } from './reason-codes.ts';

/** What an epochs folder holds: epochs 0 to `epochs` - 1, each perhaps with its records. */
export interface EpochListing {
  readonly ok: true;
  readonly epochs: number;
  /** Epochs whose records file is there. */
  readonly records: ReadonlySet<number>;
}

/** One name for each epoch: 8 digits, and more only when 8 do not do. */
const NAME = /^(\d{8}|[1-9]\d{8,14})\.(fbe|fbr)$/;

/** Reads the folder's names: no gaps, and nothing that is not of the chain. */
export function listEpochs(names: readonly string[]): EpochListing | Refused {
  const epochs = new Set<number>();
  const records = new Set<number>();
  for (const name of names) {
    const match = NAME.exec(name);
    if (!match) {
      return refused(
        'STORE_STRAY_FILE',
        `${name} is no <epoch>.fbe or <epoch>.fbr: move it out of the epochs folder`,
      );
    }
    (match[2] === 'fbe' ? epochs : records).add(Number(match[1]));
  }
  for (const epoch of epochs) {
    if (epoch >= epochs.size) {
      let gap = 0;
      while (epochs.has(gap)) gap += 1;
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
