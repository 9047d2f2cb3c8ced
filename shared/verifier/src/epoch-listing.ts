import { epochFileName } from './epoch-source.ts';
import { type Refused, refused } from './reason-codes.ts';

/** What an epochs folder holds: epochs 0 to `epochs` - 1, each perhaps with its records. */
export interface EpochListing {
  readonly ok: true;
  readonly epochs: number;
  /** Epochs whose records file is there, those that wait for their proofs included. */
  readonly records: ReadonlySet<number>;
  /** Epochs whose differences file is there. */
  readonly diffs: ReadonlySet<number>;
}

/** One name for each epoch: 8 digits, and more only when 8 do not do. */
const NAME = /^(\d{8}|[1-9]\d{8,14})\.(fbe|fbr|fbd)$/;

/** Reads the folder's names: no gaps, and nothing that is not of the chain. */
export function listEpochs(names: readonly string[]): EpochListing | Refused {
  const epochs = new Set<number>();
  const records = new Set<number>();
  const diffs = new Set<number>();
  const kinds = new Map([
    ['fbe', epochs],
    ['fbr', records],
    ['fbd', diffs],
  ]);
  for (const name of names) {
    const match = NAME.exec(name);
    if (!match) {
      return refused(
        'STORE_STRAY_FILE',
        `${name} is no <epoch>.fbe, .fbr or .fbd: move it out of the epochs folder`,
      );
    }
    kinds.get(match[2] ?? '')?.add(Number(match[1]));
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
  // Data are published when their epoch closes, so they may be any number of epochs ahead of the
  // proofs, but in order.
  for (const ahead of [records, diffs]) {
    const waiting = [...ahead].filter((epoch) => epoch >= epochs.size);
    const stray = waiting.find((epoch) => epoch >= epochs.size + waiting.length);
    if (stray === undefined) continue;
    const name = String(stray).padStart(8, '0');
    const what = `${name} has data, but no epoch file, and epochs before it have no data either`;
    return refused('STORE_STRAY_FILE', `${what}: restore those, or move it out of the folder`);
  }
  return { ok: true, epochs: epochs.size, records, diffs };
}
