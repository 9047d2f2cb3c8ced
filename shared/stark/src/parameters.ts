/** What a part's prover may choose (SPEC section 10). */

export interface ProofParameters {
  /** The extended domains are 2^logBlowup times the tables' heights. */
  readonly logBlowup: number;
  readonly queries: number;
  /** Leading work of the nonce that is drawn before the queries. */
  readonly grindingBits: number;
}

/** More than 100 bits for tables of any height. */
export const DEFAULT_PARAMETERS: ProofParameters = {
  logBlowup: 2,
  queries: 92,
  grindingBits: 20,
};

/** Smaller proofs that take longer to make. */
export const SMALL_PROOF_PARAMETERS: ProofParameters = {
  logBlowup: 3,
  queries: 62,
  grindingBits: 20,
};

const MIN_LOG_BLOWUP = 2;
const MAX_LOG_BLOWUP = 3;
/** One byte. */
const MAX_QUERIES = 255;
/** More would keep a prover busy for hours; and the check has 32 bits of the hash. */
const MAX_GRINDING_BITS = 30;

/** Why parameters are none; undefined if they are. Whether they are safe is `securityBits`'s. */
export function parameterFault(parameters: ProofParameters): string | undefined {
  const { logBlowup, queries, grindingBits } = parameters;
  if (!within(logBlowup, MIN_LOG_BLOWUP, MAX_LOG_BLOWUP)) {
    return `log blowup ${logBlowup} is not ${MIN_LOG_BLOWUP} or ${MAX_LOG_BLOWUP}`;
  }
  if (!within(queries, 1, MAX_QUERIES)) return `${queries} queries are not 1 to ${MAX_QUERIES}`;
  if (!within(grindingBits, 0, MAX_GRINDING_BITS)) {
    return `${grindingBits} bits of work are not 0 to ${MAX_GRINDING_BITS}`;
  }
  return undefined;
}

/** What `decodeParameters` reads. */
export const PARAMETER_BYTES = 3;

/** As statements and genesis files have them. */
export function encodeParameters(parameters: ProofParameters): Uint8Array {
  const { logBlowup, queries, grindingBits } = parameters;
  return Uint8Array.of(logBlowup, queries, grindingBits);
}

/** @returns the parameters, or why these PARAMETER_BYTES are none */
export function decodeParameters(bytes: Uint8Array): ProofParameters | string {
  const [logBlowup = 0, queries = 0, grindingBits = 0] = bytes;
  const parameters = { logBlowup, queries, grindingBits };
  return parameterFault(parameters) ?? parameters;
}

function within(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}
