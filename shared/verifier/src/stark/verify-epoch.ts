import type { AccountTable } from '@foldbook/stark/verify';
import { type ChainState, chainStateAfter } from '../chain-state.ts';
import type { PartRefused } from '../check-data.ts';
import type { HeaderContext } from '../check-header.ts';
import type { ReplayToCheck } from '../check-replay.ts';
import { applyChanges } from '../check-rules.ts';
import { checkSigned } from '../check-signed.ts';
import { ACCEPTED } from '../reason-codes.ts';
import type { RuleBook } from '../rule-book.ts';
import { checkStarkData, type StarkData } from './check-data.ts';
import { checkProofs, type PlacedPart, placeParts } from './check-parts.ts';
import type { DecodedStarkEpoch } from './epoch-file.ts';
import type { StarkGenesis } from './genesis.ts';

/** What holds for a whole STARK chain. */
export interface StarkContext extends HeaderContext {
  readonly genesis: StarkGenesis;
}

export interface StarkChecks {
  /** Whether to check the proofs; everything else is checked always. */
  readonly proofs: boolean;
  /** The rules at the epoch's beginning; the check moves them to those at its end. */
  readonly rules: RuleBook;
  /** Level data, when given. */
  readonly data?: StarkData;
  /** Level replay, when given; `data` has the records of the log then. */
  readonly replay?: ReplayToCheck;
}

export type StarkOutcome =
  | {
      readonly ok: true;
      readonly state: ChainState<Uint8Array>;
      /** Parts whose proofs were checked. */
      readonly proofs: number;
      /** Of the checked part that has the fewest; Infinity where there is none. */
      readonly securityBits: number;
      /** At the epoch's end, where there are data. */
      readonly accounts?: AccountTable;
    }
  | PartRefused;

/**
 * Checks one epoch against the chain before it: header and signature, with `replay` what the log
 * gives, rules, the parts' places and roots, with `data` the records, and the proofs.
 */
export function verifyStarkEpoch(
  context: StarkContext,
  state: ChainState<Uint8Array>,
  epoch: DecodedStarkEpoch,
  checks: StarkChecks,
): StarkOutcome {
  const { genesis } = context;
  const signed = checkSigned(context, state, epoch, checks.replay);
  if (!signed.ok) return signed;
  const parts = placeParts(genesis, epoch);
  if ('ok' in parts) return parts;
  const contents = checkContents(epoch, parts, checks);
  if (!contents.ok) return contents;
  const proved = checkProofs(checks.proofs ? parts : []);
  if (!proved.ok) return proved;
  const { securityBits } = proved;
  const next = chainStateAfter(epoch.header, epoch.headerBytes);
  const proofs = checks.proofs ? parts.length : 0;
  return { ...contents, state: next, proofs, securityBits };
}

/** The rules alone, or the records with all that follows from them. */
function checkContents(
  epoch: DecodedStarkEpoch,
  parts: readonly PlacedPart[],
  { rules, data }: StarkChecks,
): { readonly ok: true; readonly accounts?: AccountTable } | PartRefused {
  if (data !== undefined) return checkStarkData(epoch, parts, data, rules);
  const applied = applyChanges(rules, epoch.changes);
  return applied.ok ? ACCEPTED : { ...applied, part: 'rules' };
}
