/** `verify` of markets with a STARK chain: alone, and beside another one. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { bytesToHex } from '@foldbook/verifier';
import { everyKind } from '@foldbook/verifier/testing';
import { StarkChainBuilder } from '@foldbook/verifier/testing/stark';
import { developmentChain } from './testing/development-chain.ts';
import { foldbook } from './testing/foldbook.ts';
import {
  type ChainsQuestion,
  checkChain,
  chosenChains,
  compared,
  comparisonWords,
  resultWords,
} from './verify-chains.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-chains-'));
after(() => rm(dir, { recursive: true }));

const poseidon = await developmentChain();
const stark = new StarkChainBuilder();
stark.addEpoch([]);
stark.addEpoch(everyKind);
const MARKET = stark.genesis.name;

async function write(store: string, file: string, bytes: Uint8Array): Promise<void> {
  const path = join(store, MARKET, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

async function storeOf(name: string, hasBoth: boolean): Promise<string> {
  const store = join(dir, name);
  for (const [file, bytes] of stark.files) {
    const isOwn = file.endsWith('.fbe') || file.endsWith('.fbg');
    await write(store, isOwn ? `stark/${file}` : file, bytes);
  }
  if (!hasBoth) return store;
  for (const [file, bytes] of poseidon.files) await write(store, file, bytes);
  return store;
}

function questionOf(store: string, genesisHash?: string): ChainsQuestion {
  const nothing = { level: undefined, operatorKey: undefined, genesisHash };
  return { store, market: MARKET, range: {}, folder: {}, ...nothing };
}

const noLog = () => Promise.reject(new Error('no log was named'));

test('a STARK chain alone is verified with its records, and says what it rests on', async () => {
  const question = questionOf(await storeOf('alone', false));
  assert.deepEqual(await chosenChains(question, undefined), ['stark']);
  await assert.rejects(
    chosenChains(question, 'poseidon'),
    /no poseidon chain in .*; it has stark$/,
  );
  const checked = await checkChain(question, 'stark', noLog);
  const words = resultWords(checked);
  assert.match(
    words,
    /^VERIFIED: BTC-USD, 2 epochs, 1 proof by STARK \(1\d\d\.\d bits\), level data/,
  );
  assert.match(words, /- that the STARK's design and code are right/);
  assert.equal(await compared(question, [checked]), undefined);
});

test('both chains of a market are verified and compared, or the one that was named', async () => {
  const store = await storeOf('both', true);
  const { status, stdout } = await foldbook('verify', '--store', store, '--json');
  assert.equal(status, 0, stdout);
  const told = JSON.parse(stdout);
  assert.deepEqual([told.verdict, told.chain, told.backend], ['verified', 'stark', 'stark']);
  const chains = told.chains.map((one: { chain: string; epochs: number }) => [
    one.chain,
    one.epochs,
  ]);
  assert.deepEqual(chains, [
    ['stark', 2],
    ['poseidon', 1],
  ]);
  assert(told.securityBits >= 100 && told.accounts === undefined);
  assert.deepEqual(told.comparison, { ok: true, epochs: 1, balances: false });
  const pinned = questionOf(store, bytesToHex(poseidon.genesisHash));
  assert.deepEqual(await chosenChains(pinned, undefined), ['poseidon']);
  const first = { ...questionOf(store), range: { to: 0 } };
  const both = [
    await checkChain(first, 'stark', noLog),
    await checkChain(first, 'poseidon', noLog),
  ];
  const comparison = await compared(first, both);
  assert(comparison !== undefined);
  assert.match(
    comparisonWords(comparison),
    /the same .* in 1 epoch, the same balances at their end$/,
  );
});

test('two chains of other records are refused, though each is sound by itself', async () => {
  const store = await storeOf('differ', true);
  const other = await developmentChain({ timeNs: 5n });
  const file = other.files.get('epochs/00000000.fbe') ?? new Uint8Array();
  await write(store, 'epochs/00000000.fbe', file);
  const { status, stdout } = await foldbook('verify', '--store', store);
  assert.equal(status, 1);
  assert.match(stdout, /REFUSED: epoch 0, both chains: CHAINS_DIFFER: timeNs is 5 in the Poseidon/);
});

test('a chain that lost its genesis is told, and not left out in silence', async () => {
  const store = await storeOf('headless', true);
  await rm(join(store, MARKET, 'stark', 'genesis.fbg'));
  const question = questionOf(store);
  const lost = /BTC-USD: its stark chain has epochs and no genesis\.fbg: restore it/;
  const both = await foldbook('verify', '--store', store);
  assert.equal(both.status, 2);
  assert.match(both.stderr.trimEnd(), lost);
  assert.match(both.stderr.trimEnd(), /or leave it out with --chain poseidon$/);
  await assert.rejects(chosenChains(question, 'stark'), /: restore it$/);
  assert.deepEqual(await chosenChains(question, 'poseidon'), ['poseidon']);
  const pinned = questionOf(store, bytesToHex(poseidon.genesisHash));
  assert.deepEqual(await chosenChains(pinned, undefined), ['poseidon']);
  await assert.rejects(chosenChains(pinned, 'stark'), lost);
  await rm(join(store, MARKET, 'genesis.fbg'));
  await assert.rejects(chosenChains(question, 'stark'), lost);
  const neither = await foldbook('verify', '--store', store);
  assert.equal(neither.status, 2);
  assert.match(neither.stderr, /BTC-USD has epochs and no genesis\.fbg: restore it$/m);
});

test('the only market with a genesis is not the only one where another lost its own', async () => {
  const store = await storeOf('beside', false);
  await mkdir(join(store, 'ETH-USD', 'epochs'), { recursive: true });
  const verify = (...args: string[]) => foldbook('verify', '--store', store, ...args);
  assert.equal((await verify()).status, 0, 'nothing is proved of the other yet');
  const ofOther = join(store, 'ETH-USD', 'stark', 'epochs');
  await mkdir(ofOther, { recursive: true });
  await writeFile(join(ofOther, '00000000.fbe'), stark.files.get('epochs/00000000.fbe') ?? '');
  const { status, stdout, stderr } = await verify();
  assert.deepEqual([status, stdout], [2, '']);
  const words =
    /ETH-USD has epochs and no genesis\.fbg: restore it, or name BTC-USD with --market$/m;
  assert.match(stderr, words);
  assert.equal((await verify('--market', MARKET)).status, 0);
});

test('of two chains a refusal says which it is of', async () => {
  const store = await storeOf('damaged', true);
  await write(store, 'stark/epochs/00000001.fbe', new Uint8Array(4));
  const { status, stdout } = await foldbook('verify', '--store', store);
  assert.equal(status, 1);
  assert.match(stdout, /^REFUSED: STARK chain, epoch 1, epoch file: EPOCH_FILE_FORMAT: /);
  const alone = await foldbook('verify', '--store', store, '--chain', 'stark');
  assert.match(alone.stdout, /^REFUSED: epoch 1, epoch file: EPOCH_FILE_FORMAT: /);
});

test('a market with nothing proved yet lost nothing', async () => {
  const store = join(dir, 'unproved');
  await mkdir(join(store, MARKET, 'epochs'), { recursive: true });
  for (const args of [[], ['--market', MARKET]]) {
    const { status, stderr } = await foldbook('verify', '--store', store, ...args);
    assert.equal(status, 2);
    assert.match(stderr, /BTC-USD has no genesis\.fbg and no epoch: nothing is proved yet/);
  }
});
