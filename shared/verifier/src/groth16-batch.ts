/** Many Groth16 proofs at the price of a Miller loop each. */
import { bn254 } from '@noble/curves/bn254.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { G1, type G1Point, type G2Point } from './curve-points.ts';
import { fromBigEndian, reduce } from './field.ts';
import {
  checkSignals,
  decodeCompressedProof,
  doesNotHold,
  type Proof,
  provesSignals,
  sumInputs,
} from './groth16.ts';
import { ACCEPTED, type Refused, refused } from './reason-codes.ts';
import type { VerifyingKey } from './verifying-key.ts';

/** A batch that holds a false proof passes with a probability of 2^-128. */
const COEFFICIENT_BYTES = 16;

export interface ProofClaim {
  /** Names the proof in a refusal, e.g. "batch 3". */
  readonly part: string;
  readonly key: VerifyingKey;
  /** Compressed, 128 bytes. */
  readonly proof: Uint8Array;
  readonly signals: readonly bigint[];
}

interface Claim {
  readonly part: string;
  readonly key: VerifyingKey;
  readonly signals: readonly bigint[];
  readonly proof: Proof;
}

/**
 * All claims hold, or the first that does not. Malformed ones are found before any pairing; then
 * the equations are checked together, each to a random power that only this call knows, and one by
 * one where that fails, to name the culprit.
 */
export function verifyAll(
  claims: readonly ProofClaim[],
): { readonly ok: true } | (Refused & { readonly part: string }) {
  const decoded: Claim[] = [];
  for (const { part, key, proof, signals } of claims) {
    const sound = checkSignals(key, signals);
    if (!sound.ok) return { ...sound, part };
    const points = decodeCompressedProof(proof);
    if (!points.ok) return { ...refused(points.error.code, points.error.message), part };
    decoded.push({ part, key, signals, proof: points.value });
  }
  if (decoded.length > 1 && holdTogether(decoded)) return ACCEPTED;
  const failing = decoded.find(({ key, proof, signals }) => !provesSignals(key, proof, signals));
  return failing === undefined ? ACCEPTED : { ...doesNotHold(), part: failing.part };
}

/** A Miller loop each, three a key, and one final exponentiation. */
function holdTogether(claims: readonly Claim[]): boolean {
  const pairs: { g1: G1Point; g2: G2Point }[] = [];
  const add = (g1: G1Point, g2: G2Point): void => {
    // Infinity pairs to 1, and the library refuses to be asked for it.
    if (!g1.is0()) pairs.push({ g1, g2 });
  };
  for (const key of new Set(claims.map((claim) => claim.key))) {
    const weighted = claims
      .filter((claim) => claim.key === key)
      .map((claim) => ({ ...claim, weight: fromBigEndian(randomBytes(COEFFICIENT_BYTES)) }));
    let c = G1.ZERO;
    for (const { proof, weight } of weighted) {
      add(proof.a.multiplyUnsafe(weight).negate(), proof.b);
      c = c.add(proof.c.multiplyUnsafe(weight));
    }
    const total = reduce(weighted.reduce((sum, { weight }) => sum + weight, 0n));
    const signals = key.ic.slice(1).map((_, index) => {
      const sum = weighted.reduce((sum, claim) => {
        return sum + claim.weight * (claim.signals[index] ?? 0n);
      }, 0n);
      return reduce(sum);
    });
    add(key.alpha1.multiplyUnsafe(total), key.beta2);
    add(c, key.delta2);
    add(sumInputs(key, total, signals), key.gamma2);
  }
  return pairsToOne(pairs);
}

/** Without the library's own checks: every point was checked when it was read. */
function pairsToOne(pairs: readonly { readonly g1: G1Point; readonly g2: G2Point }[]): boolean {
  const loops = pairs.map(({ g1, g2 }): Parameters<typeof bn254.millerLoopBatch>[0][number] => {
    const { x, y } = g1.toAffine();
    return [bn254.utils.calcPairingPrecomputes(g2), x, y];
  });
  const { Fp12 } = bn254.fields;
  return Fp12.eql(Fp12.finalExponentiate(bn254.millerLoopBatch(loops)), Fp12.ONE);
}
