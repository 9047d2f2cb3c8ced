// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { EMPTY_ROOT, type Genesis, publicKeyOf, RecordList } from '@foldbook/verifier';
import { ChainBuilder, everyKind, record, trades } from '@foldbook/verifier/testing';
import { acceptedKeys } from './chain-context.ts';
import { epochData } from './epoch-data.ts';
import { ProofStore, type StoredGenesis } from './proof-store.ts';
import { trapdoorCircuits } from './testing/trapdoor-circuits.ts';

const MARKET = 'TEST-USD';
const genesis: Genesis = {
  market: 7,
  name: MARKET,
  nonce: new Uint8Array(32).fill(1),
  operatorKey: publicKeyOf(new Uint8Array(32).fill(2)),
  emptyRoot: EMPTY_ROOT,
  rulesHash: new Uint8Array(32).fill(3),
  keys: acceptedKeys(trapdoorCircuits),
};

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-store-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const readChain = async (store: ProofStore, stored: StoredGenesis) =>
  store.readChain(stored, await store.operatorKeys(stored), trapdoorCircuits);

test('a genesis is kept with its keys, once', async () => {
  const store = await ProofStore.open(dir, MARKET);
  assert.equal(await store.genesis(), undefined);
  const created = await store.createGenesis(genesis, trapdoorCircuits);
  assert.deepEqual(await store.genesis(), created);
  assert.equal((await readdir(join(dir, MARKET, 'keys'))).length, 2);
  const rival = { ...genesis, nonce: new Uint8Array(32) };
  assert.equal(await store.createGenesis(rival, trapdoorCircuits), undefined);
  assert.deepEqual(await store.genesis(), created);
});

test('what a crash leaves half-written is removed, and never stood among the epochs', async () => {
  const folder = join(dir, MARKET);
  await mkdir(folder);
  const draft = join(folder, '.draft-00000000.fbe-0011');
  await writeFile(draft, 'half');
  const store = await ProofStore.open(dir, MARKET);
  await assert.rejects(access(draft));
  const stored = await store.createGenesis(genesis, trapdoorCircuits);
  assert(stored);
  assert.deepEqual((await readChain(store, stored)).headers, []);
});

test('a writer whose drafts another one clears writes them again', async () => {
  const store = await ProofStore.open(dir, MARKET);
  const writing = Array.from({ length: 20 }, (_, epoch) =>
    store.putEpoch(epoch, new Uint8Array(1_000)),
  );
  const clearing = Array.from({ length: 4 }, () => ProofStore.open(dir, MARKET));
  await Promise.all([...writing, ...clearing]);
  assert.equal((await readdir(join(dir, MARKET, 'epochs'))).length, 20);
});

/** The first epoch of a chain: one deposit. */
function epochFileOf(amount: number): Uint8Array {
  const chain = new ChainBuilder({ name: MARKET });
  chain.addEpoch([record.depositBase(3, amount)]);
  const file = chain.files.get('epochs/00000000.fbe');
  assert(file !== undefined);
  return file;
}

test('an epoch is kept whole, once, and none with another header is put in its place', async () => {
  const store = await ProofStore.open(dir, MARKET);
  const file = epochFileOf(4);
  await store.putEpoch(0, file);
  const otherProof = file.with(-1, (file.at(-1) ?? 0) ^ 1);
  await store.putEpoch(0, otherProof);
  const conflict = {
    code: 'STORE_CONFLICT',
    message: /00000000\.fbe has another header \([0-9a-f]/,
  };
  await assert.rejects(store.putEpoch(0, epochFileOf(5)), conflict);
  const epochs = join(dir, MARKET, 'epochs');
  assert.deepEqual(await readdir(epochs), ['00000000.fbe']);
  assert.deepEqual(new Uint8Array(await readFile(join(epochs, '00000000.fbe'))), file);
  assert.equal((await store.headerOf(0))?.epoch, 0n);
  assert.equal(await store.headerOf(1), undefined);
});

test('data are put once, whoever comes with them, and again when they differ', async () => {
  const store = await ProofStore.open(dir, MARKET);
  const data = epochData(RecordList.from(everyKind));
  const putters = Array.from({ length: 5 }, () => store.putData(0, data));
  assert.deepEqual(await Promise.all(putters), [true, false, false, false, false]);
  const epochs = join(dir, MARKET, 'epochs');
  const names = ['00000000.fbd', '00000000.fbr'];
  assert.deepEqual((await readdir(epochs)).toSorted(), names);
  const frames = await Promise.all(names.map((name) => readFile(join(epochs, name))));
  for (const [index, file] of [data.diffs, data.records].entries()) {
    assert.deepEqual(new Uint8Array(zstdDecompressSync(frames[index] ?? '')), file.bytes);
  }
  // Without a frame they are the same.
  await writeFile(join(epochs, '00000000.fbr'), data.records.bytes);
  assert.equal(await store.putData(0, data), false);
  // A frame of far more than there should be is no such data, whatever it begins with.
  const bomb = zstdCompressSync(Buffer.concat([data.records.bytes, new Uint8Array(1_000_000)]));
  await writeFile(join(epochs, '00000000.fbr'), bomb);
  assert.equal(await store.putData(0, data), true);
  assert.equal(await store.putData(0, epochData(RecordList.from(trades(3)))), true);
});

test('records whose epoch was not kept are no part of the chain', async () => {
  const store = await ProofStore.open(dir, MARKET);
  const stored = await store.createGenesis(genesis, trapdoorCircuits);
  assert(stored);
  await writeFile(join(dir, MARKET, 'epochs', '00000000.fbr'), 'records');
  assert.deepEqual((await readChain(store, stored)).headers, []);
});

test('a genesis that is damaged is refused', async () => {
  const store = await ProofStore.open(dir, MARKET);
  await store.createGenesis(genesis, trapdoorCircuits);
  await writeFile(join(dir, MARKET, 'genesis.fbg'), 'FBGN');
  await assert.rejects(store.genesis(), { code: 'STORE_CORRUPT', message: /genesis\.fbg: / });
});

test('epochs that lost their genesis are no new chain', async () => {
  const store = await ProofStore.open(dir, MARKET);
  await store.putEpoch(0, epochFileOf(4));
  const lost = /genesis\.fbg is not there, but epochs are; restore it from a copy/;
  await assert.rejects(store.genesis(), { code: 'STORE_CORRUPT', message: lost });
});
