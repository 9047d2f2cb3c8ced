// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { EMPTY_ROOT, type Genesis, publicKeyOf } from '@foldbook/verifier';
import { acceptedKeys } from './chain-context.ts';
import { ProofStore } from './proof-store.ts';
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

test('a genesis is kept with its keys, once', async () => {
  const store = await ProofStore.open(dir, MARKET);
  assert.equal(await store.genesis(), undefined);
  const created = await store.createGenesis(genesis, trapdoorCircuits);
  assert.deepEqual(await store.genesis(), created);
  assert.equal((await readdir(join(dir, MARKET, 'keys'))).length, 2);
  const rival = { ...genesis, nonce: new Uint8Array(32) };
  await assert.rejects(store.createGenesis(rival, trapdoorCircuits), { code: 'STORE_CONFLICT' });
  assert.deepEqual(await store.genesis(), created);
});

test('what a crash leaves half-written is removed, and never stood among the epochs', async () => {
  const folder = join(dir, MARKET);
  await mkdir(folder);
  const draft = join(folder, '.draft-00000000.fbe-0011');
  await writeFile(draft, 'half');
  const store = await ProofStore.open(dir, MARKET);
  await assert.rejects(access(draft));
  assert.deepEqual(
    (await store.readChain(await store.createGenesis(genesis, trapdoorCircuits), trapdoorCircuits))
      .headers,
    [],
  );
});

test('an epoch is kept whole and may be put again', async () => {
  const store = await ProofStore.open(dir, MARKET);
  const files = { epochFile: new Uint8Array(10).fill(1), recordsFile: new Uint8Array(5).fill(2) };
  await store.putEpoch(3, { ...files, epochFile: new Uint8Array(2) });
  await store.putEpoch(3, files);
  const epochs = join(dir, MARKET, 'epochs');
  assert.deepEqual((await readdir(epochs)).toSorted(), ['00000003.fbe', '00000003.fbr']);
  assert.deepEqual(new Uint8Array(await readFile(join(epochs, '00000003.fbe'))), files.epochFile);
});

test('records whose epoch was not kept are no part of the chain', async () => {
  const store = await ProofStore.open(dir, MARKET);
  const stored = await store.createGenesis(genesis, trapdoorCircuits);
  await writeFile(join(dir, MARKET, 'epochs', '00000000.fbr'), 'records');
  assert.deepEqual((await store.readChain(stored, trapdoorCircuits)).headers, []);
});

test('a genesis that is damaged is refused', async () => {
  const store = await ProofStore.open(dir, MARKET);
  await store.createGenesis(genesis, trapdoorCircuits);
  await writeFile(join(dir, MARKET, 'genesis.fbg'), 'FBGN');
  await assert.rejects(store.genesis(), { code: 'STORE_CORRUPT', message: /genesis\.fbg: / });
});
