/**
 * Files mapped into memory, so that processes of one host share it. Linux only. The buffer is an
 * ArrayBuffer, not a SharedArrayBuffer: `Atomics` works on it, but for `wait` and `notify`, and
 * each thread maps the file for itself.
 */
import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, rmSync } from 'node:fs';
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
  /** `UNSUPPORTED`: not Linux. `TOO_SHORT`: the file has fewer bytes than were asked for. */
  readonly code: 'UNSUPPORTED' | 'TOO_SHORT' | 'REFUSED';

  constructor(code: MappedFileError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * @param bytes how much to map; 0 for all that an existing file has
 * @throws MappedFileError, or what `openSync` throws (ENOENT, EACCES, ...)
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
    if (options.create) ftruncateSync(fd, bytes);
    const { size } = fstatSync(fd);
    const length = bytes === 0 ? size : bytes;
    if (size < length || size === 0) {
      throw new MappedFileError('TOO_SHORT', `${path} has ${size} bytes, ${bytes} are asked for`);
    }
    const access = options.readOnly === true ? READ : READ_WRITE;
    const at = Number(map(null, length, access, MAP_SHARED | MAP_POPULATE, fd, 0));
    if (at === -1) throw new MappedFileError('REFUSED', `${path}: mmap, errno ${libcErrno()}`);
    const buffer = libcView(at, length);
    return { buffer, close: () => close(buffer, () => unmap(at, length)) };
  } finally {
    closeSync(fd);
  }
}

function open(path: string, { create, mode = OWNER_ONLY, readOnly }: MapOptions): number {
  const access = readOnly === true ? constants.O_RDONLY : constants.O_RDWR;
  const flags = access | constants.O_NOFOLLOW;
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
