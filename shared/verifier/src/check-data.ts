import { type AccountDelta, applyDelta, netDeltas } from './account-diffs.ts';
import type { AccountTree } from './account-tree.ts';
import { accountAccumulator, batchAccumulator, type Challenge } from './accumulator.ts';
import { ACCEPTED, type ReasonCode, type Refused, refused } from './reason-codes.ts';
import type { RecordList } from './record-list.ts';
import { checkRecord } from './settlement-record.ts';
import { accountsDigest, batchDigests } from './statement.ts';
import type { EpochParts } from './verify-epoch.ts';

/** Batches whose digests are computed in one go: more do not gain. */
const BATCHES_AT_ONCE = 64;

/** A verdict that names the part of the epoch it is about. */
export type PartVerdict = { readonly ok: true } | PartRefused;
export type PartRefused = Refused & { readonly part: string };

export interface EpochData {
  readonly records: RecordList;
  /** Balances before the epoch; the check moves them to those after it. */
  readonly tree: AccountTree;
}

/** Level data: recomputes from the records all that the epoch's proofs are about. */
export function checkData(
  parts: EpochParts,
  challenge: Challenge,
  { records, tree }: EpochData,
): PartVerdict {
  const { recordCount } = parts.header;
  if (records.length !== recordCount) {
    const message = `the file has ${records.length} records, the header says ${recordCount}`;
    return inPart('records', 'RECORDS_COUNT', message);
  }
  for (let index = 0; index < records.length; index++) {
    const wrong = checkRecord(records.get(index));
    if (wrong) return inPart(`record ${index}`, 'RECORD_INVALID', wrong);
  }
  const batches = checkBatches(parts, challenge, records);
  if (!batches.ok) return batches;
  return checkAccounts(parts, challenge, netDeltas(records), tree);
}

function checkBatches(
  { batches, batchSize }: EpochParts,
  challenge: Challenge,
  records: RecordList,
): PartVerdict {
  let digests: bigint[] = [];
  for (const [index, { proof }] of batches.entries()) {
    const part = `batch ${index}`;
    const rowsOf = (batch: number) => records.slice(batch * batchSize, (batch + 1) * batchSize);
    if (index % BATCHES_AT_ONCE === 0) {
      const portion = batches.slice(index, index + BATCHES_AT_ONCE);
      const placed = portion.map(({ place }, k) => ({ place, records: rowsOf(index + k) }));
      digests = batchDigests(batchSize, placed);
    }
    const rows = rowsOf(index);
    if (digests[index % BATCHES_AT_ONCE] !== proof.digest) {
      return inPart(part, 'BATCH_DIGEST', 'the digest is not that of the records in the file');
    }
    if (batchAccumulator(rows, challenge) !== proof.acc) {
      return inPart(part, 'BATCH_ACCUMULATOR', 'the accumulator is not that of the records');
    }
  }
  return ACCEPTED;
}

function checkAccounts(
  { accounts, accountsSize }: EpochParts,
  challenge: Challenge,
  deltas: readonly AccountDelta[],
  tree: AccountTree,
): PartVerdict {
  const expected = Math.ceil(deltas.length / accountsSize);
  if (accounts.length !== expected) {
    const message =
      `${deltas.length} accounts changed, which makes ${expected} account proofs; ` +
      `the epoch has ${accounts.length}`;
    return inPart('account proofs', 'ACCOUNT_TILING', message);
  }
  for (const [index, { place, proof }] of accounts.entries()) {
    const part = `account proof ${index}`;
    const slots = deltas.slice(index * accountsSize, (index + 1) * accountsSize);
    if (slots.length !== place.count) {
      const message = `its count is ${place.count}, but ${slots.length} accounts fall to it`;
      return inPart(part, 'ACCOUNT_TILING', message);
    }
    for (const delta of slots) {
      const wrong = applyDelta(tree, delta);
      if (wrong) return inPart(part, 'BALANCE_RANGE', wrong);
    }
    if (accountsDigest(accountsSize, place, slots) !== proof.digest) {
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
