// SPDX-License-Identifier: GPL-3.0-or-later
import {
  type ChainState,
  decodeEpochFile,
  type RuleBook,
  type ChainContext as VerifierContext,
  verifyEpoch,
} from '@foldbook/verifier';
import { type ChainContext, verifierContext } from './chain-context.ts';
import { epochFileOf } from './epoch-assembler.ts';
import type { EpochPlan } from './epoch-plan.ts';
import { ProverError } from './prover-error.ts';

/**
 * Holds a planned epoch against all that verifiers check of one but its proofs, before anybody
 * outside sees its signature: what was signed and refused could never be taken back, and another
 * header of the same epoch would be evidence against the operator.
 * @param tip - the chain before the epoch
 * @param rules - before it; moved on to its end
 * @throws ProverError EPOCH_REFUSED
 */
export function checkPlan(
  context: ChainContext & Pick<VerifierContext, 'operatorKeys'>,
  tip: ChainState,
  plan: EpochPlan,
  rules: RuleBook,
): void {
  const refusal = (what: string) => refusedPlan(context.genesis.name, plan.epoch, what);
  const decoded = decodeEpochFile(epochFileOf(plan, () => new Uint8Array(), []));
  if (!decoded.ok) throw refusal(`${decoded.error.code}: ${decoded.error.message}`);
  const outcome = verifyEpoch(verifierContext(context), tip, decoded.value, {
    proofs: false,
    rules,
  });
  if (!outcome.ok) throw refusal(`${outcome.part}: ${outcome.code}: ${outcome.message}`);
}

/** What was planned for an epoch, and is not signed. */
export function refusedPlan(market: string, epoch: number, what: string): ProverError {
  return new ProverError(
    'EPOCH_REFUSED',
    `market ${market}, epoch ${epoch}: verifiers would refuse it: ${what}; ` +
      "nothing of it was signed for others (is the diff stream the log's? rebuild it from the " +
      "market's log, whose owner has to mend what that says too)",
  );
}
