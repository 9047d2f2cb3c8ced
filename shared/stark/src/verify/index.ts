/** Checks proofs wherever JavaScript runs: nothing here needs the kernel or Node. */
export { airDigest } from '../air/digest.ts';
export { partCells } from '../air/part-cells.ts';
export {
  DEFAULT_PARAMETERS,
  decodeParameters,
  encodeParameters,
  PARAMETER_BYTES,
  type ProofParameters,
  parameterFault,
  SMALL_PROOF_PARAMETERS,
} from '../parameters.ts';
export { SECURITY_FLOOR_BITS } from '../security.ts';
export {
  type AccountCommitment,
  accountsLogHeight,
  commitmentDigest,
  genesisDigest,
  MAX_LOG_ACCOUNTS,
} from '../statement/account-commitment.ts';
export {
  type AccountOpening,
  hasNext,
  MAX_ACCOUNT_ROWS,
  openAccount,
  openingFault,
  openingsConflict,
  type PlacedRow,
} from '../statement/account-opening.ts';
export {
  decodeStatement,
  encodeStatement,
  MAX_PART_RECORDS,
  MIN_LOG_RECORDS,
  type PartStatement,
  recordsLogHeight,
  STATEMENT_BYTES,
} from '../statement/part-statement.ts';
export {
  type OpenedRow,
  PlainTree,
  plainRoot,
  siblingCount,
} from '../statement/plain-tree.ts';
export { type AccountTable, genesisAccounts } from '../trace/account-table.ts';
export type { PartVerdict } from './part-check.ts';
export { mostSecurityBits } from './part-security.ts';
export type { RefusalCode } from './verdict.ts';
export { verifyPart } from './verify-part.ts';
