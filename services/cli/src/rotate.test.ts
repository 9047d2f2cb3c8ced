/** `keys rotate`: a list that verifiers take, or one line that says why not. */
import assert from 'node:assert/strict';
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { takeProofStore } from '@foldbook/runtime';
import { publicKeyOf, readOperatorKeys } from '@foldbook/verifier';
import { ChainBuilder, filled, record } from '@foldbook/verifier/testing';
import { StarkChainBuilder } from '@foldbook/verifier/testing/stark';
import { foldbook } from './testing/foldbook.ts';
import { writeChain } from './testing/write-chain.ts';

let dir = '';
let store = '';
let chain = new ChainBuilder();
const MARKET = 'BTC-USD';
const list = () => join(store, MARKET, 'operator-keys.fbk');
const keyFile = (name: string) => join(dir, `${name}.key`);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function writeKey(name: string, secret: Uint8Array): Promise<string> {
  await writeFile(keyFile(name), `${hex(secret)}\n`, { mode: 0o600 });
  return keyFile(name);
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-rotate-'));
  store = join(dir, 'proofs');
  chain = new ChainBuilder({ name: MARKET });
  for (const amount of [4, 5]) chain.addEpoch([record.depositBase(3, amount)]);
  await writeChain(store, chain);
  await writeKey('first', chain.secretKey);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const rotate = (from: string, to: string, ...more: readonly string[]) =>
  foldbook(
    ...['keys', 'rotate', '--operator-key', keyFile(from), '--new', keyFile(to)],
    ...['--store', store, ...more],
  );

async function termsIn(
  path: string,
  { genesis, genesisHash }: ChainBuilder | StarkChainBuilder = chain,
) {
  const file = new Uint8Array(await readFile(path));
  const keys = readOperatorKeys(genesis, genesisHash, file);
  assert(keys.ok);
  return keys.terms.map(({ firstEpoch, key }) => [Number(firstEpoch), hex(key)]);
}

const publicOf = async (name: string) => {
  const text = await readFile(keyFile(name), 'utf8');
  return hex(publicKeyOf(new Uint8Array(Buffer.from(text.trim(), 'hex'))));
};

test('a change goes into the store, and the next one behind it', async () => {
  const first = await rotate('first', 'second', '--json');
  assert.equal(first.status, 0, first.stderr);
  const told = JSON.parse(first.stdout);
  assert.deepEqual([told.market, told.fromEpoch, told.list], [MARKET, 2, list()]);
  assert.equal(told.newKey, await publicOf('second'));
  const second = await rotate('second', 'third', '--from-epoch', '7');
  assert.equal(second.status, 0, second.stderr);
  assert.match(second.stdout, /from epoch 7 on the operator's key is/);
  assert.deepEqual(await termsIn(list()), [
    [0, await publicOf('first')],
    [2, await publicOf('second')],
    [7, await publicOf('third')],
  ]);
  assert.deepEqual((await readdir(join(store, MARKET))).toSorted(), [
    'epochs',
    'genesis.fbg',
    'keys',
    'operator-keys.fbk',
  ]);
});

test('the old key signs on another machine, with the genesis alone', async () => {
  const away = join(dir, 'away');
  await cp(join(store, MARKET, 'genesis.fbg'), join(away, MARKET, 'genesis.fbg'));
  const out = join(dir, 'carried', 'operator-keys.fbk');
  const more = ['--store', away, '--from-epoch', '2', '--out', out];
  const ran = await rotate('first', 'second', ...more);
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal((await readdir(join(away, MARKET))).length, 1);
  await cp(out, list());
  assert.equal((await termsIn(list())).length, 2);
});

test('every market that the old key signs; of one alone it says which need that key', async () => {
  await writeChain(store, new ChainBuilder({ name: 'ETH-USD' }));
  const other = new ChainBuilder({ name: 'OTHER' });
  other.addEpoch([record.depositBase(3, 1)]);
  other.changeKey(filled(33));
  await writeChain(store, other);
  const theirs = await readFile(join(store, 'OTHER', 'operator-keys.fbk'));
  const one = await rotate('first', 'second', '--market', MARKET);
  assert.equal(one.status, 0, one.stderr);
  assert.match(one.stdout, /first\.key still signs ETH-USD \(poseidon\): .*--market ETH-USD/);
  assert.match(one.stdout, /keep .*first\.key/);
  await rm(list());
  const out = await rotate('first', 'third', '--out', join(dir, 'carried'));
  assert.deepEqual([out.status, /of one chain: name BTC-USD, ETH-USD/.test(out.stderr)], [2, true]);
  const lock = takeProofStore(join(store, 'ETH-USD'));
  const locked = await rotate('first', 'third');
  lock.release();
  assert.match(locked.stderr, /STORE_LOCKED: ETH-USD/);
  await assert.rejects(readFile(list()), { code: 'ENOENT' });
  const all = await rotate('first', 'third', '--json');
  assert.equal(all.status, 0, all.stderr);
  const told = all.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ market, fromEpoch, oldKeySigns }) => [market, fromEpoch, oldKeySigns]),
    [
      [MARKET, 2, []],
      ['ETH-USD', 0, []],
    ],
  );
  assert.deepEqual(await readFile(join(store, 'OTHER', 'operator-keys.fbk')), theirs);
});

