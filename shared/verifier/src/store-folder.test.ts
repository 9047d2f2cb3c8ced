import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { compareChains } from './compare-chains.ts';
import type { ReasonCode } from './reason-codes.ts';
import { kernelCommitments as commitments } from './stark/kernel-commitments.ts';
import {
  listChains,
  listLostChains,
  listMarkets,
  openStoreFolder,
  type StoreFolderOptions,
} from './store-folder.ts';
import { ChainBuilder } from './testing/chain-builder.ts';
import { everyKind, trades } from './testing/records.ts';
import { StarkChainBuilder } from './testing/stark-chain-builder.ts';
import { verifyChain } from './verify-chain.ts';

const chain = new ChainBuilder();
chain.addEpoch(everyKind);
const market = chain.genesis.name;
const root = await mkdtemp(path.join(os.tmpdir(), 'foldbook-store-'));
after(() => rm(root, { recursive: true }));

/** A store of its own that holds the chain. */
async function storeFolder(name: string): Promise<string> {
  const dir = path.join(root, name);
  for (const [file, bytes] of chain.files) {
    const target = path.join(dir, market, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
  return dir;
}

function verify(dir: string, asked = market, options: StoreFolderOptions = {}) {
  return verifyChain(openStoreFolder(dir, asked, options), { trustedKeys: chain.trustedKeys });
}

async function refuse(dir: string, code: ReasonCode, options?: StoreFolderOptions): Promise<void> {
  const result = await verify(dir, market, options);
  assert(!result.ok);
  assert.equal(result.firstFailure.code, code, result.firstFailure.message);
}

test('a store on disk', async () => {
  const dir = await storeFolder('good');
  await mkdir(path.join(dir, 'not-a-market'));
  await writeFile(path.join(dir, 'notes.txt'), 'notes');
  await writeFile(path.join(dir, market, 'epochs', '.draft'), 'half an epoch');
  assert.deepEqual(await listMarkets(dir), [market]);
  const result = await verify(dir);
  assert(result.ok);
  assert.equal(result.level, 'data');
});

test('no store, no market, no epochs', async () => {
  assert.deepEqual(await listMarkets(path.join(root, 'nothing')), []);
  await refuse(path.join(root, 'nothing'), 'GENESIS_MISSING');
  const dir = await storeFolder('fresh');
  await rm(path.join(dir, market, 'epochs'), { recursive: true });
  await refuse(dir, 'EPOCH_MISSING');
});

test("a folder under another market's name", async () => {
  const dir = await storeFolder('renamed');
  const result = await verifyChain(openStoreFolder(path.dirname(dir), `renamed/${market}`), {
    trustedKeys: chain.trustedKeys,
  });
  assert(!result.ok);
  assert.equal(result.firstFailure.code, 'GENESIS_MARKET');
});

test('a file beyond the limit is not read', async () => {
  const dir = await storeFolder('large');
  await refuse(dir, 'STORE_FILE_SIZE', { fileBytesMax: 1_100 });
});

const GROWING = '/proc/self/smaps';

test('a file that is longer than it says is read to the limit only', {
  skip: !existsSync(GROWING) && `${GROWING} is not there`,
}, async () => {
  const dir = await storeFolder('growing');
  const file = path.join(dir, market, 'epochs', '00000000.fbe');
  await rm(file);
  await symlink(GROWING, file);
  await refuse(dir, 'STORE_FILE_SIZE', { fileBytesMax: 4_000 });
  // Within the limit all of it is read, though its size is said to be 0.
  await refuse(dir, 'EPOCH_FILE_FORMAT');
});

test('a pipe where a file should be keeps nobody waiting', { timeout: 30_000 }, async () => {
  const dir = await storeFolder('pipe');
  const file = path.join(dir, market, 'genesis.fbg');
  await rm(file);
  execFileSync('mkfifo', [file]);
  await refuse(dir, 'STORE_READ');
});

test('a folder where a file should be', async () => {
  const dir = await storeFolder('folder');
  const file = path.join(dir, market, 'epochs', '00000000.fbe');
  await rm(file);
  await mkdir(file);
  await refuse(dir, 'STORE_READ');
});

test('a file is one zstd frame, or none: nothing stands behind it', async () => {
  const dir = await storeFolder('frames');
  const file = path.join(dir, market, 'epochs', '00000000.fbr');
  const bytes = chain.files.get('epochs/00000000.fbr') ?? new Uint8Array();
  const frame = zstdCompressSync(bytes);
  await writeFile(file, frame);
  assert((await verify(dir)).ok);
  const halves = [bytes.subarray(0, 9), bytes.subarray(9)].map((half) => zstdCompressSync(half));
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7);
  for (const behind of [Uint8Array.of(0), frame, skippable]) {
    await writeFile(file, Buffer.concat([frame, behind]));
    await refuse(dir, 'STORE_READ');
  }
  await writeFile(file, Buffer.concat(halves));
  await refuse(dir, 'STORE_READ');
  await writeFile(file, frame.subarray(0, -1));
  await refuse(dir, 'STORE_READ');
});

test('a file that is no part of the chain', async () => {
  const dir = await storeFolder('stray');
  await writeFile(path.join(dir, market, 'epochs', '00000000.fbe.tmp'), 'x');
  await refuse(dir, 'STORE_STRAY_FILE');
});

/** Adds a STARK chain of these records to a store, beside what is there. */
async function addStark(dir: string, records: typeof everyKind): Promise<void> {
  const stark = new StarkChainBuilder();
  stark.addEpoch(records);
  for (const [file, bytes] of stark.files) {
    const isOwn = file.endsWith('.fbe') || file.endsWith('.fbg');
    const target = path.join(dir, market, ...(isOwn ? ['stark'] : []), file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}

const starkOf = (dir: string) => openStoreFolder(dir, market, { chain: 'stark' });

test('a market with both chains: each by itself, and that they tell of the same', async () => {
  const dir = await storeFolder('both');
  assert.deepEqual(await listChains(dir, market), ['poseidon']);
  await addStark(dir, everyKind);
  assert.deepEqual(await listChains(dir, market), ['poseidon', 'stark']);
  const sources = { poseidon: openStoreFolder(dir, market), stark: starkOf(dir) };
  const poseidon = await verify(dir);
  const stark = await verifyChain(sources.stark, { commitments });
  assert(poseidon.ok && stark.ok);
  assert.deepEqual([stark.level, stark.chain, poseidon.chain], ['data', 'stark', 'poseidon']);
  const results = { poseidon, stark };
  const same = { ok: true, epochs: 1, balances: true };
  assert.deepEqual(await compareChains(sources, results), same);
  const { accounts, ...settlement } = stark;
  const level = { ...results, stark: settlement };
  assert.deepEqual(await compareChains(sources, level), { ...same, balances: false });

  // Who shows an epoch once shows it twice.
  const gone = { ...sources.stark, epochFile: async () => undefined };
  const unread = await compareChains({ ...sources, stark: gone }, results);
  assert(!unread.ok && unread.code === 'STORE_READ' && unread.epoch === 0);
  const others = { poseidon: { ...poseidon, headHash: '' }, stark: { ...stark, headHash: '' } };
  const swapped = await compareChains(sources, others);
  assert(!swapped.ok && swapped.code === 'STORE_READ');

  assert(accounts !== undefined);
  accounts.base.set([1n], 2);
  const other = await compareChains(sources, results);
  assert(!other.ok && other.code === 'CHAINS_DIFFER' && other.epoch === 0);
});

test('a market with a STARK chain alone, and one of other records', async () => {
  const dir = path.join(root, 'stark-alone');
  await addStark(dir, everyKind);
  assert.deepEqual(await listMarkets(dir), [market]);
  assert.deepEqual(await listChains(dir, market), ['stark']);
  assert.deepEqual(await listLostChains(dir, market), []);
  assert((await verifyChain(starkOf(dir), { commitments })).ok);
  await refuse(dir, 'GENESIS_MISSING');
  const stray = path.join(dir, market, 'stark', 'epochs', '00000000.fbr');
  await writeFile(stray, 'records');
  const result = await verifyChain(starkOf(dir), { commitments });
  assert(!result.ok && result.firstFailure.code === 'STORE_STRAY_FILE');

  const both = await storeFolder('other');
  const poseidon = await verify(both);
  const sources = { poseidon: openStoreFolder(both, market), stark: starkOf(both) };
  await addStark(both, [...everyKind, ...trades(1)]);
  const stark = await verifyChain(sources.stark, { level: 'settlement' });
  assert(poseidon.ok && stark.ok);
  const differ = await compareChains(sources, { poseidon, stark });
  assert(!differ.ok && differ.message.startsWith('sequenceLast is 47 in the Poseidon chain, 48'));
});
