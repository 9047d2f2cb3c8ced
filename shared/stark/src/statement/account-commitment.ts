/** An account table as statements name it: a root, and values that single out one table of it. */
import { blake3 } from '@noble/hashes/blake3.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { KEYS } from '../commit/keys.ts';
import type { Extension } from '../field/extension.ts';
import { elementOf } from '../transcript.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';

export interface AccountCommitment {
  readonly logHeight: number;
  /** Of the tree of its columns. */
  readonly root: Uint8Array;
  /** The columns' values at `accountPoint`. */
  readonly pinned: readonly Extension[];
}

export const ACCOUNT_COLUMNS = 18;
export const MIN_LOG_ACCOUNTS = 6;
export const MAX_LOG_ACCOUNTS = 22;
const ROOT_BYTES = 32;

/** Log height of the table of so many accounts. */
export function accountsLogHeight(count: number): number {
  return Math.max(MIN_LOG_ACCOUNTS, Math.ceil(Math.log2(count)));
}

/** Where every proof that uses an account table opens its columns (SPEC section 6). */
export function accountPoint(root: Uint8Array, logHeight: number): Extension {
  const seed = new ByteWriter().bytes(root).u8(logHeight).finish();
  return elementOf(KEYS.POINT, seed);
}

/** By which headers and states name it. */
export function commitmentDigest({ logHeight, root, pinned }: AccountCommitment): Uint8Array {
  const content = new ByteWriter().u8(logHeight).bytes(root).extensions(pinned).finish();
  return blake3(content, { key: KEYS.COMMITMENT });
}

export function writeCommitment(writer: ByteWriter, commitment: AccountCommitment): void {
  const { logHeight, root, pinned } = commitment;
  writer.u8(logHeight).u8(0).u16(0).bytes(root).extensions(pinned);
}

export function readCommitment(reader: ByteReader): AccountCommitment {
  const logHeight = reader.u8();
  if (logHeight < MIN_LOG_ACCOUNTS || logHeight > MAX_LOG_ACCOUNTS) {
    const range = `2^${MIN_LOG_ACCOUNTS} to 2^${MAX_LOG_ACCOUNTS}`;
    reader.refuse('OUT_OF_RANGE', `an account table of height 2^${logHeight}, not ${range}`);
  }
  reader.zeros(3);
  return { logHeight, root: reader.bytes(ROOT_BYTES), pinned: reader.extensions(ACCOUNT_COLUMNS) };
}

/** By log blowup; the tests have them from the table itself. */
const GENESIS_DIGESTS: ReadonlyMap<number, string> = new Map([
  [2, '6001e56250079f0a53b95e534bfb758371b25944f80bf410d1f6c5ebbbb540a9'],
  [3, '68fd57d76de0122ed8f221e7dd023e1d1036154316bd6544b6450d3b75706fe1'],
]);

/** Digest (32 bytes) of the commitment of the table that a chain begins with. */
export function genesisDigest(logBlowup: number): Uint8Array {
  const hex = GENESIS_DIGESTS.get(logBlowup);
  if (hex === undefined) throw new Error(`assertion failed: log blowup ${logBlowup}`);
  return hexToBytes(hex);
}
