/** The example of docs/, as a page runs it: a STARK chain of the real prover, over HTTP. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
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

/** As it is written: `fetch` would take the dots out of it. */
async function answerTo(target: string) {
  const { hostname, port } = new URL(store);
  const [response]: IncomingMessage[] = await once(
    get({ hostname, port, path: target }),
    'response',
  );
  assert(response !== undefined);
  response.resume();
  await once(response, 'end');
  return response;
}

test('the store gives its chain, as bytes, and no other file', async () => {
  writeFileSync(path.join(folder, 'secret'), 'secret');
  writeFileSync(path.join(folder, MARKET, 'epochs/secret.fbr'), 'secret');
  for (const target of ['/genesis', '/epochs', '/epochs/00000000.fbe', '/epochs/00000000.fbr']) {
    const { statusCode, headers } = await answerTo(target);
    assert.equal(statusCode, 200, target);
    assert.equal(headers['content-type'], 'application/octet-stream');
    assert.equal(headers['x-content-type-options'], 'nosniff');
  }
  for (const target of [
    ...['/', '/secret', '/../secret', '/epochs/../../secret', '/epochs/%2e%2e/%2e%2e/secret'],
    ...['/epochs/..%2f..%2fsecret', '/epochs/00000000.fbe/../secret.fbr', '/epochs/secret.fbr'],
    ...[
      '//genesis',
      '/genesis.fbg',
      '/genesis/',
      `http://${MARKET}/genesis`,
      '/epochs\\secret.fbr',
    ],
    ...['/epochs/00000000.fbe%00', '/epochs/00000000.vk', '/epochs/0.fbe', '/stark/genesis.fbg'],
  ]) {
    assert.equal((await answerTo(target)).statusCode, 404, target);
  }
  rmSync(path.join(folder, MARKET, 'epochs/secret.fbr'));
});

test('a store that is not there, and a port that is taken, are told in one line', async () => {
  const port = new URL(store).port;
  for (const [args, words] of [
    [[folder], /name both: node docs/],
    [[folder, 'NOPE'], /has no STARK chain of NOPE: name what/],
    [[folder, MARKET, port], new RegExp(`EADDRINUSE.*:${port}; name another port`)],
  ] as const) {
    const serve = new URL('serve-store.ts', EXAMPLES).pathname;
    const ran = spawn(process.execPath, [serve, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = once(createInterface({ input: ran.stderr }), 'line');
    assert.deepEqual(await once(ran, 'exit'), [2, null]);
    const [line]: string[] = await said;
    assert.match(line ?? '', words);
  }
});

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

test('a page says where nobody serves a store', async () => {
  const { result } = await inPage('http://127.0.0.1:1/');
  assert(!result.ok);
  assert.match(result.firstFailure.message, /^http:\/\/127\.0\.0\.1:1\/ does not answer/);
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
