/**
 * What the processor counts while a thread runs, by perf_event_open; Linux only, and only where the
 * kernel and the machine offer it: virtual machines often don't. The thread itself notices nothing.
 */
import { closeSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { arch } from 'node:process';
import { libcCall, libcErrno } from './libc.ts';

export const HARDWARE_EVENTS = [
  'instructions',
  'cycles',
  'cacheMisses',
  'branchMisses',
  /** Nanoseconds on a processor: the kernel's own, there wherever counters are at all. */
  'taskClockNs',
] as const;
export type HardwareEvent = (typeof HARDWARE_EVENTS)[number];

/** A count since the counters were opened; words where there is none. */
export type HardwareCount = number | { readonly unavailable: string };
export type HardwareCounts = Readonly<Record<HardwareEvent, HardwareCount>>;

/** `type` and `config` of perf_event_attr. */
const EVENTS: Readonly<Record<HardwareEvent, readonly [number, bigint]>> = {
  cycles: [0, 0n],
  instructions: [0, 1n],
  cacheMisses: [0, 3n],
  branchMisses: [0, 5n],
  taskClockNs: [1, 1n],
};

const SYSCALL: Readonly<Record<string, number>> = { x64: 298, arm64: 241 };
/** The first published size of perf_event_attr: every kernel takes it. */
const ATTRIBUTE_BYTES = 64;
const Attribute = { TYPE: 0, SIZE: 4, CONFIG: 8, READ_FORMAT: 32, FLAGS: 40 } as const;
/** Counting may share a register in turns: with these times, a count can be made whole. */
const WITH_TIMES = 1n | 2n;
/** The thread's own work, which needs the least permission. */
const EXCLUDE_KERNEL = 1n << 5n;
const EXCLUDE_HYPERVISOR = 1n << 6n;
const ANY_CORE = -1;
const NO_GROUP = -1;
const CLOSE_ON_EXEC = 8n;
const READ_BYTES = 24;

export class HardwareCounters {
  readonly #files = new Map<HardwareEvent, number>();
  readonly #reasons = new Map<HardwareEvent, string>();
  readonly #buffer = Buffer.alloc(READ_BYTES);

  /** @param threadId the system's, of a thread that this process may look at */
  constructor(threadId: number) {
    for (const event of HARDWARE_EVENTS) {
      const opened = open(event, threadId);
      if (typeof opened === 'number') this.#files.set(event, opened);
      else this.#reasons.set(event, opened.unavailable);
    }
  }

  read(): HardwareCounts {
    const entries = HARDWARE_EVENTS.map((event) => [event, this.#read(event)] as const);
    return Object.fromEntries(entries) as Record<HardwareEvent, HardwareCount>;
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #read(event: HardwareEvent): HardwareCount {
    const file = this.#files.get(event);
    if (file === undefined) return { unavailable: this.#reasons.get(event) ?? 'closed' };
    readSync(file, this.#buffer, 0, READ_BYTES, null);
    const [count = 0, enabledNs = 0, runningNs = 0] = [0, 8, 16].map((at) =>
      Number(this.#buffer.readBigUInt64LE(at)),
    );
    if (runningNs === 0 || runningNs === enabledNs) return count;
    return Math.round((count * enabledNs) / runningNs);
  }
}

function open(event: HardwareEvent, threadId: number): number | { readonly unavailable: string } {
  const number = SYSCALL[arch];
  const call = libcCall(
    'long syscall(long number, const void* attribute, int pid, int cpu, int group, long flags)',
  );
  if (call === undefined || number === undefined) {
    return { unavailable: `no perf_event_open on ${process.platform}-${arch}` };
  }
  const [type, config] = EVENTS[event];
  const attribute = Buffer.alloc(ATTRIBUTE_BYTES);
  attribute.writeUInt32LE(type, Attribute.TYPE);
  attribute.writeUInt32LE(ATTRIBUTE_BYTES, Attribute.SIZE);
  attribute.writeBigUInt64LE(config, Attribute.CONFIG);
  attribute.writeBigUInt64LE(WITH_TIMES, Attribute.READ_FORMAT);
  attribute.writeBigUInt64LE(EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR, Attribute.FLAGS);
  const file = Number(call(number, attribute, threadId, ANY_CORE, NO_GROUP, CLOSE_ON_EXEC));
  return file >= 0 ? file : { unavailable: reasonOf(libcErrno()) };
}

function reasonOf(errno: number): string {
  const { ENOENT, EOPNOTSUPP, EACCES, EPERM, ENOSYS, ESRCH } = constants.errno;
  switch (errno) {
    case ENOENT:
    case EOPNOTSUPP:
      return 'this machine does not count it';
    case EACCES:
    case EPERM:
      return 'not permitted: see /proc/sys/kernel/perf_event_paranoid';
    case ENOSYS:
      return 'this kernel has no perf_event_open';
    case ESRCH:
      return 'there is no such thread';
    default:
      return `refused, errno ${errno}`;
  }
}
