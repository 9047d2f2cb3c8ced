/** The only file of this package that needs node: a proof store in a folder. */
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { type EpochSource, SourceError } from './epoch-source.ts';

const DEFAULT_FILE_BYTES_MAX = 64 * 1024 * 1024;
const GENESIS_FILE = 'genesis.fbg';

export interface StoreFolderOptions {
  /** Larger files are refused before they are read; default 64 MiB. */
  readonly fileBytesMax?: number;
}

/**
 * The chain of `market` in the store at `dir`: <dir>/<market>/genesis.fbg, keys/<digest>.vk,
 * epochs/<8 digits>.fbe and .fbr. Names beginning with a dot are not of the store.
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
    await using handle = await open(file, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw new SourceError('STORE_READ', `${file} is not a regular file`);
    if (stat.size > limit) {
      const message = `${file} has ${stat.size} bytes, the limit is ${limit}`;
      throw new SourceError('STORE_FILE_SIZE', message);
    }
    return new Uint8Array(await handle.readFile());
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (error instanceof SourceError) throw error;
    throw new SourceError('STORE_READ', `${file} cannot be read: ${text(error)}`);
  }
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
