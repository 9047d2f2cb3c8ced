/** Many Groth16 proofs at the price of a Miller loop each. */
import { g1, g2 } from '@foldbook/bn254/ready';
import { concatBytes } from './bytes.ts';
import { COMPRESSED_G1_BYTES, COMPRESSED_G2_BYTES, SIGN_BIT } from './curve-points.ts';
import {
  COMPRESSED_PROOF_BYTES,
  checkSignals,
  decodeCompressedProof,
  doesNotHold,
  proves,
} from './groth16.ts';
import { holdTogether, type ProofPoints, releaseProofs } from './groth16-equation.ts';
import { ACCEPTED, type Refused, refused } from './reason-codes.ts';
import type { VerifyingKey } from './verifying-key.ts';

export interface ProofClaim {
  /** Names the proof in a refusal, e.g. "batch 3". */
  readonly part: string;
  readonly key: VerifyingKey;
  /** Compressed, 128 bytes. */
  readonly proof: Uint8Array;
  readonly signals: readonly bigint[];
}

type PartRefusal = Refused & { readonly part: string };

/**
 * Proofs that are checked together: what is held at a time, some 2 KiB a proof in kernel memory,
 * follows this and not the length of the list. A final exponentiation and three Miller loops a key
 * for each so many are some 5 % of the time.
 */
export const CLAIMS_AT_ONCE = 256;

/**
 * All claims hold, or the first lot of 256 in which one does not. They are taken from the list only
 * as they are checked. Malformed ones of a lot are found before any pairing; then the equations are
 * checked together, each to a random power that only this call knows, and one by one where that
 * fails, to name the culprit.
 */
export function verifyAll(claims: Iterable<ProofClaim>): { readonly ok: true } | PartRefusal {
  let lot: ProofClaim[] = [];
  for (const claim of claims) {
    lot.push(claim);
    if (lot.length < CLAIMS_AT_ONCE) continue;
    const verdict = verifyLot(lot);
    if (!verdict.ok) return verdict;
    lot = [];
  }
  return verifyLot(lot);
}

function verifyLot(claims: readonly ProofClaim[]): { readonly ok: true } | PartRefusal {
  const malformed = claims.findIndex((claim) => refusalOf(claim) !== undefined);
  const sound = malformed === -1 ? claims : claims.slice(0, malformed);
  const points = decodeAll(sound);
  if ('code' in points) return points;
  try {
    const next = claims[sound.length];
    const refusal = next && refusalOf(next);
    if (refusal !== undefined) return refusal;
    if (claims.length === 0 || holdTogether(points, claims)) return ACCEPTED;
  } finally {
    releaseProofs(points);
  }
  const failing = claims.find((claim) => !holds(claim));
  return failing === undefined ? ACCEPTED : { ...doesNotHold(), part: failing.part };
}

/** What is wrong with a claim's signals or its proof's length. */
function refusalOf({ part, key, proof, signals }: ProofClaim): PartRefusal | undefined {
  const verdict = checkSignals(key, signals);
  if (!verdict.ok) return { ...verdict, part };
  return proof.length === COMPRESSED_PROOF_BYTES ? undefined : refusalOfProof(part, proof);
}

function refusalOfProof(part: string, proof: Uint8Array): PartRefusal {
  const decoded = decodeCompressedProof(proof);
  if (decoded.ok) throw new Error(`assertion failed: ${part} is a proof after all`);
  return { ...refused(decoded.error.code, decoded.error.message), part };
}

/** The points of all proofs (of 128 bytes each), or what is wrong with the first that has none. */
function decodeAll(claims: readonly ProofClaim[]): ProofPoints | PartRefusal {
  const [bAt, cAt] = [COMPRESSED_G1_BYTES, COMPRESSED_G1_BYTES + COMPRESSED_G2_BYTES];
  const minusA = g1.fromSigned(
    joined(claims, ({ proof }) => {
      const a = proof.slice(0, bAt);
      a[0] = (a[0] ?? 0) ^ SIGN_BIT;
      return a;
    }),
  );
  const b = g2.fromSigned(joined(claims, ({ proof }) => proof.subarray(bAt, cAt)));
  const c = g1.fromSigned(joined(claims, ({ proof }) => proof.subarray(cAt)));
  if (!('wrong' in minusA) && !('wrong' in b) && !('wrong' in c)) return { minusA, b, c };
  let first = claims.length;
  for (const found of [minusA, b, c]) {
    if ('wrong' in found) first = Math.min(first, found.wrong);
    else found.release();
  }
  const claim = claims[first];
  if (claim === undefined) throw new Error(`assertion failed: claim ${first}`);
  return refusalOfProof(claim.part, claim.proof);
}

const joined = (
  claims: readonly ProofClaim[],
  partOf: (claim: ProofClaim) => Uint8Array,
): Uint8Array => concatBytes(...claims.map(partOf));

function holds({ key, proof, signals }: ProofClaim): boolean {
  const decoded = decodeCompressedProof(proof);
  return decoded.ok && proves(key, decoded.value, signals);
}
