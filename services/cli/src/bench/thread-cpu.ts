/** What a thread has run, not what it waited while others had its core. */
import { threadCpuUsage } from 'node:process';

const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));
const LEAVE_MS = 0.05;

/**
 * Microseconds that this thread has run. The system brings the sum up to date when a thread leaves
 * its core, else only at every tick of some milliseconds: so leave it.
 */
export function settledCpuUs(): number {
  Atomics.wait(NEVER_WOKEN, 0, 0, LEAVE_MS);
  const { user, system } = threadCpuUsage();
  return user + system;
}

/** Milliseconds that all threads of this process have run; of this one, up to now. */
export function settledProcessCpuMs(): number {
  Atomics.wait(NEVER_WOKEN, 0, 0, LEAVE_MS);
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
