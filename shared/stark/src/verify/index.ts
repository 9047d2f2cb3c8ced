/** Checks proofs wherever JavaScript runs: nothing here needs the kernel or Node. */
export { airDigest } from '../air/digest.ts';
export {
  DEFAULT_PARAMETERS,
  type ProofParameters,
  SMALL_PROOF_PARAMETERS,
} from '../parameters.ts';
export {
  type AccountCommitment,
  commitmentDigest,
} from '../statement/account-commitment.ts';
export {
  decodeStatement,
  encodeStatement,
  MAX_PART_RECORDS,
  type PartStatement,
} from '../statement/part-statement.ts';
export type { PartVerdict } from './part-check.ts';
export type { RefusalCode } from './verdict.ts';
export { verifyPart } from './verify-part.ts';
