/**
 * Files mapped into memory, so that processes of one host share it. Linux only. The buffer is an
 * ArrayBuffer, not a SharedArrayBuffer: `Atomics` works on it, but for `wait` and `notify`, and
 * each thread maps the file for itself.
 */
import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { libcCall, libcErrno, libcView } from './libc.ts';

export interface MapOptions {
  /** A new file takes the place of whatever has this name; who has that mapped keeps the old. */
  readonly create: boolean;
  /** Permissions of a new file; 0600 by default. */
  readonly mode?: number;
  /** To look only: what stores to the buffer all the same ends the process. */
  readonly readOnly?: boolean;
}

export interface MappedFile {
  /** The file's bytes, all of them present in memory; zeros in a new file. */
  readonly buffer: ArrayBuffer;
  /** Detaches the buffer and gives the memory back. The file stays. */
  close(): void;
}

const READ = 1;
const READ_WRITE = READ | 2;
const MAP_SHARED = 0x01;
/** Every page is there before the first use: no fault on a hot path. */
const MAP_POPULATE = 0x8000;
const OWNER_ONLY = 0o600;

export class MappedFileError extends Error {
  override readonly name = 'MappedFileError';
  /**
   * `UNSUPPORTED`: not Linux. `NOT_A_FILE`: a folder, a pipe, a device. `TOO_SHORT`: the file has
   * fewer bytes than were asked for, or none.
   */
  readonly code: 'UNSUPPORTED' | 'NOT_A_FILE' | 'TOO_SHORT' | 'REFUSED';

  constructor(code: MappedFileError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * @param bytes how much to map; 0 for all that an existing file has
 * @throws MappedFileError, or what the system says of the file (ENOENT, EACCES, ENOSPC, ...)
 */
export function mapFile(path: string, bytes: number, options: MapOptions): MappedFile {
  assert(Number.isSafeInteger(bytes) && bytes >= 0, `a file of ${bytes} bytes`);
  assert(bytes > 0 || !options.create, 'a new file has a size');
  assert(!options.create || options.readOnly !== true, 'who makes a file writes to it');
  const map = libcCall(
    'int64_t mmap(void* at, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  );
  const unmap = libcCall('int munmap(int64_t at, size_t bytes)');
  if (map === undefined || unmap === undefined) {
    const where = `${process.platform}-${process.arch}`;
    throw new MappedFileError('UNSUPPORTED', `${path}: no mapped files on ${where}`);
  }
  const fd = open(path, options);
  try {
    // Written, not only made so long: where memory is short, a page that isn't there yet would end
    // the process when it is first touched.
    if (options.create) writeFileSync(fd, new Uint8Array(bytes));
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new MappedFileError('NOT_A_FILE', `${path} is no file`);
    const { size } = stats;
    const length = bytes === 0 ? size : bytes;
    if (size < length || size === 0) {
      throw new MappedFileError('TOO_SHORT', `${path} has ${size} bytes, ${bytes} are asked for`);
    }
    const access = options.readOnly === true ? READ : READ_WRITE;
    const at = Number(map(null, length, access, MAP_SHARED | MAP_POPULATE, fd, 0));
    if (at === -1) throw new MappedFileError('REFUSED', `${path}: mmap, errno ${libcErrno()}`);
    const buffer = libcView(at, length);
    return { buffer, close: () => close(buffer, () => unmap(at, length)) };
  } catch (error) {
    if (options.create) rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function open(path: string, { create, mode = OWNER_ONLY, readOnly }: MapOptions): number {
  const access = readOnly === true ? constants.O_RDONLY : constants.O_RDWR;
  // A pipe without a writer would be waited for.
  const flags = access | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  if (!create) return openSync(path, flags);
  rmSync(path, { force: true });
  return openSync(path, flags | constants.O_CREAT | constants.O_EXCL, mode);
}

/** In this order: a view of memory that is gone would end the process. */
function close(buffer: ArrayBuffer, unmap: () => void): void {
  if (buffer.detached) return;
  buffer.transfer(0);
  unmap();
}
