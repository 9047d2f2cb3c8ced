/** The only file of this package that needs node: a proof store in a folder. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { assert } from './assert.ts';
import { CHAIN_KINDS, type ChainKind } from './chain-follower.ts';
import { type EpochSource, SourceError } from './epoch-source.ts';
import { KEY_CHANGES_FILE } from './key-changes.ts';

const DEFAULT_FILE_BYTES_MAX = 64 * 1024 * 1024;
/** How a zstd frame begins (RFC 8878, 3.1.1), read as a little-endian u32. */
const ZSTD_MAGIC = 0xfd2fb528;
/** A single read takes less than 2 GiB. */
const READ_BYTES_MAX = 1024 * 1024 * 1024;
export const GENESIS_FILE = 'genesis.fbg';
/** Of a market's folder: its STARK chain. The records are those of the market, beside it. */
const STARK_FOLDER = 'stark';

export interface StoreFolderOptions {
  /** Which of the market's chains; default: poseidon. */
  readonly chain?: ChainKind;
  /** Larger files are refused before they are read, or decompressed; default 64 MiB. */
  readonly fileBytesMax?: number;
  /** Told of each file that is read, and how many bytes it has as it is stored. */
  readonly onRead?: (sizeBytes: number) => void;
}

/**
 * The chain of `market` in the store at `dir`: <dir>/<market>/genesis.fbg, operator-keys.fbk,
 * keys/<digest>.vk and .shape, epochs/<epoch>.fbe, .fbr and .fbd. The STARK chain has a genesis,
 * operator keys and epochs/<epoch>.fbe in <dir>/<market>/stark/, and the same .fbr and .fbd. Names
 * beginning with a dot are not of the store. What is a zstd frame is given without it.
 */
export function openStoreFolder(
  dir: string,
  market: string,
  options: StoreFolderOptions = {},
): EpochSource {
  const limit = options.fileBytesMax ?? DEFAULT_FILE_BYTES_MAX;
  const ofMarket = path.join(dir, market);
  const isStark = options.chain === 'stark';
  const root = chainFolder(dir, market, options.chain);
  const read = async (file: string) => {
    const bytes = await readLimited(file, limit);
    if (bytes === undefined) return undefined;
    options.onRead?.(bytes.length);
    return decompressed(file, bytes, limit);
  };
  return {
    market,
    genesis: () => read(path.join(root, GENESIS_FILE)),
    keyChanges: () => read(path.join(root, KEY_CHANGES_FILE)),
    verifyingKey: (digest) => read(path.join(root, 'keys', `${digest}.vk`)),
    foldShape: (digest) => read(path.join(root, 'keys', `${digest}.shape`)),
    epochNames: () => (isStark ? starkNames(ofMarket) : listNames(path.join(root, 'epochs'))),
    epochFile: (name) => {
      const folder = isEpochFile(name) ? root : ofMarket;
      return read(path.join(folder, 'epochs', name));
    },
  };
}

/** Where a chain's own files are: genesis, operator's keys, epoch files, and its prover's lock. */
export function chainFolder(dir: string, market: string, chain: ChainKind = 'poseidon'): string {
  const ofMarket = path.join(dir, market);
  return chain === 'stark' ? path.join(ofMarket, STARK_FOLDER) : ofMarket;
}

const isEpochFile = (name: string): boolean => name.endsWith('.fbe');

/** Its own epoch files, and the market's data; what else is in its own folder is strange there. */
async function starkNames(ofMarket: string): Promise<string[]> {
  const own = await listNames(path.join(ofMarket, STARK_FOLDER, 'epochs'));
  const shared = await listNames(path.join(ofMarket, 'epochs'));
  return [
    ...own.map((name) => (isEpochFile(name) ? name : `${STARK_FOLDER}/epochs/${name}`)),
    ...shared.filter((name) => !isEpochFile(name)),
  ];
}

/** What is in a zstd frame; bytes of another kind as they are. */
function decompressed(file: string, bytes: Uint8Array, limit: number): Uint8Array {
  const isFrame =
    bytes.length >= 4 &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === ZSTD_MAGIC;
  if (!isFrame) return bytes;
  try {
    return inFrame(bytes, limit);
  } catch (error) {
    if (isCode(error, 'ERR_BUFFER_TOO_LARGE')) {
      const message = `${file} has more than ${limit} bytes within its zstd frame, the limit`;
      throw new SourceError('STORE_FILE_SIZE', message);
    }
    throw new SourceError('STORE_READ', `${file} is no sound zstd frame: ${text(error)}`);
  }
}

/**
 * What is in the one zstd frame that `bytes` are.
 * @throws Error for what is no frame, for bytes behind it, and for more than `limit` bytes in it
 */
export function inFrame(bytes: Uint8Array, limit: number): Uint8Array {
  const info: unknown = zstdDecompressSync(bytes, { maxOutputLength: limit, info: true });
  // With `info` there is more than its type says. What comes behind a frame is not read.
  assert(isInfo(info), 'zlib tells how much it read');
  const left = bytes.length - info.engine.bytesWritten;
  if (left > 0) throw new Error(`${left} bytes follow it`);
  return new Uint8Array(info.buffer);
}

interface Decompressed {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

const isInfo = (info: unknown): info is Decompressed =>
  typeof info === 'object' && info !== null && 'buffer' in info && 'engine' in info;

/** Names of the markets that have a chain in the store at `dir`, in order. */
export async function listMarkets(dir: string): Promise<string[]> {
  const markets: string[] = [];
  for (const name of await listNames(dir)) {
    const chains = await listChains(dir, name);
    if (chains.length > 0) markets.push(name);
  }
  return markets.sort();
}

/** Which chains a market has in the store at `dir`: those with a genesis. */
export async function listChains(dir: string, market: string): Promise<ChainKind[]> {
  const begun = await Promise.all(CHAIN_KINDS.map((chain) => hasGenesis(dir, market, chain)));
  return CHAIN_KINDS.filter((_, index) => begun[index]);
}

/** Chains of a market that have epochs and lost their genesis, as a copy may have. */
export async function listLostChains(dir: string, market: string): Promise<ChainKind[]> {
  const lost = await Promise.all(
    CHAIN_KINDS.map(async (chain) => {
      if (await hasGenesis(dir, market, chain)) return false;
      const names = await listNames(path.join(chainFolder(dir, market, chain), 'epochs'));
      return names.some(isEpochFile);
    }),
  );
  return CHAIN_KINDS.filter((_, index) => lost[index]);
}

const hasGenesis = async (dir: string, market: string, chain: ChainKind): Promise<boolean> =>
  (await listNames(chainFolder(dir, market, chain))).includes(GENESIS_FILE);

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

const isMissing = (error: unknown) => isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR');

const isCode = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code;

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
