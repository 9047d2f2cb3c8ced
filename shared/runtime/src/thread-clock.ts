/** A clock that all threads and processes of a host read alike, without an object each time. */
import { hrtime } from 'node:process';

const SAMPLES = 200;

/**
 * To be called once on the thread that reads it.
 * @returns nanoseconds since `startNs`, which is of `hrtime.bigint`
 */
export function clockSince(startNs: bigint): () => number {
  // Both count the same clock, from different origins: how far apart is told best by the reading
  // that nothing came in between of.
  let offsetNs = 0;
  let leastNs = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const beforeNs = Number(hrtime.bigint() - startNs);
    const nowNs = performance.now() * 1e6;
    const tookNs = Number(hrtime.bigint() - startNs) - beforeNs;
    if (tookNs >= leastNs) continue;
    leastNs = tookNs;
    offsetNs = beforeNs + tookNs / 2 - nowNs;
  }
  return () => performance.now() * 1e6 + offsetNs;
}
