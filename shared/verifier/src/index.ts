/** Runs in browsers too; the folder store is `@foldbook/verifier/node`. */
export type { AcceptedKey } from './accepted-keys.ts';
export { type AccountDelta, applyDelta, leafSign, netDeltas } from './account-diffs.ts';
export {
  type AccountProofFile,
  type AccountProved,
  checkAccountProof,
  decodeAccountProof,
  encodeAccountProof,
  type OpenedLeaf,
  rootFromLeaf,
} from './account-proof.ts';
export { AccountTree, type Balance, EMPTY_ROOT, TREE_ARITY, TREE_DEPTH } from './account-tree.ts';
export { accountAccumulator, batchAccumulator, type Challenge } from './accumulator.ts';
export { bytesToHex, hexToBytes } from './bytes.ts';
export { type CircuitKey, keyFor } from './chain-keys.ts';
export { type ChainState, chainStateAfter, initialChainState } from './chain-state.ts';
export { checkHeader } from './check-header.ts';
export { checkFees, type RecordsAndChanges } from './check-rules.ts';
export type { Decoded, FormatError } from './decoding.ts';
export {
  type AccountProof,
  type BatchProof,
  type DecodedEpoch,
  decodeEpochFile,
  type EpochFile,
  encodeEpochFile,
} from './epoch-file.ts';
export { type EpochListing, listEpochs } from './epoch-listing.ts';
export { type EpochSource, epochFileName, recordsFileName, SourceError } from './epoch-source.ts';
export {
  checkEvidence,
  type Evidence,
  type EvidenceAccepted,
  type EvidencePins,
  evidenceText,
  type SignedHeader,
} from './evidence.ts';
export { fromBigEndian, reduce, SCALAR_ORDER, toBigEndian } from './field.ts';
export { decodeGenesis, encodeGenesis, type Genesis, genesisHash } from './genesis.ts';
export {
  COMPRESSED_PROOF_BYTES,
  compressProof,
  PROOF_BYTES,
  verifyGroth16,
} from './groth16.ts';
export { type ProofClaim, verifyAll } from './groth16-batch.ts';
export {
  decodeHeader,
  type EpochHeader,
  encodeHeader,
  HASH_BYTES,
  HEADER_BYTES,
  headerHash,
} from './header.ts';
export type { Level } from './level-claims.ts';
export {
  CHAIN_START,
  type ChainPoint,
  groupDiffers,
  type PlacedGroup,
  placeGroup,
  pointAfter,
} from './log-group.ts';
export { pinnedKeys, type TrustedKey } from './pinned-keys.ts';
export {
  type CircuitRole,
  initialState,
  leafHash,
  nodeHash,
  type ProofPlace,
  sponge,
} from './poseidon.ts';
export { BackEnd, compareKinds, type ProofKind } from './proof-system.ts';
export { type ReasonCode, type Refused, reasonCodes, type Verdict } from './reason-codes.ts';
export { ReceiptBook, type ReceiptConflict, receiptConflict } from './receipt-book.ts';
export { certifierOf, checkReceipt, isCertified } from './receipt-check.ts';
export { placeInEpoch, type ReceiptPlace } from './receipt-place.ts';
export { RecordList } from './record-list.ts';
export { type Charge, type Limits, RuleBook } from './rule-book.ts';
export {
  type Creation,
  type FeeRates,
  type FeesChange,
  type LimitsChange,
  RULES_START,
  type RuleChange,
  rulesHashAfter,
  type TierChange,
} from './rules.ts';
export {
  checkRecord,
  decodeRecords,
  encodeRecords,
  FEE_ACCOUNT,
  RecordKind,
  recordWord,
  type SettlementRecord,
  SUPPLY_ACCOUNT,
} from './settlement-record.ts';
export {
  headerIsSigned,
  isSignedBy,
  isSoundKey,
  publicKeyOf,
  SIGNATURE_BYTES,
  signHeader,
} from './signature.ts';
export {
  type AccountsClaim,
  accountsDigest,
  accountsSignals,
  type BatchClaim,
  batchDigest,
  batchSignals,
} from './statement.ts';
export {
  digestListHash,
  drawChallenge,
  encodeDigestList,
  type ListedAccounts,
  type ListedBatch,
} from './transcript.ts';
export {
  type ChainAccepted,
  type ChainFailure,
  type ChainOptions,
  type ChainRefused,
  type ChainResult,
  verifyChain,
} from './verify-chain.ts';
export { type ChainContext, type EpochOutcome, verifyEpoch } from './verify-epoch.ts';
export { decodeVerifyingKey, type VerifyingKey, verifyingKeyDigest } from './verifying-key.ts';
