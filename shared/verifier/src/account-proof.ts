/** What a chain owes an account, and owes in all, under one signed root; of chains of any kind. */
import type { Decoded } from './decoding.ts';
import {
  checkPoseidonProof,
  decodePoseidonProof,
  encodePoseidonProof,
  type PoseidonAccountProof,
} from './poseidon-account-proof.ts';
import { type Refused, refused } from './reason-codes.ts';
import type { AccountProved } from './signed-proof.ts';
import {
  checkStarkProof,
  decodeStarkProof,
  encodeStarkProof,
  STARK_PROOF_VERSION,
  type StarkAccountProof,
} from './stark/account-proof.ts';

export type AccountProofFile = PoseidonAccountProof | StarkAccountProof;

/** No account proof is longer. */
export const ACCOUNT_PROOF_BYTES_MAX = 32 * 1024;

export function encodeAccountProof(proof: AccountProofFile): Uint8Array {
  return proof.chain === 'stark' ? encodeStarkProof(proof) : encodePoseidonProof(proof);
}

/** Errors are ACCOUNT_PROOF_FORMAT. */
export function decodeAccountProof(bytes: Uint8Array): Decoded<AccountProofFile> {
  const version = (bytes[4] ?? 0) + 256 * (bytes[5] ?? 0);
  return version < STARK_PROOF_VERSION ? decodePoseidonProof(bytes) : decodeStarkProof(bytes);
}

/**
 * Checks an account proof with nothing but what is in it: the balances lie under the root of a
 * header that the operator signed, by the key of its genesis or one that it was changed to, and the
 * account has no more than all together. Whether that is the right genesis, and whether the header
 * is the chain's (latest), is the caller's question: compare the two hashes with those of a chain
 * that was verified. Of a STARK chain the root is that of the plain tree, which its proofs do not
 * bind: that it has the proved balances shows a verification at level data. Never throws.
 */
export function checkAccountProof(bytes: Uint8Array): AccountProved | Refused {
  const decoded = decodeAccountProof(bytes);
  if (!decoded.ok) return refused(decoded.error.code, decoded.error.message);
  const proof = decoded.value;
  return proof.chain === 'stark' ? checkStarkProof(proof) : checkPoseidonProof(proof);
}
