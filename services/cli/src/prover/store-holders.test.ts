import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { takeProofStore } from '@foldbook/runtime';
import { InterruptedError } from '../cli-error.ts';
import { checkProofStores } from './store-holders.ts';

const MARKET = 'BTC-USD';
let store = '';

beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'foldbook-holders-'));
  await mkdir(join(store, MARKET));
  await writeFile(join(store, MARKET, 'genesis.fbg'), '');
});

afterEach(() => rm(store, { recursive: true, force: true }));

test('a store that nobody has, or none at all, is not waited for', async () => {
  const { signal } = new AbortController();
  await checkProofStores({ signal }, store, 0);
  await checkProofStores({ signal }, join(store, 'nothing'), 0);
});

test('whoever has a store is waited for, and named in the end', async () => {
  const lock = takeProofStore(join(store, MARKET));
  const { signal } = new AbortController();
  const status = {
    message: new RegExp(`STORE_LOCKED: process ${process.pid} proves ${MARKET} in`),
  };
  await assert.rejects(checkProofStores({ signal }, store, 0), status);
  const free = checkProofStores({ signal }, store, 600_000);
  lock.release();
  await free;
});

test("of a STARK chain the prover is another one, whose folder lies in the market's", async () => {
  for (const isAlone of [false, true]) {
    const folder = join(store, MARKET, 'stark');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'genesis.fbg'), '');
    if (isAlone) await rm(join(store, MARKET, 'genesis.fbg'));
    const lock = takeProofStore(folder);
    const { signal } = new AbortController();
    await assert.rejects(checkProofStores({ signal }, store, 0), {
      message: new RegExp(`STORE_LOCKED: process ${process.pid} proves ${MARKET} in`),
    });
    lock.release();
    await checkProofStores({ signal }, store, 0);
  }
});

test('the wait can be broken off', async () => {
  const lock = takeProofStore(join(store, MARKET));
  const ending = new AbortController();
  const waiting = checkProofStores({ signal: ending.signal }, store, 600_000);
  ending.abort();
  await assert.rejects(waiting, InterruptedError);
  lock.release();
});
