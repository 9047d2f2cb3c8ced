/** What a proof's prover may choose (SPEC section 10), and its place in the statement. */

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
  queries: 88,
  grindingBits: 20,
};

/** Smaller proofs that take longer to make. */
export const SMALL_PROOF_PARAMETERS: ProofParameters = {
  logBlowup: 3,
  queries: 60,
  grindingBits: 20,
};

/** Bytes of `encodeParameters`. */
export const PARAMETER_BYTES = 3;

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

/** `u8 log blowup || u8 queries || u8 grinding bits`. */
export function encodeParameters(parameters: ProofParameters): Uint8Array {
  const fault = parameterFault(parameters);
  if (fault !== undefined) throw new Error(`assertion failed: ${fault}`);
  const { logBlowup, queries, grindingBits } = parameters;
  return Uint8Array.of(logBlowup, queries, grindingBits);
}

export type DecodedParameters =
  | { readonly ok: true; readonly value: ProofParameters }
  | { readonly ok: false; readonly reason: string };

/** Reads what `encodeParameters` wrote: exactly so many bytes. Never throws. */
export function decodeParameters(bytes: Uint8Array): DecodedParameters {
  const [logBlowup, queries, grindingBits, ...rest] = bytes;
  if (logBlowup === undefined || queries === undefined || grindingBits === undefined) {
    return { ok: false, reason: `parameters have ${PARAMETER_BYTES} bytes, not ${bytes.length}` };
  }
  if (rest.length > 0) {
    return { ok: false, reason: `parameters have ${PARAMETER_BYTES} bytes, not ${bytes.length}` };
  }
  const value = { logBlowup, queries, grindingBits };
  const reason = parameterFault(value);
  return reason === undefined ? { ok: true, value } : { ok: false, reason };
}

function within(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}
