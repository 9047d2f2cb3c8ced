/** `dispute` of markets with a STARK chain: alone, and beside the other one. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { bytesToHex, checkEvidence, type HeaderFields } from '@foldbook/verifier';
import { ChainBuilder, certificateOf, filled, TestLog } from '@foldbook/verifier/testing';
import { StarkChainBuilder } from '@foldbook/verifier/testing/stark';
import { foldbook } from './testing/foldbook.ts';
import { writeChain } from './testing/write-chain.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-dispute-chains-'));
after(() => rm(dir, { recursive: true }));

const MARKET = 'TEST';
const NODE = filled(4);
const log = new TestLog(NODE).append([1]).append([2, 3]).append([4]);

type Change = Partial<Omit<HeaderFields<unknown>, 'rootOld' | 'rootNew'>>;
/** The whole log in the first epoch. */
const OF_LOG: Change = {
  ...{ logHeadEnd: log.groups[2]?.head ?? filled(0), logFirst: 10n, logLast: 14n },
  ...{ sequenceFirst: 1n, sequenceLast: 4n },
};

type Chain = ChainBuilder | StarkChainBuilder;

/** Epochs without records, whose headers say these things. */
function withEpochs<Built extends Chain>(chain: Built, changes: readonly Change[]): Built {
  for (const change of [OF_LOG, ...changes]) {
    chain.addEpoch([], { header: (header) => Object.assign(header, change) });
  }
  return chain;
}

const stark = (...changes: readonly Change[]) =>
  withEpochs(new StarkChainBuilder({ genesis: { name: MARKET } }), changes);
const poseidon = (...changes: readonly Change[]) =>
  withEpochs(new ChainBuilder({ name: MARKET }), changes);

async function storeOf(name: string, ...chains: readonly Chain[]): Promise<string> {
  const store = join(dir, name);
  for (const chain of chains) await writeChain(store, chain);
  return store;
}

const out = join(dir, 'evidence');

async function dispute(status: number, ...args: readonly string[]) {
  const ran = await foldbook('dispute', ...args, '--out', out, '--json');
  assert.equal(ran.status, status, `${ran.stdout}${ran.stderr}`);
  if (status === 2) return { words: ran.stderr, evidence: null };
  return JSON.parse(ran.stdout.split('\n')[0] ?? '');
}

const compare = (status: number, store: string, ...more: readonly string[]) =>
  dispute(status, '--store', store, '--market', MARKET, ...more);

async function evidenceIn(file: string) {
  const { operatorKey } = stark().genesis;
  const checked = checkEvidence(await readFile(file, 'utf8'), { operatorKey });
  assert(checked.ok);
  return checked;
}

test('receipts are held against a STARK chain, which a market may have alone', async () => {
  const chain = stark({}, {});
  const store = await storeOf('alone', chain);
  const file = join(dir, 'receipts.jsonl');
  const certificate = certificateOf(log.receipt(0).publicKey, chain.secretKey);
  const receipts = [log.receipt(2), log.receipt(2, { head: filled(9) })];
  const lines = [
    { certificate: bytesToHex(certificate) },
    ...receipts.map(({ bytes }) => ({ receipt: bytesToHex(bytes) })),
  ];
  const write = (kept: readonly object[]) =>
    writeFile(file, `${kept.map((line) => JSON.stringify(line)).join('\n')}\n`);
  await write(lines.slice(0, 2));
  const told = await dispute(0, file, '--store', store);
  const { verdict, epoch, certified } = told;
  assert.deepEqual([verdict, told.chain, epoch, certified], ['consistent', 'stark', 0, true]);
  await write(lines.toSpliced(1, 1));
  const lie = await dispute(1, file, '--store', store);
  assert.deepEqual([lie.verdict, lie.epoch], ['contradicted', 0]);
  const { kind, against } = await evidenceIn(lie.evidence);
  assert.deepEqual([kind, against], ['header', 'signed']);
  const other = await dispute(2, file, '--store', store, '--chain', 'poseidon');
  assert.match(other.words, /TEST has no poseidon chain in .*; it has stark/);
});

test('two STARK chains of one genesis are evidence where they part', async () => {
  const [told, kept] = [
    await storeOf('told', stark({})),
    await storeOf('kept', stark({ stateHash: 5n })),
  ];
  assert.deepEqual(await compare(0, told, '--other-store', told), { ok: true });
  const { at, evidence } = await compare(1, told, '--other-store', kept);
  assert.equal(at, 1);
  assert.equal((await evidenceIn(evidence)).kind, 'headers');
});

