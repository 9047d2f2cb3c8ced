/** The only file of this package that needs node: a proof store in a folder. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { type EpochSource, SourceError } from './epoch-source.ts';

const DEFAULT_FILE_BYTES_MAX = 64 * 1024 * 1024;
/** A single read takes less than 2 GiB. */
const READ_BYTES_MAX = 1024 * 1024 * 1024;
const GENESIS_FILE = 'genesis.fbg';

export interface StoreFolderOptions {
  /** Larger files are refused before they are read; default 64 MiB. */
  readonly fileBytesMax?: number;
}

/**
 * The chain of `market` in the store at `dir`: <dir>/<market>/genesis.fbg, keys/<digest>.vk,
 * epochs/<epoch>.fbe and .fbr. Names beginning with a dot are not of the store.
 */
export function openStoreFolder(
  dir: string,
  market: string,
  options: StoreFolderOptions = {},
): EpochSource {
  const limit = options.fileBytesMax ?? DEFAULT_FILE_BYTES_MAX;
  const root = path.join(dir, market);
  const read = (...names: string[]) => readLimited(path.join(root, ...names), limit);
  return {
    market,
    genesis: () => read(GENESIS_FILE),
    verifyingKey: (digest) => read('keys', `${digest}.vk`),
    epochNames: () => listNames(path.join(root, 'epochs')),
    epochFile: (name) => read('epochs', name),
  };
}

/** Names of the markets that have a chain in the store at `dir`, in order. */
export async function listMarkets(dir: string): Promise<string[]> {
  const markets: string[] = [];
  for (const name of await listNames(dir)) {
    const names = await listNames(path.join(dir, name));
    if (names.includes(GENESIS_FILE)) markets.push(name);
  }
  return markets.sort();
}

/** Nothing for a folder that is not there, or is no folder. */
async function listNames(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw new SourceError('STORE_READ', `${dir} cannot be listed: ${text(error)}`);
  }
}

async function readLimited(file: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    // A pipe would keep a blocking open waiting for its writer, for ever.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) throw new SourceError('STORE_READ', `${file} is not a regular file`);
    const bytes = stat.size > limit ? undefined : await readAtMost(handle, stat.size, limit);
    if (bytes !== undefined) return bytes;
    const message = `${file} has more than ${limit} bytes, the limit for a file`;
    throw new SourceError('STORE_FILE_SIZE', message);
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (error instanceof SourceError) throw error;
    throw new SourceError('STORE_READ', `${file} cannot be read: ${text(error)}`);
  }
}

/** Everything up to the end, which may have moved since; undefined beyond `limit` bytes. */
async function readAtMost(
  handle: FileHandle,
  size: number,
  limit: number,
): Promise<Uint8Array | undefined> {
  // One byte more than there should be: what is read into it says that there is more.
  let bytes = new Uint8Array(Math.min(size, limit) + 1);
  let length = 0;
  for (;;) {
    const room = Math.min(bytes.length - length, READ_BYTES_MAX);
    const { bytesRead } = await handle.read(bytes, length, room, length);
    length += bytesRead;
    if (length > limit) return undefined;
    if (bytesRead === 0) return bytes.subarray(0, length);
    if (length < bytes.length) continue;
    const grown = new Uint8Array(Math.min(2 * length, limit) + 1);
    grown.set(bytes);
    bytes = grown;
  }
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
