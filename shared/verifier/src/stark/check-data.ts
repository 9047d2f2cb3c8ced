/** Level data of the STARK chain: all that its parts are about, recomputed from the records. */
import {
  type AccountCommitment,
  type AccountTable,
  accountsLogHeight,
  commitmentDigest,
  plainRoot,
} from '@foldbook/stark/verify';
import { netDeltas } from '../account-diffs.ts';
import { sameBytes } from '../bytes.ts';
import {
  checkPublished,
  checkRecords,
  inPart,
  type PartRefused,
  type PublishedData,
} from '../check-data.ts';
import type { RuleBook } from '../rule-book.ts';
import type { SettlementRecord } from '../settlement-record.ts';
import { accountsAfter } from './account-rows.ts';
import { type PlacedPart, partName } from './check-parts.ts';
import type { DecodedStarkEpoch } from './epoch-file.ts';

/** Commits to tables as the prover does; @foldbook/stark's PartCommitter is one. */
export interface PartCommitments {
  /** Root (32 bytes) of the record tree of 1 to MAX_PART_RECORDS records, valid each. */
  recordRoot(records: readonly SettlementRecord[]): Uint8Array;
  accounts(table: AccountTable): AccountCommitment;
}

export interface StarkData extends PublishedData {
  /** Before the epoch. */
  readonly accounts: AccountTable;
  readonly commitments: PartCommitments;
}

export type DataOutcome =
  | {
      readonly ok: true;
      /** After the epoch. */
      readonly accounts: AccountTable;
    }
  | PartRefused;

/** @param rules - moved to those at the epoch's end */
export function checkStarkData(
  epoch: DecodedStarkEpoch,
  parts: readonly PlacedPart[],
  data: StarkData,
  rules: RuleBook,
): DataOutcome {
  const { records, commitments } = data;
  const valid = checkRecords(epoch.header, records);
  if (!valid.ok) return valid;
  let { accounts } = data;
  let first = 0;
  for (const [index, { claim }] of parts.entries()) {
    const part = partName(index);
    const own = records.slice(first, first + claim.count);
    first += claim.count;
    if (!sameBytes(commitments.recordRoot(own), claim.recordRoot)) {
      return inPart(part, 'PART_RECORDS', 'its record root is not that of the records');
    }
    const after = accountsAfter(accounts, own);
    if (typeof after === 'string') return inPart(part, 'BALANCE_RANGE', after);
    accounts = after;
    // First by height: of more rows than any statement has, the kernel could make no commitment.
    const isFit = accountsLogHeight(accounts.ids.length) === claim.after.logHeight;
    const recomputed = isFit ? commitmentDigest(commitments.accounts(accounts)) : undefined;
    if (recomputed === undefined || !sameBytes(recomputed, commitmentDigest(claim.after))) {
      const message = 'the accounts that it ends with are not the recomputed ones';
      return inPart(part, 'PART_BALANCES', message);
    }
  }
  if (!sameBytes(plainRoot(accounts), epoch.header.accountsRoot)) {
    return inPart('header', 'PLAIN_ROOT', 'the plain tree is not that of the recomputed balances');
  }
  const published = checkPublished(epoch, data, netDeltas(records), rules);
  return published.ok ? { ok: true, accounts } : published;
}
