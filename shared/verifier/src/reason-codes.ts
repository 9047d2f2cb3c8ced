/** Why something was refused. Codes are stable; scripts may rely on them. */
export const reasonCodes = {
  STORE_READ: 'a file of the store cannot be read',
  STORE_FILE_SIZE: 'a file of the store is larger than the limit',
  STORE_STRAY_FILE: 'the epochs folder holds a file that is no part of the chain',
  EPOCH_MISSING: 'an epoch is not there',
  MISSING_RECORDS: 'level data needs a records file that is not there',

  GENESIS_MISSING: 'the genesis file is not there',
  GENESIS_FORMAT: 'the genesis file is malformed',
  GENESIS_EMPTY_ROOT: 'the genesis does not start from accounts that have nothing',
  GENESIS_CONSTRAINTS: 'the genesis names other constraints than those that this verifier checks',
  GENESIS_PARAMETERS: 'the parameters of the genesis give too few bits of security',
  GENESIS_MARKET: 'the genesis is of another market than was asked for',
  GENESIS_UNEXPECTED: 'the genesis is not the one that was asked for',

  KEY_CHANGES_FORMAT: "the list of changes of the operator's key is malformed",
  KEY_CHANGE_ORDER: "a change of the operator's key does not begin after the one before",
  KEY_CHANGE_KEY: "a change of the operator's key is to a key that is unsound, or was used before",
  KEY_CHANGE_SIGNATURE: "a change of the operator's key is not signed by both keys",
  OPERATOR_KEY: 'the operator has another key than was asked for',

  KEY_UNKNOWN: 'the genesis names a verifying key that this verifier does not trust',
  KEY_MISSING: 'a verifying key is not in the store',
  KEY_DIGEST: 'a verifying key does not have the digest that it is filed under',
  KEY_FORMAT: 'a verifying key is malformed',

  KEY_NOT_ACCEPTED: 'a proof is of a circuit that the genesis lists no key for',
  BACKEND_UNKNOWN: 'a proof is of a back end that this verifier does not check',

  EPOCH_FILE_FORMAT: 'an epoch file is malformed',
  HEADER_FORMAT: 'an epoch header is malformed',
  EPOCH_ORDER: "an epoch's number is not the one that its place asks for",
  CHAIN_ID: 'an epoch belongs to another chain',
  MARKET: 'an epoch belongs to another market',
  HEADER_SIGNATURE: "the header is not signed by the key that is the operator's in its epoch",
  HEADER_CHAIN: "a header does not name its predecessor's hash",
  RULES_HASH: "the changes of the rules do not lead from the genesis to the header's rules hash",
  RULES_ORDER: 'a change of the rules is out of its place',
  RULES_INVALID: 'a change of the rules is one that no market can take',
  ROOT_CHAIN: 'an epoch does not start from the root where the one before ended',
  LOG_CHAIN: "an epoch's log range or chain head does not continue the one before",
  SEQUENCE_CHAIN: "an epoch's market sequences do not continue the ones before",
  RECORD_CHAIN: "an epoch's records do not continue the ones before",
  TIME_ORDER: 'an epoch closed before its predecessor',
  HEADER_RANGE: 'a range in the header ends before it starts, or overflows',

  DIGEST_LIST: 'the digests are not those that the header commits to',
  BATCH_TILING: "the batches do not cover the epoch's records exactly",
  ACCOUNT_TILING: 'the account proofs do not hold the changed accounts exactly',
  ROOT_FINAL: "the proofs do not end at the header's new root",
  PART_FORMAT: "a part's statement is malformed",
  PART_CHAIN: 'a part is of another chain',
  PART_PLACE: 'a part is of another market or epoch, or not the one that its place asks for',
  PART_CONSTRAINTS: "a part is about other constraints than the genesis's",
  PART_PARAMETERS: "a part is proved with other parameters than the genesis's",
  PART_TILING: "the parts do not cover the epoch's records exactly",
  PART_ACCOUNTS: 'a part does not begin with the accounts that the one before it ended with',
  CHALLENGE_REFUSED: 'the challenge hits an account id',
  ACCUMULATOR_MISMATCH: 'what the records move is not what the accounts changed by',
  PROOF_FORMAT: 'a proof is malformed or a point of it is not valid',
  SIGNAL_COUNT: "the number of public signals is not the verifying key's",
  SIGNAL_RANGE: 'a public signal is not a canonical field element',
  GROTH16_REFUSED: 'a proof does not hold for its public signals',
  STARK_REFUSED: "a part's proof does not show its statement",
  FOLD_REFUSED: 'a step of a folded proof does not hold',
  FOLD_OPENING: 'the witness that a folded proof opens is not the one that was folded',

  RECORDS_FORMAT: 'a records file is malformed',
  RECORD_INVALID: 'a settlement record breaks the rules of its kind',
  DIFFS_FORMAT: 'a differences file is malformed',
  DIFFS_MISMATCH: 'a differences file does not hold the net changes of its records',
  RECORDS_COUNT: 'a records file does not hold as many records as the header says',
  BATCH_DIGEST: "a batch's digest is not that of its records",
  BATCH_ACCUMULATOR: "a batch's accumulator is not that of its records",
  ACCOUNT_DIGEST: "an account proof's digest is not that of the account changes",
  ACCOUNT_ACCUMULATOR: "an account proof's accumulator is not that of the account changes",
  PART_RECORDS: 'a part is not about the records',
  PART_BALANCES: 'a part does not end with the recomputed balances',
  PLAIN_ROOT: "the header's plain tree is not that of the balances, or moves without records",
  ACCOUNT_ROOT: 'an account proof does not end at the root of the recomputed tree',
  DATA_DIGEST: 'a records file is not, byte by byte, the one that the header names',
  FEE_RULES: 'a fee or rebate is not what the rules in force give',
  ACCOUNT_PROOF_FORMAT: 'an account proof is malformed',
  ACCOUNT_ROWS: 'an account proof shows other rows than the account has, or than leave it no place',
  ACCOUNT_PATH: "a leaf of an account proof is not under the header's root",
  ACCOUNT_ABOVE_SUPPLY: 'an account has more than the supply that all accounts have together',
  RECEIPT_FORMAT: 'a receipt is malformed',
  RECEIPT_SIGNATURE: 'a receipt is not signed by the key that it names',
  EVIDENCE_FORMAT: 'a file of evidence is malformed',
  EVIDENCE_SIGNER: 'the evidence is about another key than was asked for',
  EVIDENCE_FITS: 'the parts of the evidence do not contradict each other',

  LOG_READ: 'the log cannot be read',
  LOG_FORMAT: 'a record of the log is no group of the market',
  LOG_MISSING: 'the log ends before the epoch does',
  LOG_DIFFERS: 'the log is another one than the header was signed for',
  REPLAY_ENGINE: 'the engine could not execute the log',
  REPLAY_RULES: "the changes of the rules are not those of the log's commands",
  REPLAY_RECORDS: "the settlement records are not those of the log's commands",
  REPLAY_TIME: "the time of an epoch's close is not the log's",
  REPLAY_STATE: "the engine's state at the epoch's end has another hash than was signed",

  CHAINS_DIFFER: 'two chains of the market do not tell of the same records or balances',

  BALANCE_RANGE: 'a balance would leave the range 0 to 2^63 - 1',
} as const;

export type ReasonCode = keyof typeof reasonCodes;

export interface Refused {
  readonly ok: false;
  readonly code: ReasonCode;
  readonly message: string;
}

export type Verdict = { readonly ok: true } | Refused;

export const ACCEPTED = { ok: true } as const;

export function refused(code: ReasonCode, message: string): Refused {
  return { ok: false, code, message };
}
