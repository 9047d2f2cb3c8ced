/** One fold, checked: sumcheck, claims, linear combination (FOLDING.md, section 5). */
import { assert, at } from './assert.ts';
import { reduce } from './field.ts';
import {
  type FoldInstance,
  FoldTranscript,
  type LinearInstance,
  type Triple,
} from './fold-transcript.ts';
import { type Refused, refused } from './reason-codes.ts';

/** What a prover says in one fold. */
export interface FoldStep {
  /** For each round the coefficients of 1, X^2 and so on; that of X follows from the sum. */
  readonly rounds: readonly (readonly bigint[])[];
  /** For each instance the values of A z, B z, C z at the point of the rounds. */
  readonly claims: readonly Triple[];
}

/** The commitments' combination: left + rho right; both are valid. */
export type CombinePoints = (left: Uint8Array, rho: bigint, right: Uint8Array) => Uint8Array;

export interface FoldContext {
  readonly shapeDigest: Uint8Array;
  readonly variables: number;
  readonly combine: CombinePoints;
}

/** Degree of a round's polynomial: 3 where a product of two matrices is summed, else 2. */
export function degreeOf(instances: readonly FoldInstance[]): number {
  return instances.some(({ kind }) => kind === 'fresh') ? 3 : 2;
}

/** The instance that the step leads to, or why it does not hold. */
export function checkStep(
  context: FoldContext,
  instances: readonly FoldInstance[],
  step: FoldStep,
): { readonly ok: true; readonly folded: LinearInstance } | Refused {
  const { shapeDigest, variables } = context;
  const degree = degreeOf(instances);
  assert(
    step.rounds.length === variables && step.rounds.every(({ length }) => length === degree),
    'a step has the rounds of its shape',
  );
  assert(step.claims.length === instances.length, 'a step has claims of each instance');
  const transcript = new FoldTranscript(shapeDigest, instances);
  const gamma = transcript.gamma();
  const beta = transcript.beta(variables);
  let claim = initialClaim(instances, gamma);
  const point: bigint[] = [];
  for (const [index, polynomial] of step.rounds.entries()) {
    const r = transcript.round(index, polynomial);
    claim = evaluateRound(polynomial, claim, r);
    point.push(r);
  }
  if (claim !== finalClaim(instances, step.claims, { gamma, beta, point })) {
    return refused('FOLD_REFUSED', "the sumcheck's last value is not that of the claims");
  }
  const rho = transcript.rho(step.claims);
  return {
    ok: true,
    folded: combineInstances(instances, step.claims, point, rho, context.combine),
  };
}

/** What the sum has to be: the linear instances' values, and nothing of the fresh ones. */
function initialClaim(instances: readonly FoldInstance[], gamma: bigint): bigint {
  let [sum, power] = [0n, 1n];
  for (const instance of instances) {
    if (instance.kind === 'fresh') {
      power = reduce(power * gamma);
      continue;
    }
    for (const value of instance.values) {
      sum = reduce(sum + power * value);
      power = reduce(power * gamma);
    }
  }
  return sum;
}

/** The polynomial at r, its missing coefficient such that its values at 0 and 1 sum up to `sum`. */
export function evaluateRound(polynomial: readonly bigint[], sum: bigint, r: bigint): bigint {
  const [constant = 0n, ...higher] = polynomial;
  const linear = sum - 2n * constant - higher.reduce((total, value) => total + value, 0n);
  const coefficients = [constant, linear, ...higher];
  return coefficients.reduceRight((value, coefficient) => reduce(value * r + coefficient), 0n);
}

interface Challenges {
  readonly gamma: bigint;
  readonly beta: readonly bigint[];
  readonly point: readonly bigint[];
}

function finalClaim(
  instances: readonly FoldInstance[],
  claims: readonly Triple[],
  { gamma, beta, point }: Challenges,
): bigint {
  let [sum, power] = [0n, 1n];
  for (const [index, instance] of instances.entries()) {
    const [a, b, c] = at(claims, index);
    if (instance.kind === 'fresh') {
      sum = reduce(sum + power * equality(beta, point) * reduce(a * b - c));
      power = reduce(power * gamma);
      continue;
    }
    const weight = equality(instance.point, point);
    for (const value of [a, b, c]) {
      sum = reduce(sum + power * reduce(weight * value));
      power = reduce(power * gamma);
    }
  }
  return sum;
}

/** The product of x y + (1 - x)(1 - y) over the coordinates. */
export function equality(left: readonly bigint[], right: readonly bigint[]): bigint {
  return left.reduce((product, x, index) => {
    const y = at(right, index);
    return reduce(product * (1n - x - y + 2n * x * y));
  }, 1n);
}

export function combineInstances(
  instances: readonly FoldInstance[],
  claims: readonly Triple[],
  point: readonly bigint[],
  rho: bigint,
  combine: CombinePoints,
): LinearInstance {
  const [left, right] = instances;
  assert(left !== undefined, 'an instance is folded');
  const values = at(claims, 0);
  const uOf = (instance: FoldInstance): bigint => (instance.kind === 'fresh' ? 1n : instance.u);
  const first = { kind: 'linear', point, u: uOf(left), x: left.x, values } as const;
  if (right === undefined) return { ...first, commitment: left.commitment };
  const sum = (one: bigint, other: bigint): bigint => reduce(one + rho * other);
  const [a, b, c] = values;
  const [otherA, otherB, otherC] = at(claims, 1);
  return {
    ...first,
    commitment: combine(left.commitment, rho, right.commitment),
    u: sum(first.u, uOf(right)),
    x: left.x.map((value, index) => sum(value, at(right.x, index))),
    values: [sum(a, otherA), sum(b, otherB), sum(c, otherC)],
  };
}
