/** The files of an epoch's data, as a store keeps them. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { packDiffs } from './packed-diffs.ts';
import { openStoreFolder } from './store-folder.ts';
import { ChainBuilder } from './testing/chain-builder.ts';
import { memorySource } from './testing/memory-store.ts';
import { everyKind, trades } from './testing/records.ts';
import { type ChainOptions, type ChainResult, verifyChain } from './verify-chain.ts';

const chain = new ChainBuilder();
chain.addEpoch(everyKind);
chain.addEpoch(trades(20));
const { trustedKeys } = chain;
const DIFFS = 'epochs/00000001.fbd';
const RECORDS = 'epochs/00000001.fbr';
const folders: string[] = [];

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const verify = (files: ReadonlyMap<string, Uint8Array>, options: ChainOptions = {}) =>
  verifyChain(memorySource(files), { trustedKeys, ...options });

function refusalOf(result: ChainResult) {
  assert(!result.ok);
  const { epoch, part, code } = result.firstFailure;
  return [epoch, part, code];
}

/** The chain as files, each changed by `change`. */
async function folderOf(change: (name: string, bytes: Uint8Array) => Uint8Array): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'foldbook-data-'));
  folders.push(dir);
  for (const [name, bytes] of chain.files) {
    const file = path.join(dir, 'BTC-USD', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, change(name, bytes));
  }
  return dir;
}

test('net changes that are not those of the records are refused', async () => {
  const wrong = new Map(chain.files);
  wrong.set(DIFFS, packDiffs([{ id: 2, base: 1n, quote: 0n }]));
  assert.deepEqual(refusalOf(await verify(wrong)), [1, 'differences', 'DIFFS_MISMATCH']);
  wrong.set(DIFFS, new Uint8Array(3));
  assert.deepEqual(refusalOf(await verify(wrong)), [1, 'differences', 'DIFFS_FORMAT']);
});

test('a store without net changes is as good', async () => {
  const records = new Map(chain.files);
  records.delete(DIFFS);
  const result = await verify(records);
  assert(result.ok && result.level === 'data');
});

test('more records than the caller takes are refused before they are unpacked', async () => {
  const result = await verify(chain.files, { recordsMax: 19 });
  assert.deepEqual(refusalOf(result), [1, 'records', 'RECORDS_FORMAT']);
  assert((await verify(chain.files, { recordsMax: 20 })).ok);
});

test('a folder gives what its zstd frames hold, and counts what it has', async () => {
  const frames = new Set(['.fbr', '.fbd']);
  const dir = await folderOf((name, bytes) =>
    frames.has(path.extname(name)) ? zstdCompressSync(bytes) : bytes,
  );
  let stored = 0;
  const onRead = (sizeBytes: number) => {
    stored += sizeBytes;
  };
  const result = await verifyChain(openStoreFolder(dir, 'BTC-USD', { onRead }), { trustedKeys });
  assert(result.ok && result.level === 'data');
  const plain = [...chain.files.values()].reduce((sum, { length }) => sum + length, 0);
  assert(stored > 1_000 && stored !== plain);
});

test('a frame of more than the limit, or that is no frame, is refused by name', async () => {
  const bomb = zstdCompressSync(new Uint8Array(100_000));
  const dir = await folderOf((name, bytes) => (name === RECORDS ? bomb : bytes));
  const limited = openStoreFolder(dir, 'BTC-USD', { fileBytesMax: 99_999 });
  const words = /00000001\.fbr has more than 99999 bytes within its zstd frame/;
  await assert.rejects(limited.epochFile('00000001.fbr'), words);
  const torn = await folderOf((name, bytes) => (name === RECORDS ? bomb.subarray(0, 10) : bytes));
  const source = openStoreFolder(torn, 'BTC-USD');
  await assert.rejects(source.epochFile('00000001.fbr'), /00000001\.fbr is no sound zstd frame/);
});

test('how many accounts may change follows how many records are taken', async () => {
  const files = new Map(chain.files);
  const claimed = (count: number) => {
    const file = (files.get('epochs/00000000.fbd') ?? new Uint8Array()).slice();
    new DataView(file.buffer).setUint32(8, count, true);
    return new Map(files).set('epochs/00000000.fbd', file);
  };
  const message = async (count: number, recordsMax: number) => {
    const result = await verify(claimed(count), { recordsMax });
    assert(!result.ok);
    assert.equal(result.firstFailure.code, 'DIFFS_FORMAT');
    return result.firstFailure.message;
  };
  assert.match(await message(41, 20), /41 accounts; this reader takes 40/);
  assert.doesNotMatch(await message(40, 20), /this reader takes/);
  assert.doesNotMatch(await message(2 ** 22 + 1, 2 ** 22), /this reader takes/);
});
