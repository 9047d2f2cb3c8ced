/**
 * How many bits of security a proof has: SPEC section 11 has the formulas and their sources. Every
 * round's error is a bound that is proved, up to the Johnson radius; none is a conjecture.
 */
import { friSchedule } from './fri/schedule.ts';
import type { ProofParameters } from './parameters.ts';

/** What a verifier asks for at least. */
export const SECURITY_FLOOR_BITS = 100;

export interface SecurityTable {
  readonly logHeight: number;
  /** Of all kinds, one power of alpha each. */
  readonly constraints: number;
  /** Fractions a row adds to the table's lookup sum. */
  readonly fractions: number;
}

/** What of a statement the bounds depend on. */
export interface SecurityShape {
  readonly tables: readonly SecurityTable[];
  /** Terms of all combinations together, one power of gamma each. */
  readonly openings: number;
  /** Log heights of the account commitments whose values are pinned. */
  readonly pinnedLogHeights: readonly number[];
}

export type SecurityRound = 'pinned' | 'lookup' | 'alpha' | 'zeta' | 'gamma' | 'fold' | 'queries';

export interface SecurityBits {
  /** Of all rounds' errors together. */
  readonly total: number;
  /** Each round by itself. */
  readonly rounds: Readonly<Record<SecurityRound, number>>;
  /** The multiplicity at which the bounds are best. */
  readonly multiplicity: number;
}

const FIELD_SIZE = 2_013_265_921 ** 5;
/** Powers of y in the netting's numerators and of v in the key of an account: 12 limbs. */
const KEY_DEGREE = 12;
/** Of constraints, in columns and selectors. */
const CONSTRAINT_DEGREE = 3;
const MIN_MULTIPLICITY = 3;
/** The errors of folding grow with its fifth power: beyond lies nothing. */
const MAX_MULTIPLICITY = 200;

/** The bits at the best multiplicity. */
export function securityBits(parameters: ProofParameters, shape: SecurityShape): SecurityBits {
  let best = securityBitsAt(MIN_MULTIPLICITY, parameters, shape);
  for (let m = MIN_MULTIPLICITY + 1; m <= MAX_MULTIPLICITY; m++) {
    const bits = securityBitsAt(m, parameters, shape);
    if (bits.total > best.total) best = bits;
  }
  return best;
}

/** The bits that the analysis with one multiplicity gives; any from 3 on is a valid bound. */
export function securityBitsAt(
  multiplicity: number,
  parameters: ProofParameters,
  shape: SecurityShape,
): SecurityBits {
  const errors = roundErrors(multiplicity, parameters, shape);
  const total = Object.values(errors).reduce((sum, error) => sum + error);
  const bits = (error: number) => (error === 0 ? Infinity : -Math.log2(error));
  const rounds = {
    pinned: bits(errors.pinned),
    lookup: bits(errors.lookup),
    alpha: bits(errors.alpha),
    zeta: bits(errors.zeta),
    gamma: bits(errors.gamma),
    fold: bits(errors.fold),
    queries: bits(errors.queries),
  };
  return { total: bits(total), rounds, multiplicity };
}

function roundErrors(
  m: number,
  { logBlowup, queries, grindingBits }: ProofParameters,
  { tables, openings, pinnedLogHeights }: SecurityShape,
): Record<SecurityRound, number> {
  const code = { logBlowup, m };
  const logHeights = tables.map(({ logHeight }) => logHeight);
  const largest = Math.max(...logHeights);
  const list = listSize(code, largest);
  const sum = (term: (table: SecurityTable) => number) =>
    tables.reduce((total, table) => total + term(table), 0);
  const fractions = sum((table) => table.fractions * 2 ** table.logHeight);
  const constraints = sum((table) => table.constraints);
  const degrees = sum((table) => (CONSTRAINT_DEGREE + 1) * 2 ** table.logHeight);
  const pairs = (logHeight: number) => listSize(code, logHeight) ** 2 / 2;
  return {
    pinned: pinnedLogHeights.reduce(
      (total, logHeight) => total + (pairs(logHeight) * 2 ** logHeight) / FIELD_SIZE,
      0,
    ),
    lookup: (list * (KEY_DEGREE + 1) * fractions) / FIELD_SIZE,
    alpha: (list * constraints) / FIELD_SIZE,
    zeta: (list * degrees) / (FIELD_SIZE - 2 ** (largest + logBlowup + 1)),
    gamma: (openings - 1) * foldError(code, largest + logBlowup),
    fold: friSchedule(logHeights, logBlowup).layers.reduce((total, layer) => {
      const powers = 2 ** layer.arityLog - (layer.injects ? 0 : 1);
      return total + powers * foldError(code, layer.logSize - layer.arityLog);
    }, 0),
    queries: agreement(code) ** queries * 2 ** -grindingBits,
  };
}

interface Code {
  readonly logBlowup: number;
  /** Multiplicity of the interpolation in the proof; not of the protocol. */
  readonly m: number;
}

/** 1 - theta: the part of a domain on which a cheater's words agree with polynomials. */
function agreement({ logBlowup, m }: Code): number {
  return Math.sqrt(2 ** -logBlowup) * (1 + 1 / (2 * m));
}

/**
 * How many tuples of polynomials agree with the words on so much of the domain (Guruswami-Sudan,
 * over the extension that has tuples as elements). A quotient of degree below n shows only that its
 * column has degree n at most: the rate is a little more than that of the code.
 */
function listSize(code: Code, logHeight: number): number {
  const root = Math.sqrt(2 ** -code.logBlowup * (1 + 2 ** -logHeight));
  const slack = agreement(code) / root - 1;
  if (slack <= 0) return Infinity;
  // Where the rate's excess is rounding only, the ceiling must not make a step of it.
  const m = Math.max(MIN_MULTIPLICITY, Math.ceil(1 / (2 * slack)));
  return (m + 0.5) / root;
}

/** E(2^logSize) of the SPEC: two words that are far, and their sum is not. */
function foldError({ logBlowup, m }: Code, logSize: number): number {
  const rho = 2 ** -logBlowup;
  const theta = 1 - agreement({ logBlowup, m });
  // Theorem 4.2's multiplicity, twice that of Theorem 1.5 for the same distance (SPEC 11).
  const h = 2 * m + 0.5;
  const linear = (2 * h ** 5 + 3 * h * theta * rho) / (3 * rho ** 1.5);
  return (linear * 2 ** logSize + h / Math.sqrt(rho)) / FIELD_SIZE;
}
