/**
 * Memory that several processes of one host map: anonymous shared memory (memfd), which others open
 * through /proc while they may (same user, same process namespace). Linux only.
 *
 * Not a plain file under /dev/shm: whoever may write to a file may also shorten it, and the other
 * side dies of SIGBUS at its next look. This memory is sealed: its size never changes again. And it
 * goes away with the processes that have it, however they end.
 */
import assert from 'node:assert/strict';
import { closeSync, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { platform } from 'node:process';
import { libcCall, libcErrno } from './libc.ts';
import { type Mapping, mapDescriptor } from './mapping.ts';

export type SharedMemoryErrorCode =
  /** Not Linux, or no native module for this kind of machine. */
  | 'UNSUPPORTED'
  /** No process offers the memory, or not any more. */
  | 'NO_OWNER'
  /** It is made for another version. */
  | 'BAD_LAYOUT'
  /** The system refused: permissions, memory. */
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

export const PAGE_BYTES = 4_096;
const ZEROS = new Uint8Array(256 * PAGE_BYTES);
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** No process, none of its descriptors, or one of a socket or folder: no memory. */
const { ENOENT, ESRCH, ENXIO, EISDIR } = constants.errno;
const GONE: ReadonlySet<number> = new Set([ENOENT, ESRCH, ENXIO, EISDIR]);
const F_ADD_SEALS = 1033;
const SEAL_SEAL_SHRINK_GROW = 1 | 2 | 4;

/** Memory mapped into this process. */
export class MappedMemory {
  readonly #mapping: Mapping;
  readonly #descriptor: number;

  private constructor(descriptor: number, sizeBytes: number) {
    const mapping = mapDescriptor(descriptor, sizeBytes, 'read-write');
    if (mapping === 'UNSUPPORTED') throw unsupported();
    if (mapping === 'REFUSED') throw refused(`mapping ${sizeBytes} bytes`);
    this.#mapping = mapping;
    this.#descriptor = descriptor;
  }

  /**
   * New memory, all zero, every page of it there.
   * @param sizeBytes whole pages
   * @throws SharedMemoryError UNSUPPORTED, REFUSED
   */
  static create(name: string, sizeBytes: number): MappedMemory {
    assert(sizeBytes > 0 && sizeBytes % PAGE_BYTES === 0, 'memory comes in pages');
    const create = need('int memfd_create(const char* name, unsigned int flags)');
    const control = need('int fcntl(int fd, int command, int argument)');
    const descriptor = Number(create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (descriptor < 0) throw refused('creating shared memory');
    try {
      // Written, not only sized: memory that isn't there is an error here and not a signal later.
      for (let at = 0; at < sizeBytes; ) {
        at += writeSync(descriptor, ZEROS, 0, Math.min(ZEROS.byteLength, sizeBytes - at), at);
      }
      fchmodSync(descriptor, 0o600);
      if (control(descriptor, F_ADD_SEALS, SEAL_SEAL_SHRINK_GROW) !== 0) throw refused('sealing');
      return new MappedMemory(descriptor, sizeBytes);
    } catch (error) {
      closeSync(descriptor);
      throw asSharedMemoryError(error);
    }
  }

  /**
   * The memory that another process has under this number.
   * @throws SharedMemoryError UNSUPPORTED, REFUSED, NO_OWNER, which it also is when the number
   *   means something else by now
   */
  static open(pid: number, number: number, sizeBytes: number): MappedMemory {
    checkSupport();
    let descriptor: number;
    try {
      descriptor = openSync(`/proc/${pid}/fd/${number}`, 'r+');
    } catch (error) {
      throw asSharedMemoryError(error, pid);
    }
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile() || stat.size !== sizeBytes) {
        throw takenBack(pid);
      }
      return new MappedMemory(descriptor, sizeBytes);
    } catch (error) {
      closeSync(descriptor);
      throw asSharedMemoryError(error, pid);
    }
  }

  /** Detached by `close`. */
  get buffer(): ArrayBuffer {
    return this.#mapping.buffer;
  }

  /** Under which others open it, while it is open here. */
  get descriptor(): number {
    return this.#descriptor;
  }

  /** Once. */
  close(): void {
    this.#mapping.close();
    closeSync(this.#descriptor);
  }
}

/** @throws SharedMemoryError UNSUPPORTED */
export function checkSupport(): void {
  need('int memfd_create(const char* name, unsigned int flags)');
}

const calls = new Map<string, NonNullable<ReturnType<typeof libcCall>>>();

function need(definition: string): NonNullable<ReturnType<typeof libcCall>> {
  const call = calls.get(definition) ?? libcCall(definition);
  if (call === undefined) throw unsupported();
  calls.set(definition, call);
  return call;
}

function unsupported(): SharedMemoryError {
  const text = `shared memory between processes needs Linux; this is ${platform}-${process.arch}`;
  return new SharedMemoryError('UNSUPPORTED', `${text}: connect over NATS instead`);
}

function refused(what: string): SharedMemoryError {
  return new SharedMemoryError('REFUSED', `the system refused (errno ${libcErrno()}): ${what}`);
}

function takenBack(pid: number, options?: ErrorOptions): SharedMemoryError {
  const text = `process ${pid} has ended, or taken its shared memory back`;
  return new SharedMemoryError('NO_OWNER', text, options);
}

function asSharedMemoryError(error: unknown, pid?: number): unknown {
  const { errno, code } = error as NodeJS.ErrnoException;
  if (errno === undefined) return error;
  const options = { cause: error };
  if (pid === undefined) {
    const text = `no shared memory (${code}): is there enough of it?`;
    return new SharedMemoryError('REFUSED', text, options);
  }
  if (GONE.has(-errno)) return takenBack(pid, options);
  const text =
    `process ${pid} does not share its memory with this one (${code}): ` +
    'both must run as one user, in one process namespace';
  return new SharedMemoryError('REFUSED', text, options);
}
