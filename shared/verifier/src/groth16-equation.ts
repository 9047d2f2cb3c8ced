/**
 * The equation of Groth16, e(A, B) = e(alpha, beta) e(inputs, gamma) e(C, delta), for many proofs
 * of several keys at once: a Miller loop for each, three a key, and one final exponentiation.
 */
import { g1, g2, pairing } from '@foldbook/bn254/ready';
import { randomBytes } from '@noble/hashes/utils.js';
import { concatBytes } from './bytes.ts';
import { fromBigEndian, reduce, toBigEndian } from './field.ts';
import type { VerifyingKey } from './verifying-key.ts';

/** A set of equations that holds a false one passes with a probability of 2^-128. */
const COEFFICIENT_BYTES = 16;

type G1List = ReturnType<typeof g1.join>;
type G2List = ReturnType<typeof g2.join>;

/** The points of many proofs, in kernel memory until they are released. */
export interface ProofPoints {
  /** The negative of each A. */
  readonly minusA: G1List;
  readonly b: G2List;
  readonly c: G1List;
}

export function releaseProofs({ minusA, b, c }: ProofPoints): void {
  for (const list of [minusA, b, c]) list.release();
}

/** What proof i is to hold for. */
export interface Statement {
  readonly key: VerifyingKey;
  /** As many as the key's, below r. */
  readonly signals: readonly bigint[];
}

/**
 * Whether all proofs hold for their statements. Each equation is taken to a random power of 128
 * bits that only this call knows; a single one is taken as it is.
 */
export function holdTogether(points: ProofPoints, statements: readonly Statement[]): boolean {
  const weights = statements.map(() =>
    statements.length === 1 ? 1n : fromBigEndian(randomBytes(COEFFICIENT_BYTES)),
  );
  const lists: { release(): void }[] = [];
  const keep = <List extends { release(): void }>(list: List): List => {
    lists.push(list);
    return list;
  };
  try {
    const lefts = [keep(g1.multiply(points.minusA, scalars(weights)))];
    const rights = [points.b];
    for (const key of new Set(statements.map((statement) => statement.key))) {
      lefts.push(keep(g1.fromBytes(sumsOfKey(key, points, statements, weights))));
      rights.push(keep(g2.fromBytes(concatBytes(key.beta2, key.gamma2, key.delta2))));
    }
    return pairing.productIsOne(keep(g1.join(lefts)), keep(g2.join(rights)));
  } finally {
    for (const list of lists) list.release();
  }
}

/** What meets beta, gamma and delta of a key, over all of its proofs. */
function sumsOfKey(
  key: VerifyingKey,
  { c }: ProofPoints,
  statements: readonly Statement[],
  allWeights: readonly bigint[],
): Uint8Array {
  const weights = statements.map((statement, index) =>
    statement.key === key ? (allWeights[index] ?? 0n) : 0n,
  );
  const total = reduce(weights.reduce((sum, weight) => sum + weight, 0n));
  const signals = key.ic.slice(1).map((_, place) => {
    const terms = statements.map(({ signals }, index) => {
      return (weights[index] ?? 0n) * (signals[place] ?? 0n);
    });
    return reduce(terms.reduce((sum, term) => sum + term, 0n));
  });
  return concatBytes(
    sumOf([key.alpha1], [total]),
    sumOf(key.ic, [total, ...signals]),
    g1.sumOfProducts(c, scalars(weights)),
  );
}

function sumOf(points: readonly Uint8Array[], factors: readonly bigint[]): Uint8Array {
  const list = g1.fromBytes(concatBytes(...points));
  try {
    return g1.sumOfProducts(list, scalars(factors));
  } finally {
    list.release();
  }
}

const scalars = (values: readonly bigint[]): Uint8Array => concatBytes(...values.map(toBigEndian));
