/** What goes wrong with memory that processes share, and calls that it can't do without. */
import { arch, platform } from 'node:process';
import { libcCall, libcErrno } from './libc.ts';

export type SharedMemoryErrorCode =
  /** Not Linux, or no native module for this kind of machine. */
  | 'UNSUPPORTED'
  /** No process offers the memory, or not any more. */
  | 'NO_OWNER'
  /** It is made for another version. */
  | 'BAD_LAYOUT'
  /** The system refused, or the other side: permissions, memory. */
  | 'REFUSED'
  /** Another living process has it. */
  | 'IN_USE';

export class SharedMemoryError extends Error {
  override readonly name = 'SharedMemoryError';
  readonly code: SharedMemoryErrorCode;

  constructor(code: SharedMemoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The kinds of machine on which the C structures lie as they are written here. */
const MACHINES: ReadonlySet<string> = new Set(['x64', 'arm64']);

/** @throws SharedMemoryError UNSUPPORTED */
export function checkSupport(): void {
  needCall('int memfd_create(const char* name, unsigned int flags)');
}

/**
 * A function of libc.
 * @throws SharedMemoryError UNSUPPORTED
 */
export function needCall(definition: string): NonNullable<ReturnType<typeof libcCall>> {
  const call = MACHINES.has(arch) ? libcCall(definition) : undefined;
  if (call === undefined) throw unsupported();
  return call;
}

export function unsupported(): SharedMemoryError {
  const text = `shared memory between processes needs Linux; this is ${platform}-${arch}`;
  return new SharedMemoryError('UNSUPPORTED', `${text}: connect over NATS instead`);
}

/** The last call of libc failed. */
export function refused(what: string): SharedMemoryError {
  return new SharedMemoryError('REFUSED', `the system refused (errno ${libcErrno()}): ${what}`);
}
