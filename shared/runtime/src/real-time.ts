/** Threads that the scheduler does not interrupt for others: SCHED_FIFO. Linux. */
import { constants } from 'node:os';
import { arch, platform } from 'node:process';
import { libcCall, libcErrno } from './libc.ts';

export type RealTimeResult =
  | { readonly granted: true; readonly priority: number }
  | { readonly granted: false; readonly reason: string };

const SCHED_FIFO = 1;
/** Threads that it starts are as all others. */
const SCHED_RESET_ON_FORK = 0x40000000;

/**
 * Runs the calling thread before every one that is not in real time, for as long as it wants: on a
 * core that others need, a loop that never sleeps keeps them from it, the system's own threads
 * among them. For loops that park, or on cores that are isolated.
 * @param priority from 1 to 99; interrupts of a real-time kernel have 50
 */
export function setRealTime(priority: number): RealTimeResult {
  const set = libcCall('int sched_setscheduler(int pid, int policy, const void* parameters)');
  if (set === undefined) {
    return { granted: false, reason: `no real-time threads on ${platform}-${arch}` };
  }
  const parameters = Buffer.alloc(4);
  parameters.writeInt32LE(priority);
  if (set(0, SCHED_FIFO | SCHED_RESET_ON_FORK, parameters) === 0) {
    return { granted: true, priority };
  }
  const errno = libcErrno();
  const reason =
    errno === constants.errno.EPERM
      ? 'not permitted: it takes CAP_SYS_NICE, or RLIMIT_RTPRIO of at least the priority'
      : `refused, errno ${errno}`;
  return { granted: false, reason };
}
