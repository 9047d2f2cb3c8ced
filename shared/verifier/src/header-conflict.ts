import type { AnyHeader } from './any-chain.ts';
import { bytesToHex, sameBytes } from './bytes.ts';
import { chainStateAfter } from './chain-state.ts';
import { checkContinuation } from './check-header.ts';
import type { ReasonCode } from './reason-codes.ts';

/** A header of a chain of either kind, with its bytes. */
export interface HeaderWithBytes {
  readonly header: AnyHeader;
  readonly bytes: Uint8Array;
}

/** A fault of a header alone: it contradicts no other one. */
const OF_ONE_HEADER: ReasonCode = 'HEADER_RANGE';

/** Why two headers of one chain can't both be true; undefined where they can. */
export function headersConflict(a: HeaderWithBytes, b: HeaderWithBytes): string | undefined {
  const [early, late] = a.header.epoch <= b.header.epoch ? [a, b] : [b, a];
  const { epoch } = early.header;
  if (late.header.epoch === epoch) {
    return sameBytes(a.bytes, b.bytes) ? undefined : `epoch ${epoch} has two signed headers`;
  }
  const isNext = late.header.epoch === epoch + 1n;
  const words = isNext ? neighbours(early, late.header) : apart(early.header, late.header);
  return words && `epoch ${late.header.epoch} does not go on from epoch ${epoch}: ${words}`;
}

/** The later one names what the earlier one is: its hash, and all that it ends with. */
function neighbours(early: HeaderWithBytes, late: AnyHeader): string | undefined {
  const state = chainStateAfter(early.header, early.bytes);
  const verdict = checkContinuation(state, late);
  if (!verdict.ok && verdict.code !== OF_ONE_HEADER) return verdict.message;
  const areRulesKept = late.changeCount > 0 || sameBytes(late.rulesHash, state.rulesHash);
  if (areRulesKept) return undefined;
  const heads = `${bytesToHex(state.rulesHash)} to ${bytesToHex(late.rulesHash)}`;
  return `without a change of the rules their hash goes from ${heads}`;
}

/**
 * What lies between is not known; the later one begins behind the earlier one all the same, and
 * behind at least one group and one command of each epoch between. Such epochs may have no record.
 */
function apart(early: AnyHeader, late: AnyHeader): string | undefined {
  const between = late.epoch - early.epoch - 1n;
  const recordNext = early.recordFirst + BigInt(early.recordCount);
  for (const [name, first, least] of [
    ['first log sequence', late.logFirst, early.logLast + 1n + between],
    ['first market sequence', late.sequenceFirst, early.sequenceLast + 1n + between],
    ['first record', late.recordFirst, recordNext],
    ['time in ns', late.timeNs, early.timeNs],
  ] as const) {
    if (first < least) return `its ${name} is ${first}, at least ${least} was due`;
  }
  return undefined;
}
