/** What a thread does between two looks at its input that found nothing. */
import { libcCall } from './libc.ts';

export type IdleStrategyName = 'busy-spin' | 'yield' | 'park';

export interface IdleStrategy {
  readonly name: IdleStrategyName;
  /** Called after each pass of the loop with the work it did; returns soon when that isn't 0. */
  idle(workCount: number): void;
}

/** Something to sleep on that ends the sleep when work arrives: a ring's consumer. */
export interface Parkable {
  waitForWork(timeoutMs: number): boolean;
}

const SPINS_BEFORE_YIELD = 100;
const SPINS_BEFORE_PARK = 2_000;
/** The longest sleep, and so how late a thread sees that it is to stop. */
const PARK_SLICE_MS = 20;
const NAP_MS = 0.05;

/**
 * `busy-spin` has the least latency and takes its core whole; `yield` lets others of the same core
 * run; `park` sleeps until there is work. Where threads outnumber the cores, only `park` is kind to
 * the others, and the one they wait for is among them.
 */
export function defaultIdleStrategy(threads: number, cores: number): IdleStrategyName {
  return cores < threads ? 'park' : 'yield';
}

export function createIdleStrategy(name: IdleStrategyName, input: Parkable): IdleStrategy {
  switch (name) {
    case 'busy-spin':
      return { name, idle: () => {} };
    case 'yield':
      return backoff(name, SPINS_BEFORE_YIELD, createYield());
    case 'park':
      return backoff(name, SPINS_BEFORE_PARK, () => void input.waitForWork(PARK_SLICE_MS));
    default: {
      const unknown: never = name;
      throw new RangeError(`no idle strategy "${unknown}"; there are: busy-spin, yield, park`);
    }
  }
}

function backoff(name: IdleStrategyName, spins: number, rest: () => void): IdleStrategy {
  let idlePasses = 0;
  return {
    name,
    idle: (workCount) => {
      if (workCount > 0) idlePasses = 0;
      else if (idlePasses < spins) idlePasses += 1;
      else rest();
    },
  };
}

/** Lets other threads of the same core run, if there are any that can. */
export function createYield(): () => void {
  const yieldCore = libcCall('int sched_yield()');
  if (yieldCore !== undefined) return () => void yieldCore();
  const word = new Int32Array(new SharedArrayBuffer(4));
  return () => void Atomics.wait(word, 0, 0, NAP_MS);
}
