/**
 * Time as a port: what the clocks say, and being called later. Agents, clients and what drives them
 * take it from here, so that a simulation can put its own in its place.
 */
import { type Clock, systemClock } from './clock.ts';
import { clockSince } from './thread-clock.ts';

/** A call to come; disposing of it takes it back. */
export interface Timer extends Disposable {
  /** The process need not stay for it. */
  unref(): unknown;
}

export interface Timers extends Clock {
  /** Nanoseconds of the host's monotonic clock, alike on every thread. */
  readonly monotonicNs: () => number;
  /** Calls once, after at least so long. */
  after(delayMs: number, run: () => void): Timer;
  every(periodMs: number, run: () => void): Timer;
  /** Calls once in the next turn of the event loop, behind the I/O that is due. */
  nextTurn(run: () => void): Timer;
}

export const systemTimers: Timers = {
  nowNs: systemClock.nowNs,
  monotonicNs: clockSince(0n),
  after: (delayMs, run) => setTimeout(run, delayMs),
  every: (periodMs, run) => setInterval(run, periodMs),
  nextTurn: (run) => setImmediate(run),
};

export function cancelTimer(timer: Timer | undefined): void {
  timer?.[Symbol.dispose]();
}

/** Milliseconds of the monotonic clock, for deadlines. */
export const monotonicMs = (timers: Timers) => timers.monotonicNs() / 1e6;

export const pause = (timers: Timers, ms: number) =>
  new Promise<void>((resolve) => void timers.after(ms, resolve));

export const nextTurn = (timers: Timers) =>
  new Promise<void>((resolve) => void timers.nextTurn(resolve));
