import { sha256 } from '@noble/hashes/sha2.js';
import { type AccountDelta, applyDelta, netDeltas } from './account-diffs.ts';
import type { AccountTree } from './account-tree.ts';
import { accountAccumulator, batchAccumulator, type Challenge } from './accumulator.ts';
import { assert } from './assert.ts';
import { sameBytes } from './bytes.ts';
import { checkFees } from './check-rules.ts';
import type { DecodedEpoch, HeadedEpoch } from './epoch-file.ts';
import type { HeaderFields } from './header.ts';
import { ACCEPTED, type ReasonCode, type Refused, refused } from './reason-codes.ts';
import type { RecordList } from './record-list.ts';
import type { RuleBook } from './rule-book.ts';
import { checkRecord, type SettlementRecord } from './settlement-record.ts';
import { accountsDigest, batchDigests } from './statement.ts';
import type { EpochParts } from './verify-epoch.ts';

/** Batches whose digests are computed in one go: more do not gain. */
const BATCHES_AT_ONCE = 64;

/** A verdict that names the part of the epoch it is about. */
export type PartVerdict = { readonly ok: true } | PartRefused;
export type PartRefused = Refused & { readonly part: string };

/** An epoch's data as they are published, or as a log gives them. */
export interface PublishedData {
  readonly records: RecordList;
  /** The records file as it was found, without a zstd frame. */
  readonly recordsFile: Uint8Array;
  /** The published net changes, which are to be those of the records. */
  readonly diffs?: readonly AccountDelta[] | undefined;
}

export interface EpochData extends PublishedData {
  /** Balances before the epoch; the check moves them to those after it. */
  readonly tree: AccountTree;
}

interface DataToCheck extends EpochData {
  readonly epoch: DecodedEpoch;
  /** Moved to those at the epoch's end. */
  readonly rules: RuleBook;
}

/**
 * Level data: recomputes from the records all that the epoch's proofs are about, and the fees from
 * the rules.
 */
export function checkData(
  parts: EpochParts,
  challenge: Challenge,
  { epoch, records, recordsFile, diffs, tree, rules }: DataToCheck,
): PartVerdict {
  const valid = checkRecords(parts.header, records);
  if (!valid.ok) return valid;
  const batches = checkBatches(parts, challenge, records);
  if (!batches.ok) return batches;
  const deltas = netDeltas(records);
  const accounts = checkAccounts(parts, challenge, deltas, tree);
  if (!accounts.ok) return accounts;
  return checkPublished(epoch, { records, recordsFile, diffs }, deltas, rules);
}

/** As many records as the header says, each valid by itself. */
export function checkRecords(
  { recordCount }: HeaderFields<unknown>,
  records: RecordList,
): PartVerdict {
  if (records.length !== recordCount) {
    const message = `the file has ${records.length} records, the header says ${recordCount}`;
    return inPart('records', 'RECORDS_COUNT', message);
  }
  for (let index = 0; index < records.length; index++) {
    const wrong = checkRecord(records.get(index));
    if (wrong) return inPart(`record ${index}`, 'RECORD_INVALID', wrong);
  }
  return ACCEPTED;
}

/**
 * The files, and the fees by the rules, which are moved to the epoch's end. Last: of a file that
 * was changed, what else is wrong with it tells more.
 * @param deltas - of the records
 */
export function checkPublished(
  { header, changes }: HeadedEpoch,
  { records, recordsFile, diffs }: PublishedData,
  deltas: readonly AccountDelta[],
  rules: RuleBook,
): PartVerdict {
  if (!sameBytes(sha256(recordsFile), header.dataDigest)) {
    const message = 'the file is not, byte by byte, the one that the header names: fetch it again';
    return inPart('records', 'DATA_DIGEST', message);
  }
  if (diffs !== undefined && !sameDeltas(diffs, deltas)) {
    const message = 'the published net changes are not those of the records';
    return inPart('differences', 'DIFFS_MISMATCH', message);
  }
  const { recordFirst } = header;
  const fees = checkFees({ recordFirst, records, changes }, rules);
  return fees.ok ? ACCEPTED : { ...fees, part: 'fees' };
}

function sameDeltas(left: readonly AccountDelta[], right: readonly AccountDelta[]): boolean {
  if (left.length !== right.length) return false;
  return left.every(({ id, base, quote }, index) => {
    const other = right[index];
    return other?.id === id && other.base === base && other.quote === quote;
  });
}

function checkBatches(
  { batches }: EpochParts,
  challenge: Challenge,
  records: RecordList,
): PartVerdict {
  let first = 0;
  let next: DigestedBatch[] = [];
  for (const [index, { place, proof }] of batches.entries()) {
    const part = `batch ${index}`;
    if (next.length === 0) next = digestedFrom(batches, index, records, first).reverse();
    const digested = next.pop();
    assert(digested !== undefined, 'each batch is digested');
    const { rows, digest } = digested;
    first += place.count;
    if (digest !== proof.digest) {
      return inPart(part, 'BATCH_DIGEST', 'the digest is not that of the records');
    }
    if (batchAccumulator(rows, challenge) !== proof.acc) {
      return inPart(part, 'BATCH_ACCUMULATOR', 'the accumulator is not that of the records');
    }
  }
  return ACCEPTED;
}

interface DigestedBatch {
  readonly rows: readonly SettlementRecord[];
  readonly digest: bigint;
}

/** The next batches of one size, from `index` on, in one go; `first`: where its records begin. */
function digestedFrom(
  batches: EpochParts['batches'],
  index: number,
  records: RecordList,
  first: number,
): DigestedBatch[] {
  const next = batches.slice(index, index + BATCHES_AT_ONCE);
  const size = next[0]?.proof.size ?? 0;
  const others = next.findIndex(({ proof }) => proof.size !== size);
  const portion = others < 0 ? next : next.slice(0, others);
  let from = first;
  const placed = portion.map(({ place }) => {
    from += place.count;
    return { place, records: records.slice(from - place.count, from) };
  });
  const digests = batchDigests(size, placed);
  return placed.map(({ records: rows }, index) => ({ rows, digest: digests[index] ?? 0n }));
}

function checkAccounts(
  { accounts }: EpochParts,
  challenge: Challenge,
  deltas: readonly AccountDelta[],
  tree: AccountTree,
): PartVerdict {
  const claimed = accounts.reduce((sum, { place }) => sum + place.count, 0);
  if (claimed !== deltas.length) {
    const message = `${deltas.length} accounts changed, the account proofs hold ${claimed}`;
    return inPart('account proofs', 'ACCOUNT_TILING', message);
  }
  let first = 0;
  for (const [index, { place, proof }] of accounts.entries()) {
    const part = `account proof ${index}`;
    const slots = deltas.slice(first, first + place.count);
    first += place.count;
    for (const delta of slots) {
      const wrong = applyDelta(tree, delta);
      if (wrong) return inPart(part, 'BALANCE_RANGE', wrong);
    }
    if (accountsDigest(proof.size, place, slots) !== proof.digest) {
      return inPart(part, 'ACCOUNT_DIGEST', 'the digest is not that of the account changes');
    }
    if (tree.root() !== proof.rootOut) {
      return inPart(part, 'ACCOUNT_ROOT', 'the root is not that of the recomputed balances');
    }
    if (accountAccumulator(slots, challenge) !== proof.acc) {
      return inPart(part, 'ACCOUNT_ACCUMULATOR', 'the accumulator is not that of the changes');
    }
  }
  return ACCEPTED;
}

export function inPart(part: string, code: ReasonCode, message: string): PartRefused {
  return { ...refused(code, message), part };
}
