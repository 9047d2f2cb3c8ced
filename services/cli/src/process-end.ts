/** How a process that was started here ended. */
import type { ChildProcess } from 'node:child_process';

export interface ProcessEnd {
  /** Null where a signal ended it, or where it could not be started. */
  readonly status: number | null;
  readonly signal: string | null;
}

/** Resolves when it has ended; at once if it had already. */
export function endOf(child: ChildProcess): Promise<ProcessEnd> {
  const { exitCode, signalCode } = child;
  if (exitCode !== null || signalCode !== null) {
    return Promise.resolve({ status: exitCode, signal: signalCode });
  }
  return new Promise((resolve) => {
    child.once('exit', (status, signal) => resolve({ status, signal }));
    child.once('error', () => resolve({ status: null, signal: null }));
  });
}

/** "was killed by SIGKILL", "ended with status 1". */
export function endWords({ status, signal }: ProcessEnd): string {
  if (signal !== null) return `was killed by ${signal}`;
  return status === null ? 'could not be started' : `ended with status ${status}`;
}
