/** Headers of two chains that are of one log: whether both can be true. */
import type { AnyHeader } from './any-chain.ts';
import { bytesToHex, sameBytes } from './bytes.ts';
import { CHAIN_START } from './log-group.ts';

/**
 * What a market's groups come to, whatever proves it: executed they give it, and epochs end where
 * groups say so. Log sequences are not among it, since they are of the log's place.
 */
export const FROM_GROUPS = [
  ...(['market', 'epoch', 'sequenceFirst', 'sequenceLast', 'logHeadStart', 'logHeadEnd'] as const),
  ...(['rulesHash', 'changeCount', 'recordFirst', 'recordCount', 'dataDigest'] as const),
  ...(['stateHash', 'timeNs'] as const),
] satisfies readonly (keyof AnyHeader)[];

export const shown = (value: Uint8Array | bigint | number): string =>
  value instanceof Uint8Array ? bytesToHex(value) : value.toString();

/** Which of these fields two headers have first that differ. */
export function differingField<Field extends keyof AnyHeader>(
  a: AnyHeader,
  b: AnyHeader,
  fields: readonly Field[],
): Field | undefined {
  return fields.find((name) => shown(a[name]) !== shown(b[name]));
}

export interface LogComparison {
  /** Both name one head of the log: a hash of all that the market was told up to there. */
  readonly isOneLog: boolean;
  /** Why not both can be true; undefined where they can, or are not of one log. */
  readonly words: string | undefined;
}

/**
 * Compares two headers of two chains. Two deployments of a market have nothing that the operator
 * signs for both but the log's head: its groups have their times, so no two logs share one by
 * chance. Of headers that have one in common, be it at their start or at their end, the log gives
 * all of `FROM_GROUPS`. The head before the first group is everybody's, and ties nothing.
 */
export function compareByLog(a: AnyHeader, b: AnyHeader): LogComparison {
  const hasBegun = !sameBytes(a.logHeadStart, CHAIN_START.head);
  const isOneStart = hasBegun && sameBytes(a.logHeadStart, b.logHeadStart);
  if (!isOneStart && !sameBytes(a.logHeadEnd, b.logHeadEnd)) {
    return { isOneLog: false, words: undefined };
  }
  const field = differingField(a, b, FROM_GROUPS);
  if (field === undefined) return { isOneLog: true, words: undefined };
  const epochs = a.epoch === b.epoch ? `epoch ${a.epoch}` : `epochs ${a.epoch} and ${b.epoch}`;
  const place = isOneStart ? 'begin behind' : 'end with';
  const head = bytesToHex(isOneStart ? a.logHeadStart : a.logHeadEnd);
  const words = `${field} is ${shown(a[field])} in one, ${shown(b[field])} in the other`;
  return { isOneLog: true, words: `${epochs} of two chains ${place} log head ${head}: ${words}` };
}