/** Of a market beside another one, with one epoch; its key is that of `chain`. */
async function withStark(name = MARKET): Promise<StarkChainBuilder> {
  const stark = new StarkChainBuilder({ genesis: { name } });
  stark.addEpoch([]);
  await writeChain(store, stark);
  return stark;
}

const starkList = (market = MARKET) => join(store, market, 'stark', 'operator-keys.fbk');

test('a market has a list for each chain, and both are changed, or one that is named', async () => {
  const stark = await withStark();
  const alone = await withStark('ETH-USD');
  const all = await rotate('first', 'second', '--json');
  assert.equal(all.status, 0, all.stderr);
  const told = all.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((line) => [line.market, line.chain, line.fromEpoch, line.list, line.oldKeySigns]);
  assert.deepEqual(told, [
    [MARKET, 'poseidon', 2, list(), []],
    [MARKET, 'stark', 1, starkList(), []],
    ['ETH-USD', 'stark', 1, starkList('ETH-USD'), []],
  ]);
  const [first, second] = [await publicOf('first'), await publicOf('second')];
  assert.deepEqual(await termsIn(list()), [
    [0, first],
    [2, second],
  ]);
  for (const [path, built] of [
    [starkList(), stark],
    [starkList('ETH-USD'), alone],
  ] as const) {
    assert.deepEqual(await termsIn(path, built), [
      [0, first],
      [1, second],
    ]);
  }
  const verified = await foldbook('verify', '--store', store, '--market', 'ETH-USD');
  assert.equal(verified.status, 0, verified.stderr);
  assert.match(verified.stdout, new RegExp(`operator key ${second} from epoch 1 on`));
  const before = await readFile(list());
  // The epoch of the change before is not there yet: the next one is behind it.
  const ofOne = ['--market', MARKET, '--chain', 'stark', '--from-epoch', '4'];
  const one = await rotate('second', 'third', ...ofOne);
  assert.equal(one.status, 0, one.stderr);
  assert.match(one.stdout, /second\.key still signs BTC-USD \(poseidon\): .* --chain poseidon/);
  assert.match(one.stdout, /second\.key still signs ETH-USD \(stark\): .* --chain stark/);
  assert.deepEqual(await readFile(list()), before);
  assert.deepEqual((await termsIn(starkList(), stark)).at(-1), [4, await publicOf('third')]);
});

test('for an epoch or a file one chain is named, and one that refuses stops both', async () => {
  const stark = await withStark();
  const nothing = async (words: RegExp, ...more: string[]) => {
    const ran = await rotate('first', 'second', ...more);
    assert.deepEqual([ran.status, words.test(ran.stderr)], [2, true], ran.stderr);
    for (const path of [list(), starkList()]) {
      await assert.rejects(readFile(path), { code: 'ENOENT' });
    }
  };
  await nothing(/of one chain: BTC-USD has two, name stark or poseidon/, '--from-epoch', '9');
  const out = join(dir, 'carried.fbk');
  await nothing(/of one chain: BTC-USD has two/, '--out', out);
  await nothing(/--chain fold: there are poseidon, stark/, '--chain', 'fold');
  for (const folder of ['', 'stark']) {
    const lock = takeProofStore(join(store, MARKET, folder));
    await nothing(/STORE_LOCKED: BTC-USD/);
    if (folder === 'stark')
      await nothing(/proves .*--from-epoch/, '--out', out, '--chain', 'stark');
    lock.release();
  }
  const genesis = join(store, MARKET, 'stark', 'genesis.fbg');
  const file = await readFile(genesis);
  await writeFile(genesis, file.subarray(0, 99));
  await nothing(/BTC-USD \(stark\): .*restore it/);
  await writeFile(genesis, file);
  const more = ['--out', out, '--chain', 'stark', '--from-epoch', '9'];
  const named = await rotate('first', 'second', ...more);
  assert.equal(named.status, 0, named.stderr);
  assert.deepEqual((await termsIn(out, stark)).at(-1), [9, await publicOf('second')]);
  await rm(join(store, MARKET, 'stark'), { recursive: true });
  await nothing(/has no stark chain of BTC-USD/, '--chain', 'stark');
});