test("a market's two chains say the same of one log, or are evidence", async () => {
  const honest = await storeOf('both', stark({}), poseidon({}));
  assert.deepEqual(await compare(0, honest, '--other-chain', 'poseidon'), { ok: true });
  const behind = await storeOf('behind', stark({}), poseidon());
  const short = await compare(1, behind, '--other-chain', 'poseidon');
  assert.match(short.words, /agree in 1 epochs, and one has more/);
  const lying = await storeOf('lying', stark({}), poseidon({ stateHash: 5n }));
  const { at, words, evidence } = await compare(1, lying, '--other-chain', 'poseidon');
  assert.equal(at, 1);
  assert.match(words, /^epoch 1 of two chains begin behind log head .*: stateHash is/);
  const { kind, against } = await evidenceIn(evidence);
  assert.deepEqual([kind, against], ['chains', 'signed']);
  const checked = await foldbook('dispute', '--check', evidence);
  assert.match(checked.stdout, /^EVIDENCE \(chains\), market TEST: epoch 1 of two chains/);
  assert.match(checked.stdout, /both chains are of key [0-9a-f]{64}/);
  // Which one is looked at by default; and what there is not.
  const same = ['--other-store', lying, '--chain', 'poseidon'];
  assert.deepEqual(await compare(0, honest, '--other-store', lying), { ok: true });
  assert.equal((await compare(1, honest, ...same)).at, 1);
  assert.match((await compare(2, honest, '--other-chain', 'fold')).words, /--other-chain fold:/);
});

test('a chain that lost its genesis is told, and no other one taken for it', async () => {
  const store = await storeOf('headless', stark({}), poseidon({}));
  const whole = await storeOf('whole', stark({}), poseidon({}));
  await rm(join(store, MARKET, 'stark', 'genesis.fbg'));
  const lost = /headless, TEST: its stark chain has epochs and no genesis\.fbg: restore it/;
  const file = join(dir, 'one-receipt.jsonl');
  await writeFile(file, `${JSON.stringify({ receipt: bytesToHex(log.receipt(2).bytes) })}\n`);
  const held = await dispute(2, file, '--store', store);
  assert.match(held.words, lost);
  assert.match(held.words.trimEnd(), /or leave it out with --chain poseidon$/);
  assert.match((await compare(2, whole, '--other-store', store)).words, lost);
  const named = ['--other-store', store, '--chain', 'poseidon'];
  assert.deepEqual(await compare(0, whole, ...named), { ok: true });
  await rm(join(store, MARKET, 'genesis.fbg'));
  assert.match((await compare(2, whole, '--other-store', store)).words, lost);
});

test('a market that was begun anew is two chains, and no evidence', async () => {
  const anew = new ChainBuilder({ name: MARKET });
  anew.addEpoch([], { header: (header) => Object.assign(header, { logHeadEnd: filled(20) }) });
  const [old, store] = [await storeOf('old', stark({})), await storeOf('anew', anew)];
  const told = await compare(1, old, '--other-store', store, '--other-chain', 'poseidon');
  assert.match(told.words, /two chains: .* from epoch 0 on they have no head of the log in common/);
  assert.deepEqual([told.at, told.evidence], [0, null]);
});

test('a second history that counts its epochs otherwise is found by its heads', async () => {
  const split = new ChainBuilder({ name: MARKET });
  for (const change of [
    { ...OF_LOG, logHeadEnd: log.groups[0]?.head ?? filled(0), logLast: 10n, sequenceLast: 1n },
    { ...OF_LOG, logFirst: 12n, sequenceFirst: 2n },
    {},
  ]) {
    split.addEpoch([], { header: (header) => Object.assign(header, change) });
  }
  const store = await storeOf('split', stark({}, {}), split);
  const { at, words, evidence } = await compare(1, store, '--other-chain', 'poseidon');
  assert.equal(at, 0);
  assert.match(words, /^epochs 0 and 1 of two chains end with log head .*: epoch is 0 in one/);
  const { kind, against } = await evidenceIn(evidence);
  assert.deepEqual([kind, against], ['chains', 'signed']);
});

test('where two owners contradict each other first, what one of them signed is found', async () => {
  const sold = poseidon({});
  const KEY = filled(21);
  sold.changeKey(KEY);
  sold.addEpoch([]);
  class Buyers extends StarkChainBuilder {
    override readonly secretKey = KEY;
  }
  const operatorKey = sold.operatorKeys.terms[1]?.key ?? filled(0);
  const lies = [{ stateHash: 5n }, { stateHash: 6n }];
  const own = withEpochs(new Buyers({ genesis: { name: MARKET, operatorKey } }), lies);
  const store = await storeOf('sold', sold, own);
  const { at, evidence } = await compare(1, store, '--other-chain', 'poseidon');
  assert.equal(at, 2);
  const checked = checkEvidence(await readFile(evidence, 'utf8'), { operatorKey });
  assert(checked.ok && checked.kind === 'chains' && checked.against === 'signed');
});
