/** A clock that two threads read alike, without making an object each time. */
import { hrtime } from 'node:process';

/** @returns nanoseconds since `startNs`, which is of `hrtime.bigint` */
export function clockSince(startNs: bigint): () => number {
  // Both count the same clock, from different origins.
  const offsetNs = Number(hrtime.bigint() - startNs) - performance.now() * 1e6;
  return () => performance.now() * 1e6 + offsetNs;
}
