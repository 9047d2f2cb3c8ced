import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buildBn128, type Curve } from 'ffjavascript';
import { at, inverse, inverses, power, reduce, scalarOrder } from './field.ts';
import { FixedBase } from './fixed-base.ts';
import type { ConstraintSystem } from './r1cs.ts';
import { type ProvingKey, proverDomain, writeZkey } from './zkey.ts';

/** The secrets of a Groth16 setup. Whoever knows them can prove anything. */
interface Trapdoor {
  readonly tau: bigint;
  readonly alpha: bigint;
  readonly beta: bigint;
  readonly delta: bigint;
}

/** Polynomials of the circuit at tau, one value a wire (QAP). */
interface WirePolynomials {
  readonly a: readonly bigint[];
  readonly b: readonly bigint[];
  readonly c: readonly bigint[];
}

/**
 * A Groth16 proving key (.zkey bytes) made from public secrets: the same bytes on every machine,
 * in seconds instead of minutes, and INSECURE by construction. Since the trapdoor is known, each
 * point is one multiplication of a generator by a computed scalar; gamma is 1, as in keys from a
 * ceremony.
 */
export async function makeDevelopmentKey(
  name: string,
  system: ConstraintSystem,
): Promise<Uint8Array> {
  const curve = await buildBn128(true);
  try {
    const trapdoor = publicTrapdoor(name);
    const key = await multiplyOut(curve, system, trapdoor);
    return writeZkey(system, key);
  } finally {
    await curve.terminate();
  }
}

function publicTrapdoor(name: string): Trapdoor {
  const secret = (label: string): bigint => {
    const text = `foldbook insecure development key v1\n${name}\n${label}`;
    const value = reduce(BigInt(`0x${createHash('sha512').update(text).digest('hex')}`));
    assert(value !== 0n, 'a trapdoor scalar is zero');
    return value;
  };
  return {
    tau: secret('tau'),
    alpha: secret('alpha'),
    beta: secret('beta'),
    delta: secret('delta'),
  };
}

async function multiplyOut(
  curve: Curve,
  system: ConstraintSystem,
  { tau, alpha, beta, delta }: Trapdoor,
): Promise<ProvingKey> {
  const domain = proverDomain(system);
  const rootOfUnity = (bits: number): bigint => curve.Fr.toObject(at(curve.Fr.w, bits));
  const lagrange = lagrangeAt(tau, domain.bits, rootOfUnity(domain.bits));
  const { a, b, c } = wirePolynomials(system, lagrange);
  const combined = a.map((value, wire) => reduce(beta * value + alpha * at(b, wire) + at(c, wire)));
  const deltaInverse = inverse(delta);
  const overDelta = (value: bigint): bigint => (value * deltaInverse) % scalarOrder;
  // The prover gives (AB - C) on the odd half of the doubled domain; its degree is below twice
  // the domain's size and it vanishes on the even half, so these Lagrange values suffice.
  const odd = lagrangeAt(tau, domain.bits + 1, rootOfUnity(domain.bits + 1))
    .filter((_, i) => i % 2 === 1)
    .map(overDelta);

  const g1 = await FixedBase.create(curve, 'G1');
  const g2 = await FixedBase.create(curve, 'G2');
  return {
    alpha1: await g1.multiply([alpha]),
    beta1: await g1.multiply([beta]),
    beta2: await g2.multiply([beta]),
    gamma2: await g2.multiply([1n]),
    delta1: await g1.multiply([delta]),
    delta2: await g2.multiply([delta]),
    publicPoints: await g1.multiply(combined.slice(0, system.publicCount + 1)),
    a1: await g1.multiply(a),
    b1: await g1.multiply(b),
    b2: await g2.multiply(b),
    c1: await g1.multiply(combined.slice(system.publicCount + 1).map(overDelta)),
    h1: await g1.multiply(odd),
  };
}

/** L_i(tau) = w^i (tau^n - 1) / (n (tau - w^i)) for the n = 2^bits powers of the root w. */
function lagrangeAt(tau: bigint, bits: number, root: bigint): bigint[] {
  const size = 2 ** bits;
  const vanishing = reduce(power(tau, BigInt(size)) - 1n);
  assert(vanishing !== 0n, 'tau lies in the domain');
  const scale = (vanishing * inverse(BigInt(size))) % scalarOrder;
  const points: bigint[] = [];
  for (let i = 0, point = 1n; i < size; i++, point = (point * root) % scalarOrder) {
    points.push(point);
  }
  const distances = inverses(points.map((point) => reduce(tau - point)));
  return points.map(
    (point, i) => (((point * scale) % scalarOrder) * at(distances, i)) % scalarOrder,
  );
}

/**
 * A_i(tau), B_i(tau), C_i(tau) for every wire i. After the constraints come publicCount + 1 rows
 * that hold only A = wire i for the one and the public wires: they keep the public inputs'
 * polynomials independent (as snarkjs's setup and prover do).
 */
function wirePolynomials(
  { wireCount, publicCount, constraintCount, starts, wires, coefficients }: ConstraintSystem,
  lagrange: readonly bigint[],
): WirePolynomials {
  const sums = [0, 1, 2].map(() => new Array<bigint>(wireCount).fill(0n));
  for (let i = 0; i < 3 * constraintCount; i++) {
    const sum = at(sums, i % 3);
    const row = at(lagrange, Math.floor(i / 3));
    const end = at(starts, i + 1);
    for (let term = at(starts, i); term < end; term++) {
      const wire = at(wires, term);
      sum[wire] = at(sum, wire) + at(coefficients, term) * row;
    }
  }
  const [a, b, c] = sums.map((sum) => sum.map((value) => value % scalarOrder));
  assert(a && b && c);
  for (let wire = 0; wire <= publicCount; wire++) {
    a[wire] = reduce(at(a, wire) + at(lagrange, constraintCount + wire));
  }
  return { a, b, c };
}
