/**
 * Memory that several processes of one host map: anonymous shared memory (memfd), whose descriptor
 * one process hands to another. Linux only.
 *
 * Not a plain file under /dev/shm: whoever may write to a file may also shorten it, and the other
 * side dies of SIGBUS at its next look. This memory is sealed: its size never changes again. And it
 * goes away with the processes that have it, however they end.
 */
import assert from 'node:assert/strict';
import { closeSync, fchmodSync, fstatSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { libcErrno } from './libc.ts';
import { type Mapping, mapDescriptor } from './mapping.ts';
import { needCall, refused, SharedMemoryError, unsupported } from './shared-memory-error.ts';

export const PAGE_BYTES = 4_096;
const ZEROS = new Uint8Array(256 * PAGE_BYTES);
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** Never a program: some systems refuse memory that does not say so, older ones don't know it. */
const MFD_NOEXEC_SEAL = 8;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const SEAL_SEAL_SHRINK_GROW = 1 | 2 | 4;

/** Memory mapped into this process. */
export class MappedMemory {
  readonly #mapping: Mapping;
  #descriptor: number | undefined;

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
    const control = needCall('int fcntl(int fd, int command, int argument)');
    const descriptor = createDescriptor(name);
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
      if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
      const text = `no shared memory (${(error as NodeJS.ErrnoException).code})`;
      throw new SharedMemoryError('REFUSED', `${text}: is there enough of it?`, { cause: error });
    }
  }

  /**
   * The memory behind a descriptor that another process handed over. It closes the descriptor, also
   * when it fails.
   * @throws SharedMemoryError UNSUPPORTED, REFUSED, BAD_LAYOUT when it is not sealed memory of this
   *   size
   */
  static adopt(descriptor: number, sizeBytes: number): MappedMemory {
    try {
      const control = needCall('int fcntl(int fd, int command, int argument)');
      const stat = fstatSync(descriptor);
      const seals = Number(control(descriptor, F_GET_SEALS, 0));
      const isSealed = seals > 0 && (seals & SEAL_SEAL_SHRINK_GROW) === SEAL_SEAL_SHRINK_GROW;
      if (!stat.isFile() || stat.size !== sizeBytes || !isSealed) {
        throw new SharedMemoryError('BAD_LAYOUT', `no sealed memory of ${sizeBytes} bytes`);
      }
      const memory = new MappedMemory(descriptor, sizeBytes);
      memory.closeDescriptor();
      return memory;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** Detached by `close`. */
  get buffer(): ArrayBuffer {
    return this.#mapping.buffer;
  }

  /** To hand over, until it is closed; of new memory. */
  get descriptor(): number {
    assert(this.#descriptor !== undefined, 'the descriptor was closed');
    return this.#descriptor;
  }

  /** The memory stays. */
  closeDescriptor(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Once. */
  close(): void {
    this.#mapping.close();
    this.closeDescriptor();
  }
}

function createDescriptor(name: string): number {
  const create = needCall('int memfd_create(const char* name, unsigned int flags)');
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let descriptor = Number(create(name, flags | MFD_NOEXEC_SEAL));
  if (descriptor < 0 && libcErrno() === constants.errno.EINVAL) {
    descriptor = Number(create(name, flags));
  }
  if (descriptor < 0) throw refused('creating shared memory');
  return descriptor;
}
