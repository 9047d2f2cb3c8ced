/** Whether the epochs of a store tile what happened: read from the files, beside the verifier. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeStatement } from '@foldbook/stark/verify';
import {
  type ChainKind,
  decodeEpochFile,
  decodeStarkEpochFile,
  epochFileName,
} from '@foldbook/verifier';

export interface Tiling {
  readonly epochs: number;
  readonly records: number;
  readonly proofs: number;
  /** In words. */
  readonly failures: readonly string[];
}

/** Numbers of the epochs that a chain's folder has proofs of, ascending. */
export async function storedEpochs(folder: string): Promise<number[]> {
  const names = await readdir(join(folder, 'epochs')).catch(() => []);
  const proofs = names.filter((name) => /^\d+\.fbe$/.test(name));
  return proofs.map((name) => Number.parseInt(name, 10)).sort((left, right) => left - right);
}

/** What an epoch's file says of itself. */
function readEpoch(chain: ChainKind, bytes: Uint8Array) {
  if (chain === 'stark') {
    const decoded = decodeStarkEpochFile(bytes);
    if (!decoded.ok) return decoded;
    const { header, parts } = decoded.value;
    const counts = parts.map(({ statement }) => {
      const read = decodeStatement(statement);
      return read.ok ? read.value.count : 0;
    });
    return { ok: true, value: { header, counts, proofs: parts.length } } as const;
  }
  const decoded = decodeEpochFile(bytes);
  if (!decoded.ok) return decoded;
  const { header, batches, accounts } = decoded.value;
  const counts = batches.map(({ count }) => count);
  return {
    ok: true,
    value: { header, counts, proofs: batches.length + accounts.length },
  } as const;
}

/** Each record, each sequence and each touched account is in one proof, and in the right order. */
export async function storedTiling(folder: string, chain: ChainKind): Promise<Tiling> {
  const failures: string[] = [];
  let [epochs, records, proofs, sequence] = [0, 0n, 0, 0n];
  for (const epoch of await storedEpochs(folder)) {
    if (epoch !== epochs) failures.push(`epoch ${epoch} follows epoch ${epochs - 1}`);
    const bytes = await readFile(join(folder, 'epochs', epochFileName(epoch)));
    const decoded = readEpoch(chain, new Uint8Array(bytes));
    if (!decoded.ok) {
      failures.push(`epoch ${epoch}: ${decoded.error.message}`);
      continue;
    }
    const { header, counts } = decoded.value;
    const { recordFirst, recordCount, sequenceFirst, sequenceLast } = header;
    if (recordFirst !== records) failures.push(`epoch ${epoch}: records from ${recordFirst} on`);
    if (sequenceFirst !== sequence + 1n) failures.push(`epoch ${epoch}: from ${sequenceFirst} on`);
    const proved = counts.reduce((sum, count) => sum + count, 0);
    if (proved !== recordCount) {
      failures.push(`epoch ${epoch}: ${proved} records in proofs, of ${recordCount}`);
    }
    records += BigInt(recordCount);
    sequence = sequenceLast;
    proofs += decoded.value.proofs;
    epochs = epoch + 1;
  }
  return { epochs, records: Number(records), proofs, failures };
}
