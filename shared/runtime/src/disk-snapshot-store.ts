/**
 * Snapshots in a folder, each a file that is synced before it gets its name:
 *
 *   +--------+---------+---------+----------+--------------+---------------------+
 *   | u32    | u32     | content | u64      | u32          | 32 bytes            |
 *   | magic  | version |         | its size | magic of end | SHA-256 of content  |
 *   +--------+---------+---------+----------+--------------+---------------------+
 *
 * Little-endian. The end is written last, so that a torn file has none.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncFolder } from './durable-folder.ts';
import { byName } from './memory-snapshot-store.ts';
import { isAlive, ownIdentity } from './process-identity.ts';
import {
  checkSnapshotName,
  damagedSnapshot,
  noSnapshot,
  type SnapshotDraft,
  SnapshotError,
  type SnapshotInfo,
  type SnapshotStore,
} from './snapshot-store.ts';

const MAGIC = 0x4e_53_42_46;
const VERSION = 1;
const HEADER_BYTES = 8;
const END_MAGIC = 0x4c_53_42_46;
const END_BYTES = 44;
const DIGEST_AT = 12;
const SUFFIX = '.snapshot';
const CHUNK_BYTES = 256 * 1024;

export class DiskSnapshotStore implements SnapshotStore {
  readonly description: string;
  readonly #dir: string;
  #drafts = 0;

  private constructor(dir: string) {
    this.#dir = dir;
    this.description = `the folder ${dir}`;
  }

  /**
   * Makes the folder if there is none, and removes what processes that are gone left half written.
   * Rejects with SnapshotError IO_FAILED.
   */
  static async open(dir: string): Promise<DiskSnapshotStore> {
    return failing(`opening ${dir}`, async () => {
      await makeFolder(dir);
      for (const name of await readdir(dir)) {
        const writer = /\.snapshot\.(\d+)-(\d*)-\d+\.tmp$/.exec(name);
        if (writer === null) continue;
        const [, pid, started = ''] = writer;
        if (!isAlive({ pid: Number(pid), started })) await rm(join(dir, name), { force: true });
      }
      return new DiskSnapshotStore(dir);
    });
  }

  async draft(name: string): Promise<SnapshotDraft> {
    checkSnapshotName(name);
    this.#drafts += 1;
    const { pid, started } = ownIdentity();
    const path = join(this.#dir, `${name}${SUFFIX}`);
    const draft = `${path}.${pid}-${started}-${this.#drafts}.tmp`;
    const file = await failing(`writing ${draft}`, () => open(draft, 'wx', 0o600));
    return new DiskDraft(name, { path, draft, dir: this.#dir }, file);
  }

  async list(prefix: string): Promise<SnapshotInfo[]> {
    const names = await failing(`reading ${this.#dir}`, () => readdir(this.#dir));
    const infos: SnapshotInfo[] = [];
    for (const fileName of names) {
      if (!fileName.endsWith(SUFFIX) || !fileName.startsWith(prefix)) continue;
      const name = fileName.slice(0, -SUFFIX.length);
      const info = await this.#info(name);
      if (info !== undefined) infos.push(info);
    }
    return infos.sort(byName);
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    const file = await this.#open(name);
    if (file === undefined) throw noSnapshot(name, this.description);
    try {
      const end = await endOf(file);
      if (typeof end === 'string') throw damagedSnapshot(name, this.description, end);
      const digest = createHash('sha256');
      for (let at = 0; at < end.sizeBytes; ) {
        const wanted = Math.min(CHUNK_BYTES, end.sizeBytes - at);
        const chunk = new Uint8Array(wanted);
        const { bytesRead } = await file.read(chunk, 0, wanted, HEADER_BYTES + at);
        if (bytesRead === 0) throw damagedSnapshot(name, this.description, 'it became shorter');
        digest.update(chunk.subarray(0, bytesRead));
        at += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
      if (digest.digest('hex') === end.sha256) return;
      throw damagedSnapshot(name, this.description, 'its content is not what was sealed');
    } catch (error) {
      throw asSnapshotError(`reading ${name} of ${this.#dir}`, error);
    } finally {
      await file.close();
    }
  }

  async remove(name: string): Promise<void> {
    checkSnapshotName(name);
    await failing(`removing ${name} of ${this.#dir}`, async () => {
      await rm(join(this.#dir, `${name}${SUFFIX}`), { force: true });
      await syncFolder(this.#dir);
    });
  }

  async #info(name: string): Promise<SnapshotInfo | undefined> {
    const file = await this.#open(name);
    // Removed since the folder was read.
    if (file === undefined) return undefined;
    try {
      const end = await failing(`reading ${name} of ${this.#dir}`, () => endOf(file));
      if (typeof end === 'string') return { name, sizeBytes: 0, sha256: '', isWhole: false };
      return { name, ...end, isWhole: true };
    } finally {
      await file.close();
    }
  }

  async #open(name: string): Promise<FileHandle | undefined> {
    checkSnapshotName(name);
    try {
      return await open(join(this.#dir, `${name}${SUFFIX}`), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw asSnapshotError(`opening ${name} of ${this.#dir}`, error);
    }
  }
}

class DiskDraft implements SnapshotDraft {
  readonly #name: string;
  readonly #paths: { readonly path: string; readonly draft: string; readonly dir: string };
  readonly #file: FileHandle;
  readonly #digest = createHash('sha256');
  #sizeBytes = 0;
  #isOpen = true;

  constructor(
    name: string,
    paths: { readonly path: string; readonly draft: string; readonly dir: string },
    file: FileHandle,
  ) {
    this.#name = name;
    this.#paths = paths;
    this.#file = file;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await failing(`writing ${this.#paths.draft}`, async () => {
      this.#digest.update(chunk);
      await writeWhole(this.#file, chunk, HEADER_BYTES + this.#sizeBytes);
      this.#sizeBytes += chunk.byteLength;
    });
  }

  async finish(): Promise<SnapshotInfo> {
    const { path, draft, dir } = this.#paths;
    return failing(`finishing ${draft}`, async () => {
      const digest = this.#digest.digest();
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt32LE(MAGIC, 0);
      header.writeUInt32LE(VERSION, 4);
      await writeWhole(this.#file, header, 0);
      const end = Buffer.alloc(END_BYTES);
      end.writeBigUInt64LE(BigInt(this.#sizeBytes), 0);
      end.writeUInt32LE(END_MAGIC, 8);
      end.set(digest, DIGEST_AT);
      await writeWhole(this.#file, end, HEADER_BYTES + this.#sizeBytes);
      await this.#file.sync();
      await this.#close();
      await rename(draft, path);
      await syncFolder(dir);
      const sha256 = digest.toString('hex');
      return { name: this.#name, sizeBytes: this.#sizeBytes, sha256, isWhole: true };
    });
  }

  async abort(): Promise<void> {
    await this.#close().catch(() => undefined);
    // What can't be removed now goes when the folder is opened the next time.
    await rm(this.#paths.draft, { force: true }).catch(() => undefined);
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}

/** The content's size and seal, or what is wrong with the file. */
async function endOf(file: FileHandle): Promise<{ sizeBytes: number; sha256: string } | string> {
  const { size } = await file.stat();
  const sizeBytes = size - HEADER_BYTES - END_BYTES;
  if (sizeBytes < 0) return `it has ${size} bytes`;
  const header = Buffer.alloc(HEADER_BYTES);
  await file.read(header, 0, HEADER_BYTES, 0);
  if (header.readUInt32LE(0) !== MAGIC) return 'it is no snapshot';
  const version = header.readUInt32LE(4);
  if (version !== VERSION) return `version ${version} where ${VERSION} is known`;
  const end = Buffer.alloc(END_BYTES);
  await file.read(end, 0, END_BYTES, size - END_BYTES);
  if (end.readUInt32LE(8) !== END_MAGIC) return 'it has no end';
  const sealed = end.readBigUInt64LE(0);
  if (sealed !== BigInt(sizeBytes)) return `it has ${sizeBytes} bytes where ${sealed} were sealed`;
  return { sizeBytes, sha256: end.toString('hex', DIGEST_AT) };
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    const left = bytes.byteLength - written;
    const { bytesWritten } = await file.write(bytes, written, left, position + written);
    written += bytesWritten;
  }
}

async function failing<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw asSnapshotError(what, error);
  }
}

function asSnapshotError(what: string, error: unknown): unknown {
  if (error instanceof SnapshotError || !(error instanceof Error)) return error;
  const text = `${what} failed: ${error.message}; see to the disk`;
  return new SnapshotError('IO_FAILED', text, { cause: error });
}
