// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { MarketChains } from './market-chains.ts';

let storeDir: string;

beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'foldbook-chains-'));
});

afterEach(async () => {
  await rm(storeDir, { recursive: true, force: true });
});

async function begin(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await mkdir(join(storeDir, folder), { recursive: true });
    await writeFile(join(storeDir, folder, 'genesis.fbg'), '');
  }
}

test('a new market has the STARK chain, another one goes on with what it began', async () => {
  await begin('OLD-USD', 'NEW-USD/stark', 'TWO-USD', 'TWO-USD/stark');
  await mkdir(join(storeDir, 'DATA-USD', 'epochs'), { recursive: true });
  await writeFile(join(storeDir, 'DATA-USD', 'epochs', '00000000.fbr'), '');
  // Somebody is at restoring it.
  await mkdir(join(storeDir, 'HALF-USD', 'epochs'), { recursive: true });
  await writeFile(join(storeDir, 'HALF-USD', 'epochs', '00000000.fbe'), '');
  const chains = new MarketChains({ storeDir });
  assert.deepEqual(chains.of('ACME-USD'), ['stark']);
  assert.deepEqual(chains.of('DATA-USD'), ['stark']);
  assert.deepEqual(chains.of('HALF-USD'), ['poseidon']);
  assert.deepEqual(chains.of('OLD-USD'), ['poseidon']);
  assert.deepEqual(chains.of('NEW-USD'), ['stark']);
  assert.deepEqual(chains.of('TWO-USD'), ['poseidon', 'stark']);
});

test('what the operator says goes first, of a market before all', async () => {
  await begin('OLD-USD');
  const byMarket = { 'ACME-USD': 'poseidon', constructor: 'both' } as const;
  const chains = new MarketChains({ storeDir, chains: 'both', byMarket });
  assert.deepEqual(chains.of('OLD-USD'), ['poseidon', 'stark']);
  assert.deepEqual(chains.of('ACME-USD'), ['poseidon']);
  const some = new MarketChains({ storeDir, byMarket: { 'ACME-USD': 'both' } });
  assert.deepEqual(some.of('ACME-USD'), ['poseidon', 'stark']);
  assert.deepEqual(some.of('constructor'), ['stark']);
});

test('a chain that begins later changes no answer', async () => {
  const chains = new MarketChains({ storeDir });
  assert.deepEqual(chains.of('ACME-USD'), ['stark']);
  await begin('ACME-USD');
  assert.deepEqual(chains.of('ACME-USD'), ['stark']);
});

test('a chain that lost its genesis is not left out', async () => {
  await begin('TWO-USD', 'ONE-USD/stark');
  for (const folder of ['TWO-USD/stark', 'ONE-USD', 'OLD-USD']) {
    await mkdir(join(storeDir, folder, 'epochs'), { recursive: true });
    await writeFile(join(storeDir, folder, 'epochs', '00000000.fbe'), '');
  }
  const chains = new MarketChains({ storeDir });
  assert.deepEqual(chains.of('TWO-USD'), ['poseidon', 'stark']);
  assert.deepEqual(chains.of('ONE-USD'), ['poseidon', 'stark']);
  assert.deepEqual(chains.of('OLD-USD'), ['poseidon']);
});
