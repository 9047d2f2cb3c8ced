/** The example of docs/, as a page runs it: a STARK chain of the real prover, over HTTP. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { zstdCompressSync } from 'node:zlib';
import type { PageCall } from './testing/page-thread.ts';
import { everyKind } from './testing/records.ts';
import { StarkChainBuilder } from './testing/stark-chain-builder.ts';
import type { ChainResult } from './verify-chain.ts';

const EXAMPLES = new URL('../../../docs/examples/', import.meta.url);
const MARKET = 'BTC-USD';

const chain = new StarkChainBuilder();
chain.addEpoch(everyKind);
chain.addEpoch([]);
const folder = mkdtempSync(path.join(tmpdir(), 'foldbook-web-'));
for (const [name, bytes] of chain.files) {
  const isData = /\.fb[dr]$/.test(name);
  const file = path.join(folder, MARKET, isData ? '' : 'stark', name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, isData ? zstdCompressSync(bytes) : bytes);
}
const server = spawn(
  process.execPath,
  [new URL('serve-store.ts', EXAMPLES).pathname, folder, MARKET, '0'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
after(() => {
  server.kill();
  rmSync(folder, { recursive: true });
});
const [line]: string[] = await once(createInterface({ input: server.stdout }), 'line');
const store = line?.split(' ').at(-1) ?? '';

async function inPage(...args: readonly unknown[]) {
  const module = new URL('verify-page.ts', EXAMPLES).href;
  const call: PageCall = { module, name: 'verifyMarket', args };
  const page = new Worker(new URL('testing/page-thread.ts', import.meta.url), { workerData: call });
  const [said]: { result: ChainResult; asked: string[] }[] = await once(page, 'message');
  assert(said !== undefined);
  return { result: said.result, asked: said.asked.map((file) => path.basename(file)) };
}

test('a page verifies at level data', async () => {
  const { result, asked } = await inPage(store);
  assert(result.ok);
  assert.deepEqual(
    [result.level, result.backend, result.proofs, result.epochs],
    ['data', 'stark', 1, 2],
  );
  assert.deepEqual(result.accounts, chain.accounts);
  assert.deepEqual(asked.sort(), ['fused.wasm', 'portable.wasm', 'stark.wasm']);
});

test('a page verifies at level settlement without the kernel', async () => {
  const { result, asked } = await inPage(store, 'settlement');
  assert(result.ok);
  assert.deepEqual([result.level, result.proofs], ['settlement', 1]);
  assert(!asked.includes('stark.wasm'));
});

test('a page refuses records that are others', async () => {
  const file = path.join(folder, MARKET, 'epochs/00000000.fbr');
  const other = new StarkChainBuilder();
  other.addEpoch(everyKind.slice(0, 5));
  writeFileSync(file, other.files.get('epochs/00000000.fbr') ?? new Uint8Array());
  const { result } = await inPage(store);
  assert(!result.ok);
  assert.equal(result.firstFailure.epoch, 0);
});
