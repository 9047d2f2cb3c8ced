/** Runs in browsers too; the folder store is `@foldbook/verifier/node`. */
export type { AcceptedKey } from './accepted-keys.ts';
export { type AccountDelta, applyDelta, leafSign, netDeltas } from './account-diffs.ts';
export {
  ACCOUNT_PROOF_BYTES_MAX,
  type AccountProofFile,
  checkAccountProof,
  decodeAccountProof,
  encodeAccountProof,
} from './account-proof.ts';
export {
  AccountTree,
  type Balance,
  EMPTY_ROOT,
  TREE_ARITY,
  TREE_DEPTH,
  type TreeCells,
} from './account-tree.ts';
export { accountAccumulator, batchAccumulator, type Challenge } from './accumulator.ts';
export { type AnyHeader, decodeEpochOf, decodeHeaderOf } from './any-chain.ts';
export { bytesToHex, hexToBytes } from './bytes.ts';
export { CHAIN_KINDS, type ChainKind } from './chain-follower.ts';
export { type CircuitKey, keyFor } from './chain-keys.ts';
export { type ChainStart, readChainStart, readGenesisFile } from './chain-start.ts';
export {
  type ChainState,
  chainStateAfter,
  chainStateFrom,
  initialChainState,
} from './chain-state.ts';
export { checkHeader, type HeaderContext } from './check-header.ts';
export type { EpochReplay, ReplayCounts, ReplayedEpoch } from './check-replay.ts';
export { checkFees, type RecordsAndChanges } from './check-rules.ts';
export { type ChainPair, type Comparison, compareChains } from './compare-chains.ts';
export type { Decoded, FormatError } from './decoding.ts';
export {
  type AccountProof,
  type BatchProof,
  type DecodedEpoch,
  decodeEpochFile,
  type EpochFile,
  encodeEpochFile,
  type FoldedPart,
  type HeadedEpoch,
  type SignedEpoch,
} from './epoch-file.ts';
export { type EpochListing, listEpochs } from './epoch-listing.ts';
export {
  diffsFileName,
  type EpochSource,
  epochFileName,
  recordsFileName,
  SourceError,
} from './epoch-source.ts';
export {
  type ChainSide,
  checkEvidence,
  EVIDENCE_CHARACTERS_MAX,
  EVIDENCE_GROUPS_BYTES_MAX,
  type Evidence,
  type EvidenceAccepted,
  type EvidencePins,
  type EvidenceSigner,
  evidenceText,
  type SignedHeader,
} from './evidence.ts';
export { fromBigEndian, inverse, reduce, SCALAR_ORDER, toBigEndian } from './field.ts';
export { adoptFoldBases, foldBases, foldBasesBytes, pinnedBases } from './fold-bases.ts';
export {
  combinePoints,
  commitWitness,
  FoldKey,
  padded,
  readFoldKey,
} from './fold-key.ts';
export {
  BASES_DOMAIN,
  decodeShape,
  encodeShape,
  type FoldShape,
  type ShapeMatrix,
  shapeDigest,
  valueBytes,
  variablesOf,
  witnessLength,
} from './fold-shape.ts';
export {
  checkStep,
  combineInstances,
  degreeOf,
  equality,
  evaluateRound,
  type FoldContext,
  type FoldStep,
} from './fold-step.ts';
export {
  encodeInstance,
  type FoldInstance,
  FoldTranscript,
  type FreshInstance,
  type LinearInstance,
  type Triple,
} from './fold-transcript.ts';
export { FoldTree } from './fold-tree.ts';
export {
  encodeStep,
  type FoldLeaf,
  foldedBytes,
  freshInstance,
  verifyFolded,
} from './folding.ts';
export {
  decodeGenesis,
  encodeGenesis,
  type Genesis,
  type GenesisFields,
  genesisHash,
} from './genesis.ts';
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
  type HeaderFields,
  headerHash,
} from './header.ts';
export { type HeaderWithBytes, headersConflict } from './header-conflict.ts';
export {
  decodeKeyChanges,
  encodeKeyChanges,
  KEY_CHANGES_FILE,
  KEY_CHANGES_MAX,
  type KeyChange,
  signKeyChange,
} from './key-changes.ts';
export { CHANGE_LEFT_OUT, isLevel, LEVELS, type Level } from './level-claims.ts';
export { compareByLog, differingField, type LogComparison } from './log-conflict.ts';
export {
  CHAIN_START,
  type ChainPoint,
  groupDiffers,
  type PlacedGroup,
  placeGroup,
  pointAfter,
} from './log-group.ts';
export {
  type KeyTerm,
  keyListConflict,
  keyOfEpoch,
  type OperatorKeys,
  operatorKeys,
  readOperatorKeys,
} from './operator-keys.ts';
export { packDiffs, unpackDiffs } from './packed-diffs.ts';
export { DEFAULT_RECORDS_MAX, packRecords, unpackRecords } from './packed-records.ts';
export { pinnedKeys, type TrustedKey } from './pinned-keys.ts';
export {
  type CircuitRole,
  initialState,
  leafHash,
  nodeHash,
  type ProofPlace,
  sponge,
} from './poseidon.ts';
export {
  type OpenedLeaf,
  type PoseidonAccountProof,
  rootFromLeaf,
} from './poseidon-account-proof.ts';
export { BackEnd, compareKinds, type ProofKind } from './proof-system.ts';
export { type ReasonCode, type Refused, reasonCodes, type Verdict } from './reason-codes.ts';
export { ReceiptBook, type ReceiptConflict, receiptConflict } from './receipt-book.ts';
export {
  type Certifier,
  certifiersFor,
  chainCertifier,
  checkReceipt,
  isCertified,
} from './receipt-check.ts';
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
export type { AccountProved } from './signed-proof.ts';
export type { StarkAccountProof } from './stark/account-proof.ts';
export { accountsAfter } from './stark/account-rows.ts';
export type { PartCommitments } from './stark/check-data.ts';
export {
  type ByteSource,
  type DecodedStarkEpoch,
  decodeStarkEpochFile,
  encodeStarkEpochFile,
  partsHash,
  readStarkEpochHead,
  type StarkEpochFile,
  type StarkPart,
} from './stark/epoch-file.ts';
export {
  decodeStarkGenesis,
  encodeStarkGenesis,
  isStarkGenesis,
  type StarkGenesis,
} from './stark/genesis.ts';
export {
  decodeStarkHeader,
  encodeStarkHeader,
  STARK_HEADER_BYTES,
  type StarkHeader,
} from './stark/header.ts';
export { type StarkContext, type StarkOutcome, verifyStarkEpoch } from './stark/verify-epoch.ts';
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
