/** Time as a value that is passed in, so that tests and the simulator can set it. */

export interface Clock {
  /** Nanoseconds since 1970-01-01 UTC; never goes back while the process runs. */
  nowNs(): bigint;
}

const NS_PER_MS = 1_000_000n;
const originNs = BigInt(Date.now()) * NS_PER_MS - process.hrtime.bigint();

/**
 * The wall clock read once, then the monotonic clock: steps of the wall clock don't reach it, so it
 * drifts from the wall by what the wall is corrected while the process runs.
 */
export const systemClock: Clock = {
  nowNs: () => originNs + process.hrtime.bigint(),
};

/** Stands still until told otherwise. */
export class ManualClock implements Clock {
  #nowNs: bigint;

  constructor(startNs = 0n) {
    this.#nowNs = startNs;
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  advanceNs(byNs: bigint): void {
    if (byNs < 0n) throw new RangeError(`a clock doesn't go back (asked for ${byNs} ns)`);
    this.#nowNs += byNs;
  }
}
