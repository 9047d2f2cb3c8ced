// SPDX-License-Identifier: GPL-3.0-or-later
/** What is published of an epoch before it is proved: its records, and what they come to. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { netDeltas, packDiffs, packRecords, type RecordList } from '@foldbook/verifier';
import { inFrame } from '@foldbook/verifier/node';

const compress = promisify(zstdCompress);
/** Written once and fetched often; higher ones take several times as long for some 2%. */
const LEVEL = 12;

/** A packed file. */
export interface PackedFile {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hex: of what is in the zstd frame, as compressors differ. */
  readonly digest: string;
}

export interface EpochData {
  readonly records: PackedFile;
  readonly diffs: PackedFile;
  /** Accounts whose balances change. */
  readonly accounts: number;
}

export function epochData(records: RecordList): EpochData {
  const deltas = netDeltas(records);
  return {
    records: packed(packRecords(records)),
    diffs: packed(packDiffs(deltas)),
    accounts: deltas.length,
  };
}

function packed(bytes: Uint8Array): PackedFile {
  return { bytes, digest: createHash('sha256').update(bytes).digest('hex') };
}

/** The zstd frame that a store keeps a packed file in. */
export function frameOf({ bytes }: PackedFile): Promise<Uint8Array> {
  return compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
}

/** Whether a store's file holds exactly these bytes, in a frame or as they are. */
export function holds(file: Uint8Array, bytes: Uint8Array): boolean {
  if (Buffer.compare(file, bytes) === 0) return true;
  try {
    // No memory for more than it should have.
    return Buffer.compare(inFrame(file, Math.max(1, bytes.length)), bytes) === 0;
  } catch {
    return false;
  }
}
