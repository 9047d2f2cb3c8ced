import { bn254 } from '@noble/curves/bn254.js';
import { at } from './assert.ts';
import { type G1Point, type G2Point, readG1, readG2 } from './curve-points.ts';
import { type Decoded, decode } from './decoding.ts';
import { SCALAR_ORDER } from './field.ts';
import { ACCEPTED, type Refused, refused, type Verdict } from './reason-codes.ts';
import type { VerifyingKey } from './verifying-key.ts';

export const PROOF_BYTES = 256;

interface Proof {
  readonly a: G1Point;
  readonly b: G2Point;
  readonly c: G1Point;
}

function decodeProof(bytes: Uint8Array): Decoded<Proof> {
  return decode(bytes, 'PROOF_FORMAT', 'proof', (reader) => ({
    a: readG1(reader, 'A'),
    b: readG2(reader, 'B'),
    c: readG1(reader, 'C'),
  }));
}

/** A claim whose parts are well formed: what is left is the pairing equation. */
interface Equation {
  readonly ok: true;
  readonly key: VerifyingKey;
  readonly proof: Proof;
  /** IC[0] + sum of signal i times IC[i + 1]. */
  readonly inputs: G1Point;
}

function prepare(
  key: VerifyingKey,
  proof: Uint8Array,
  signals: readonly bigint[],
): Equation | Refused {
  if (signals.length !== key.ic.length - 1) {
    const expected = key.ic.length - 1;
    return refused('SIGNAL_COUNT', `${signals.length} public signals, the key is for ${expected}`);
  }
  const wild = signals.findIndex((signal) => signal < 0n || signal >= SCALAR_ORDER);
  if (wild !== -1) {
    return refused('SIGNAL_RANGE', `public signal ${wild} is not below the field's order`);
  }
  const decoded = decodeProof(proof);
  if (!decoded.ok) return refused(decoded.error.code, decoded.error.message);
  let inputs = key.ic[0];
  signals.forEach((signal, index) => {
    inputs = inputs.add(at(key.ic, index + 1).multiplyUnsafe(signal));
  });
  return { ok: true, key, proof: decoded.value, inputs };
}

/** e(A, B) = e(alpha, beta) e(inputs, gamma) e(C, delta) */
function holds({ key, proof, inputs }: Equation): boolean {
  const pairs = [
    { g1: proof.a.negate(), g2: proof.b },
    { g1: key.alpha1, g2: key.beta2 },
    { g1: proof.c, g2: key.delta2 },
  ];
  // Infinity pairs to 1, and the library refuses to be asked for it.
  if (!inputs.is0()) pairs.push({ g1: inputs, g2: key.gamma2 });
  const { Fp12 } = bn254.fields;
  return Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE);
}

/**
 * Whether `proof` (A, B, C: 256 bytes, big-endian, B in EIP-197 order) holds for these public
 * signals. Whether the key is one to be trusted is the caller's question. About 20 ms.
 */
export function verifyGroth16(
  key: VerifyingKey,
  proof: Uint8Array,
  signals: readonly bigint[],
): Verdict {
  const equation = prepare(key, proof, signals);
  if (!equation.ok) return equation;
  if (holds(equation)) return ACCEPTED;
  return refused('GROTH16_REFUSED', 'the proof does not hold for its public signals');
}

export interface ProofClaim {
  /** Names the proof in a refusal, e.g. "batch 3". */
  readonly part: string;
  readonly key: VerifyingKey;
  readonly proof: Uint8Array;
  readonly signals: readonly bigint[];
}

/**
 * All claims hold, or one that does not. Malformed ones are found before any pairing is computed;
 * the equations are checked one by one for now, a batch check would take their place.
 */
export function verifyAll(
  claims: readonly ProofClaim[],
): { readonly ok: true } | (Refused & { readonly part: string }) {
  const equations: { readonly part: string; readonly equation: Equation }[] = [];
  for (const { part, key, proof, signals } of claims) {
    const equation = prepare(key, proof, signals);
    if (!equation.ok) return { ...equation, part };
    equations.push({ part, equation });
  }
  const failing = equations.find(({ equation }) => !holds(equation));
  if (!failing) return ACCEPTED;
  const message = 'the proof does not hold for its public signals';
  return { ...refused('GROTH16_REFUSED', message), part: failing.part };
}
