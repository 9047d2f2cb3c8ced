/**
 * Files mapped into memory, so that processes of one host share it. Linux only.
 */
import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { libcErrno } from './libc.ts';
import { type Mapping, mapDescriptor } from './mapping.ts';

export interface MapOptions {
  /** A new file takes the place of whatever has this name; who has that mapped keeps the old. */
  readonly create: boolean;
  /** Permissions of a new file; 0600 by default. */
  readonly mode?: number;
  /** To look only: what stores to the buffer all the same ends the process. */
  readonly readOnly?: boolean;
}

/** The file's bytes, zeros in a new file. The file stays when it is closed. */
export type MappedFile = Mapping;

export interface KeptFile extends MappedFile {
  /** For other threads of the process; whoever made the file closes it. */
  readonly descriptor: number;
}

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
  const { descriptor, mapping } = openAndMap(path, bytes, options);
  closeSync(descriptor);
  return mapping;
}

/**
 * A new file whose descriptor stays open.
 * @throws as `mapFile`
 */
export function createKeptFile(path: string, bytes: number): KeptFile {
  const { descriptor, mapping } = openAndMap(path, bytes, { create: true });
  return { ...mapping, descriptor };
}

/**
 * What a descriptor of this process stands for, whatever has its name by now.
 * @throws MappedFileError
 */
export function mapKept(descriptor: number): MappedFile {
  return map(descriptor, `descriptor ${descriptor}`, 0, 'read-write');
}

function openAndMap(
  path: string,
  bytes: number,
  options: MapOptions,
): { descriptor: number; mapping: Mapping } {
  assert(Number.isSafeInteger(bytes) && bytes >= 0, `a file of ${bytes} bytes`);
  assert(bytes > 0 || !options.create, 'a new file has a size');
  assert(!options.create || options.readOnly !== true, 'who makes a file writes to it');
  const descriptor = open(path, options);
  try {
    // Written, not only made so long: where memory is short, a page that isn't there yet would end
    // the process when it is first touched.
    if (options.create) writeFileSync(descriptor, new Uint8Array(bytes));
    const access = options.readOnly === true ? 'read' : 'read-write';
    return { descriptor, mapping: map(descriptor, path, bytes, access) };
  } catch (error) {
    if (options.create) rmSync(path, { force: true });
    closeSync(descriptor);
    throw error;
  }
}

function map(
  descriptor: number,
  name: string,
  bytes: number,
  access: 'read' | 'read-write',
): Mapping {
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) throw new MappedFileError('NOT_A_FILE', `${name} is no file`);
  const { size } = stats;
  const length = bytes === 0 ? size : bytes;
  if (size < length || size === 0) {
    throw new MappedFileError('TOO_SHORT', `${name} has ${size} bytes, ${bytes} are asked for`);
  }
  const mapping = mapDescriptor(descriptor, length, access);
  if (mapping === 'UNSUPPORTED') {
    const where = `${process.platform}-${process.arch}`;
    throw new MappedFileError('UNSUPPORTED', `${name}: no mapped files on ${where}`);
  }
  if (mapping !== 'REFUSED') return mapping;
  throw new MappedFileError('REFUSED', `${name}: mmap, errno ${libcErrno()}`);
}

function open(path: string, { create, mode = OWNER_ONLY, readOnly }: MapOptions): number {
  const access = readOnly === true ? constants.O_RDONLY : constants.O_RDWR;
  // A pipe without a writer would be waited for.
  const flags = access | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  if (!create) return openSync(path, flags);
  rmSync(path, { force: true });
  return openSync(path, flags | constants.O_CREAT | constants.O_EXCL, mode);
}
