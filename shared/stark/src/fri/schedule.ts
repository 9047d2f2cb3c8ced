/** The order in which FRI folds (SPEC section 9): it follows from heights and blowup alone. */
import { TreeShape } from '../commit/tree-shape.ts';
import { DEGREE } from '../field/extension.ts';

/** A committed layer and how the next comes from it. */
export interface FriLayer {
  /** The layer is a word on D(logSize). */
  readonly logSize: number;
  /** The next is on D(logSize - arityLog): 2^arityLog siblings make one value. */
  readonly arityLog: number;
  /** Whether a combination is added to the next. */
  readonly injects: boolean;
}

export interface FriSchedule {
  /** Log of the largest extended domain: indices are drawn below 2^logSize. */
  readonly logSize: number;
  /** Committed layers, largest first; none if the first word is sent as it is. */
  readonly layers: readonly FriLayer[];
  /** The last word is on D(finalLogSize). */
  readonly finalLogSize: number;
  /** Coefficients of the polynomial that is sent in its place. */
  readonly finalCoefficients: number;
}

const MAX_ARITY_LOG = 3;
/** FRI ends, at the latest, with a polynomial of 2^8 coefficients. */
const MAX_FINAL_LOG_HEIGHT = 8;

/**
 * @param logHeights of the tables, in any order; equal ones have one combination
 * @param logBlowup of all of them
 */
export function friSchedule(logHeights: readonly number[], logBlowup: number): FriSchedule {
  if (logHeights.length === 0) throw new Error('assertion failed: FRI of no tables');
  const sizes = logHeights.map((logHeight) => logHeight + logBlowup);
  const logSize = Math.max(...sizes);
  const finalLogSize = Math.min(...sizes, MAX_FINAL_LOG_HEIGHT + logBlowup);
  const layers: FriLayer[] = [];
  for (let size = logSize; size > finalLogSize; ) {
    const stop = Math.max(finalLogSize, ...sizes.filter((other) => other < size));
    const arityLog = Math.min(MAX_ARITY_LOG, size - stop);
    const injects = sizes.includes(size - arityLog);
    layers.push({ logSize: size, arityLog, injects });
    size -= arityLog;
  }
  return { logSize, layers, finalLogSize, finalCoefficients: 2 ** (finalLogSize - logBlowup) };
}

/** Leaves of a layer's tree; each has 2^arityLog values. */
export function layerLeaves({ logSize, arityLog }: FriLayer): number {
  return 2 ** (logSize - arityLog);
}

/** The tree of a layer: one leaf for all siblings. */
export function layerShape(layer: FriLayer): TreeShape {
  const columns = DEGREE * 2 ** layer.arityLog;
  return new TreeShape([{ logSize: Math.log2(layerLeaves(layer)), columns }]);
}
