/** Threads on cores: sched_setaffinity and what /proc says. Linux; elsewhere nothing is pinned. */
import { readFileSync, readlinkSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { platform } from 'node:process';
import { libcCall, libcErrno } from './libc.ts';

export type PinErrorCode =
  /** Not Linux, or no native module for this kind of machine. */
  | 'UNSUPPORTED'
  /** The machine hasn't got the core, or this process may not use it. */
  | 'NO_SUCH_CORE'
  | 'REFUSED';

export type PinResult =
  | { readonly pinned: true; readonly core: number }
  | { readonly pinned: false; readonly code: PinErrorCode; readonly reason: string };

/** Bytes of the kernel's CPU mask: 1,024 cores, as in glibc's cpu_set_t. */
const MASK_BYTES = 128;
const MASK_CORES = MASK_BYTES * 8;

/** Lets the calling thread, and no other, run on one core only. */
export function pinCurrentThread(core: number): PinResult {
  const setAffinity = libcCall('int sched_setaffinity(int pid, size_t size, const void* mask)');
  if (setAffinity === undefined) {
    const where = `${platform}-${process.arch}`;
    const reason = `threads are not pinned on ${where}; the scheduler moves them`;
    return { pinned: false, code: 'UNSUPPORTED', reason };
  }
  const cores = availableCores();
  const noSuchCore = (): PinResult => ({
    pinned: false,
    code: 'NO_SUCH_CORE',
    reason: `no core ${core} for this process; choose one of ${formatCoreList(cores)}`,
  });
  if (!Number.isInteger(core) || core < 0 || core >= MASK_CORES) return noSuchCore();
  const mask = Buffer.alloc(MASK_BYTES);
  mask[core >> 3] = 1 << (core & 7);
  if (setAffinity(0, MASK_BYTES, mask) === 0) return { pinned: true, core };
  const errno = libcErrno();
  if (errno === constants.errno.EINVAL) return noSuchCore();
  const reason = `the system refused to pin to core ${core} (errno ${errno})`;
  return { pinned: false, code: 'REFUSED', reason };
}

/** The system's id of the calling thread, as in /proc/self/task; undefined without one. */
export function currentThreadId(): number | undefined {
  if (platform !== 'linux') return undefined;
  // <pid>/task/<tid>; read on the calling thread because the call is synchronous.
  return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
}

/** Numbers of the cores that this process may use, ascending. */
export function availableCores(): number[] {
  if (platform !== 'linux') return Array.from({ length: availableParallelism() }, (_, i) => i);
  return allowedCores('/proc/self/status');
}

/** Numbers of the cores that a thread of this process may use, ascending. Linux. */
export function coresOfThread(threadId: number): number[] {
  return allowedCores(`/proc/self/task/${threadId}/status`);
}

function allowedCores(statusFile: string): number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(statusFile, 'utf8'))?.[1];
  return parseCoreList(list ?? '');
}

/** `0-2,5` as the kernel writes it: [0, 1, 2, 5]. */
export function parseCoreList(list: string): number[] {
  return list
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first, last] = range.split('-').map(Number);
      const from = first ?? 0;
      return Array.from({ length: (last ?? from) - from + 1 }, (_, i) => from + i);
    });
}

function formatCoreList(cores: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < cores.length; ) {
    let end = i;
    while (cores[end + 1] === (cores[end] ?? 0) + 1) end += 1;
    ranges.push(end === i ? `${cores[i]}` : `${cores[i]}-${cores[end]}`);
    i = end + 1;
  }
  return ranges.join(',');
}
