/**
 * A file that somebody is still writing, as chunks of whole lines; a node's hours
 * (`.../20260430/20`, then `.../20260430/21`, then `.../20260501/0`) one after the other. A line
 * that is not whole yet stays here until it is.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FileChanges } from './file-changes.ts';

const LINE_BREAK = 0x0a;
const FIRST_BUFFER_BYTES = 1 << 18;
const DEFAULT_MAX_LINE_BYTES = 1 << 24;
const DATE = /^\d{8}$/;
const HOUR = /^\d{1,2}$/;

export interface FollowOptions {
  readonly path: string;
  /** Ends it, between lines. */
  readonly signal: AbortSignal;
  /** A line is handed over in parts once it is longer than this. Default 16 MiB. */
  readonly maxLineBytes?: number | undefined;
  /** Whether the system is asked to tell of changes; else they are looked for. Default true. */
  readonly isWatching?: boolean | undefined;
}

/** A file that one cannot go on following. */
export class FollowError extends Error {
  override readonly name = 'FollowError';
  readonly code = 'FILE_SHRANK';

  constructor(path: string, readBytes: number, sizeBytes: number) {
    super(`FILE_SHRANK: ${path} has ${sizeBytes} bytes, of which ${readBytes} were read`);
  }
}

/**
 * A chunk is only valid until the next one is asked for.
 *
 * @throws FollowError where a file became shorter; what the system says of a file (ENOENT, ...)
 */
export async function* followFile(options: FollowOptions): AsyncGenerator<Uint8Array> {
  const { signal, isWatching = true } = options;
  const lines = new LineBuffer(options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES);
  const changes = new FileChanges(isWatching);
  let file = await GrowingFile.open(options.path);
  try {
    changes.watch(file.path);
    while (!signal.aborted) {
      if (await file.readInto(lines)) {
        yield* lines.take();
        continue;
      }
      const next = await hourBehind(file.path);
      if (next === undefined) {
        await changes.next(signal);
        continue;
      }
      // What was written before the next hour's file was there.
      while (await file.readInto(lines)) yield* lines.take();
      yield* lines.takeRest();
      await file.close();
      file = await GrowingFile.open(next);
      changes.watch(next);
    }
  } finally {
    changes.close();
    await file.close();
  }
}

class GrowingFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #readBytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  static async open(path: string): Promise<GrowingFile> {
    return new GrowingFile(path, await open(path, 'r'));
  }

  /** @returns whether there was something */
  async readInto(lines: LineBuffer): Promise<boolean> {
    const { bytesRead } = await this.#handle.read({ ...lines.room(), position: this.#readBytes });
    if (bytesRead === 0) {
      const { size } = await this.#handle.stat();
      if (size < this.#readBytes) throw new FollowError(this.path, this.#readBytes, size);
    }
    this.#readBytes += bytesRead;
    lines.filled(bytesRead);
    return bytesRead > 0;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Bytes read, up to the last line break and behind it. */
class LineBuffer {
  readonly #maxLineBytes: number;
  #bytes = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
  #length = 0;
  /** Up to here there is no line break. */
  #searched = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Where to read to. */
  room(): { buffer: Buffer; offset: number; length: number } {
    return {
      buffer: this.#bytes,
      offset: this.#length,
      length: this.#bytes.length - this.#length,
    };
  }

  filled(bytes: number): void {
    this.#length += bytes;
  }

  /** Whole lines, if there are any; what is left has room behind it afterwards. */
  *take(): Generator<Uint8Array> {
    const added = this.#bytes.subarray(this.#searched, this.#length);
    const found = added.lastIndexOf(LINE_BREAK);
    if (found >= 0) {
      const whole = this.#searched + found + 1;
      yield this.#bytes.subarray(0, whole);
      this.#bytes.copyWithin(0, whole, this.#length);
      this.#length -= whole;
    } else if (this.#length >= this.#maxLineBytes) {
      yield this.#bytes.subarray(0, this.#length);
      this.#length = 0;
    } else if (this.#length === this.#bytes.length) {
      const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#searched = this.#length;
  }

  /** No more comes: the last line gets a break, so that the next file begins with its own. */
  *takeRest(): Generator<Uint8Array> {
    if (this.#length === 0) return;
    yield Buffer.concat([this.#bytes.subarray(0, this.#length), Uint8Array.of(LINE_BREAK)]);
    this.#length = 0;
    this.#searched = 0;
  }
}

/** The file of the earliest hour behind this one's; hours in which a node did not run have none. */
async function hourBehind(path: string): Promise<string | undefined> {
  const [hour, day] = [basename(path), basename(dirname(path))];
  if (!HOUR.test(hour) || !DATE.test(day)) return undefined;
  const folder = dirname(dirname(path));
  const days = (await readdir(folder)).filter((name) => DATE.test(name) && name >= day).sort();
  for (const name of days) {
    const hours = (await readdir(join(folder, name))).filter((one) => HOUR.test(one)).map(Number);
    const later = hours.filter((one) => name > day || one > Number(hour));
    if (later.length > 0) return join(folder, name, String(Math.min(...later)));
  }
  return undefined;
}
