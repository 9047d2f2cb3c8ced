import type { ProofParameters } from '../parameters.ts';
import { PartShape } from '../proof/part-shape.ts';
import { securityBits } from '../security.ts';
import { MIN_LOG_ACCOUNTS } from '../statement/account-commitment.ts';

/** Bits of the smallest part's proof; larger ones have fewer. */
export function mostSecurityBits(parameters: ProofParameters): number {
  const smallest = { logHeight: MIN_LOG_ACCOUNTS };
  const shape = new PartShape({ parameters, count: 1, before: smallest, after: smallest });
  return securityBits(parameters, shape.security).total;
}