test('a chain that lost its genesis stops all, and is never taken for changed', async () => {
  await withStark();
  await withStark('ETH-USD');
  const nothing = async (words: RegExp, ...more: string[]) => {
    const ran = await rotate('first', 'second', ...more);
    assert.deepEqual([ran.status, words.test(ran.stderr)], [2, true], ran.stderr);
    for (const path of [list(), starkList(), starkList('ETH-USD'), keyFile('second')]) {
      await assert.rejects(readFile(path), { code: 'ENOENT' });
    }
  };
  const genesisOf = (market: string) => join(store, market, 'stark', 'genesis.fbg');
  const file = await readFile(genesisOf('ETH-USD'));
  await rm(genesisOf('ETH-USD'));
  const alone = /ETH-USD: its stark chain has epochs and no genesis\.fbg: restore it, or name what/;
  await nothing(alone);
  await nothing(alone, '--chain', 'stark');
  await nothing(/ETH-USD has epochs and no genesis\.fbg: restore it/, '--market', 'ETH-USD');
  await writeFile(genesisOf('ETH-USD'), file);
  await rm(genesisOf(MARKET));
  const beside =
    /BTC-USD: its stark chain has epochs and no genesis\.fbg: restore it, or name what/;
  await nothing(beside);
  await nothing(beside, '--market', MARKET);
  await nothing(beside, '--market', MARKET, '--chain', 'stark');
  await rm(genesisOf('ETH-USD'));
  const named = await rotate('first', 'second', '--market', MARKET, '--chain', 'poseidon');
  assert.equal(named.status, 0, named.stderr);
  assert.match(named.stdout, /first\.key still signs BTC-USD \(stark\): .* --chain stark/);
  assert.match(named.stdout, /first\.key still signs ETH-USD \(stark\): .* --chain stark/);
});

test('beside a prover nothing is written into its store, nor a default taken from it', async () => {
  const lock = takeProofStore(join(store, MARKET));
  try {
    const beside = await rotate('first', 'second');
    assert.equal(beside.status, 2, beside.stdout);
    const words = new RegExp(`STORE_LOCKED: ${MARKET} in .*: process ${process.pid} has it open`);
    assert.match(beside.stderr, words);
    const out = join(dir, 'operator-keys.fbk');
    const ahead = await rotate('first', 'second', '--out', out);
    assert.match(ahead.stderr, new RegExp(`process ${process.pid} proves .*name --from-epoch`));
    const named = await rotate('first', 'second', '--out', out, '--from-epoch', '9');
    assert.equal(named.status, 0, named.stderr);
    assert.equal((await termsIn(out)).length, 2);
  } finally {
    lock.release();
  }
  assert.equal((await rotate('first', 'second')).status, 0);
});

test('what no verifier would take is not written', async () => {
  const refuses = async (words: RegExp, ...args: Parameters<typeof rotate>) => {
    const before = await readFile(list()).catch(() => undefined);
    const ran = await rotate(...args);
    assert.equal(ran.status, 2, ran.stdout);
    assert.match(ran.stderr, words);
    assert.equal(ran.stderr.trim().split('\n').length, 1);
    assert.deepEqual(await readFile(list()).catch(() => undefined), before);
  };
  await refuses(/nothing\.key is not there/, 'nothing', 'second');
  await refuses(
    /epoch 1: it is in the store, and signed; name 2/,
    'first',
    'second',
    '--from-epoch',
    '1',
  );
  await writeKey('stranger', new Uint8Array(32).fill(55));
  await refuses(/stranger\.key is the key [0-9a-f]{64}; that of/, 'stranger', 'second');
  await refuses(/which was the operator's before/, 'first', 'first');
  await refuses(/holds no market ETH-USD/, 'first', 'second', '--market', 'ETH-USD');
  await chmod(await writeKey('open', new Uint8Array(32).fill(56)), 0o644);
  await refuses(/others may read the secret key/, 'first', 'open');
  assert.equal((await rotate('first', 'second', '--from-epoch', '5')).status, 0);
  await refuses(/first\.key is the key/, 'first', 'third');
  await refuses(/from epoch 5 on, the one before from 5/, 'second', 'third', '--from-epoch', '5');
  await refuses(/which was the operator's before/, 'second', 'first', '--from-epoch', '9');
  const file = new Uint8Array(await readFile(list()));
  await writeFile(list(), file.with(20, (file[20] ?? 0) ^ 1));
  await refuses(/KEY_CHANGE_SIGNATURE|KEY_CHANGE_KEY/, 'second', 'third', '--from-epoch', '9');
});
