/** Two verifiers that share no code, asked together. */
import { airDigest } from '../air/digest.ts';
import type { ProofParameters } from '../parameters.ts';
import { checkPart } from '../verify/part-check.ts';
import type { RefusalCode } from '../verify/verdict.ts';
import { verifyReference } from './reference/verify.ts';

/** Few queries and little work, so that tests are quick: both verifiers are told to take them. */
export const QUICK_PARAMETERS: ProofParameters = { logBlowup: 2, queries: 6, grindingBits: 4 };

/**
 * Why both refuse a proof, in the first one's words; undefined if both accept it.
 *
 * @param parameters - that the second one is to take besides its own
 * @throws Error if they differ
 */
export function refusalOf(
  { statement, proof }: { readonly statement: Uint8Array; readonly proof: Uint8Array },
  parameters = QUICK_PARAMETERS,
): RefusalCode | undefined {
  const first = checkPart(statement, proof, 0);
  const accepted = [{ ...parameters, maxLogHeight: 22 }];
  const second = verifyReference(statement, proof, {
    airDigest: airDigest(),
    parameters: accepted,
  });
  if (first.ok === second.ok) return first.ok ? undefined : first.code;
  const words = first.ok ? 'the first accepts' : `the first refuses (${first.message})`;
  throw new Error(`${words}, the second ${second.ok ? 'accepts' : `refuses (${second.reason})`}`);
}
