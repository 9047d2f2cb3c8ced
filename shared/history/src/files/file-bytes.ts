/** A file's bytes in chunks: mapped into memory, or read where that cannot be. */
import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { type MappedFile, mapFile } from '@foldbook/runtime';
import { InputError } from './input-error.ts';

export interface FileBytesOptions {
  /** Default true. Not for files that may be shortened: the process would end. */
  readonly mapping?: boolean | undefined;
  /** Larger files are read: a mapping brings all pages in at once. Default 1 GiB. */
  readonly mostMappedBytes?: number | undefined;
  /** Default 1 MiB. */
  readonly chunkBytes?: number | undefined;
}

export interface FileBytes {
  readonly sizeBytes: number;
  readonly isMapped: boolean;
  /** A chunk is only valid until the next, or until the file is closed. */
  chunks(from: number, to: number): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

const CHUNK_BYTES = 1 << 20;
const MOST_MAPPED_BYTES = 2 ** 30;

/** @throws InputError NOT_A_FILE, or what the system says of the file (ENOENT, EACCES, ...) */
export async function openFileBytes(
  path: string,
  options: FileBytesOptions = {},
): Promise<FileBytes> {
  const { mapping = true, mostMappedBytes = MOST_MAPPED_BYTES } = options;
  const { chunkBytes = CHUNK_BYTES } = options;
  // A pipe that nobody writes to would be waited for.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await handle.stat();
  const { size } = stats;
  if (!stats.isFile()) {
    await handle.close();
    throw new InputError('NOT_A_FILE', `${path} is no file`);
  }
  const mapped = mapping && size <= mostMappedBytes ? await tryMap(path) : undefined;
  if (mapped === undefined) return new ReadBytes(handle, size, chunkBytes);
  await handle.close();
  return new MappedBytes(mapped, chunkBytes);
}

/** Undefined where it cannot be mapped, whatever the reason: then it is read. */
async function tryMap(path: string): Promise<MappedFile | undefined> {
  try {
    // Links are not followed by what maps.
    return mapFile(await realpath(path), 0, { create: false, readOnly: true });
  } catch {
    return undefined;
  }
}

class MappedBytes implements FileBytes {
  readonly isMapped = true;
  readonly sizeBytes: number;
  readonly #mapped: MappedFile;
  readonly #chunkBytes: number;

  constructor(mapped: MappedFile, chunkBytes: number) {
    this.#mapped = mapped;
    this.#chunkBytes = chunkBytes;
    this.sizeBytes = mapped.buffer.byteLength;
  }

  async *chunks(from: number, to: number): AsyncGenerator<Uint8Array> {
    const end = Math.min(to, this.sizeBytes);
    for (let at = from; at < end; at += this.#chunkBytes) {
      yield new Uint8Array(this.#mapped.buffer, at, Math.min(this.#chunkBytes, end - at));
    }
  }

  async close(): Promise<void> {
    this.#mapped.close();
  }
}

class ReadBytes implements FileBytes {
  readonly isMapped = false;
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  readonly #chunkBytes: number;

  constructor(handle: FileHandle, sizeBytes: number, chunkBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
    this.#chunkBytes = chunkBytes;
  }

  async *chunks(from: number, to: number): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(this.#chunkBytes);
    for (let at = from; at < to; ) {
      const length = Math.min(chunk.length, to - at);
      const { bytesRead } = await this.#handle.read(chunk, 0, length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
