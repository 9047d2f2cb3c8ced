// SPDX-License-Identifier: GPL-3.0-or-later
/** What a stream says of a market's rules, before anything of it is signed. */
import { type Creation, checkFees, type RuleBook } from '@foldbook/verifier';
import type { ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { ProverError } from './prover-error.ts';

/**
 * What no verifier would take is not signed.
 * @param rules - at the epoch's beginning; moved on to its end
 * @throws ProverError RECORD_INVALID
 */
export function checkEpochFees(
  market: string,
  { epoch, recordFirst, records, changes }: ClosedEpoch,
  rules: RuleBook,
): void {
  const verdict = checkFees({ recordFirst: BigInt(recordFirst), records, changes }, rules);
  if (verdict.ok) return;
  throw new ProverError(
    'RECORD_INVALID',
    `market ${market}, epoch ${epoch}: ${verdict.code}: ${verdict.message} ` +
      "(a stream of before the diffs carried changes of fees? rebuild it from the market's log)",
  );
}

/** @throws ProverError DIFF_GAP before the market's creation was read */
export function creationOf(market: string, { creation }: EpochBatcher): Creation {
  if (creation !== undefined) return creation;
  throw new ProverError(
    'DIFF_GAP',
    `market ${market}: an epoch closes before the market's creation was read`,
  );
}
