import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeEpochFile, encodeAccountProof } from '@foldbook/verifier';
import { ChainBuilder, everyKind, filled, record } from '@foldbook/verifier/testing';
import { developmentChain } from './testing/development-chain.ts';
import { foldbook } from './testing/foldbook.ts';
import { writeChain } from './testing/write-chain.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-account-'));
after(() => rm(dir, { recursive: true }));

const chain = new ChainBuilder();
chain.addEpoch(everyKind);
const bytes = proofOf(chain, 3);

/** Under the root of the chain's first epoch, which is its last. */
function proofOf({ files, tree }: ChainBuilder, account: number): Uint8Array {
  const epoch = decodeEpochFile(files.get('epochs/00000000.fbe') ?? new Uint8Array());
  assert(epoch.ok);
  const { headerBytes, signature } = epoch.value;
  const genesis = files.get('genesis.fbg') ?? new Uint8Array();
  const open = (id: number) => ({ ...tree.get(id), path: tree.path(id) });
  return encodeAccountProof({
    chain: 'poseidon',
    ...{ genesis, keyChanges: [], headerBytes, signature, account },
    ...{ leaf: open(account), supply: open(0) },
  });
}

test('a proof is shown with what it shows, and refused once a byte of it is changed', async () => {
  const file = join(dir, 'mine.fba');
  await writeFile(file, bytes);
  const { status, stdout } = await foldbook('verify', '--account', file);
  assert.equal(status, 0);
  assert.match(stdout, /account 3: base 5, /);
  assert.match(stdout, /owed in all: base 998, quote 999900/);
  assert.match(stdout, /- that the root is of the proved chain/);
  // The genesis's key, which signed it, may have been changed since.
  const leftOut = /- that no change of the operator's key is left out/;
  assert.match(stdout, leftOut);
  const key = Buffer.from(chain.genesis.operatorKey).toString('hex');
  const pinned = await foldbook('verify', '--account', file, '--operator', key);
  assert.doesNotMatch(pinned.stdout, leftOut);
  const wrong = ['--genesis', '00'.repeat(32)];
  assert.match((await foldbook('verify', '--account', file, ...wrong)).stdout, /GENESIS_UNEXPECT/);
  bytes[12] = (bytes[12] ?? 0) ^ 1;
  await writeFile(file, bytes);
  const changed = await foldbook('verify', '--account', file);
  assert.deepEqual([changed.status, /ACCOUNT_PATH/.test(changed.stdout)], [1, true]);
  bytes[12] = (bytes[12] ?? 0) ^ 1;
});

test('a store whose chain is refused lends the proof nothing', async () => {
  const file = join(dir, 'other.fba');
  await writeFile(file, bytes);
  const store = join(dir, 'store');
  await writeChain(store, chain);
  // Its keys are of a test, which no release trusts.
  const { status, stdout } = await foldbook('verify', '--account', file, '--store', store);
  assert.equal(status, 1);
  assert.match(stdout, /KEY_UNKNOWN/);
});

test('a chain that only development keys prove lends it no more than verify does', async () => {
  const weak = await developmentChain();
  const [file, store] = [join(dir, 'weak.fba'), join(dir, 'weak')];
  await writeFile(file, proofOf(weak, 3));
  await writeChain(store, weak);
  const withRecords = await foldbook('verify', '--account', file, '--store', store);
  assert.equal(withRecords.status, 0, withRecords.stdout);
  const leftOut = /- that no change of the operator's key is left out/g;
  assert.equal(withRecords.stdout.match(leftOut)?.length, 1);
  const key = Buffer.from(weak.genesis.operatorKey).toString('hex');
  const pin = ['--operator', key];
  const pinned = await foldbook('verify', '--account', file, '--store', store, ...pin);
  assert.doesNotMatch(pinned.stdout, leftOut);
  assert.match(withRecords.stdout, /WARNING: development keys/);
  assert.doesNotMatch(withRecords.stdout, /NOT PROVED/);
  await rm(join(store, weak.genesis.name, 'epochs', '00000000.fbr'));
  const ofStore = await foldbook('verify', '--store', store);
  const ofAccount = await foldbook('verify', '--account', file, '--store', store);
  for (const { status, stdout } of [ofStore, ofAccount]) {
    assert.equal(status, 1);
    assert.match(stdout, /^SIGNED, BUT NOT PROVED/);
    assert.match(stdout, /WARNING: development keys/);
    assert.match(stdout, /- level data: 00000000\.fbr not in the epochs folder, restore its/);
    assert.equal(stdout.match(/deposits are backed/g)?.length, 1);
  }
  for (const args of [
    ['--store', store],
    ['--account', file, '--store', store],
  ]) {
    const { ok, verdict } = JSON.parse((await foldbook('verify', ...args, '--json')).stdout);
    assert.deepEqual([ok, verdict], [false, 'signed']);
  }
});

test('what is no such file is refused in one line', async () => {
  const { status, stderr } = await foldbook('verify', '--account', join(dir, 'nothing.fba'));
  assert.equal(status, 2);
  assert.match(stderr, /nothing\.fba can't be read/);
});

test('what is not for it, and stores that lack what it needs: one line, status 2', async () => {
  const { build } = await storeOf('long', [5, 6]);
  const proof = await lastProofOf('long.fba', build);
  const { store: short } = await storeOf('short', [5]);
  const { store: headless } = await storeOf('headless', [5]);
  await rm(join(headless, 'BTC-USD', 'genesis.fbg'));
  for (const [args, words] of [
    [['--epochs', '0'], /--epochs is not for --account/],
    [['--level', 'data'], /--level is not for --account/],
    [['--nats', 'nats://127.0.0.1:1'], /--nats is not for --account/],
    [['--market', 'ETH-USD'], /--market ETH-USD: the proof is of BTC-USD$/],
    [['--store', join(dir, 'none')], /none holds no market: there is no such/],
    [['--store', headless], /BTC-USD has epochs and no genesis\.fbg: restore it$/],
    [['--store', short], /short ends with epoch 0, the proof is of epoch 1: get a newer copy$/],
  ] as const) {
    const { status, stderr } = await foldbook('verify', '--account', proof, ...args);
    assert.deepEqual([status, stderr.trimEnd().split('\n').length], [2, 1], stderr);
    assert.match(stderr.trimEnd(), words);
  }
  const whole = await foldbook('verify', '--store', headless);
  assert.equal(whole.status, 2);
  assert.match(whole.stderr, /BTC-USD has epochs and no genesis\.fbg/);
});

/** A store of epochs in which account 3 was given these amounts. */
async function storeOf(name: string, amounts: readonly number[], build = new ChainBuilder()) {
  for (const amount of amounts) build.addEpoch([record.depositBase(3, amount)]);
  const store = join(dir, name);
  await writeChain(store, build);
  return { store, build };
}

/** What account 3 is owed at the end of a chain. */
async function lastProofOf(name: string, build: ChainBuilder): Promise<string> {
  const last = build.state.nextEpoch - 1n;
  const decoded = decodeEpochFile(build.files.get(`epochs/0000000${last}.fbe`) ?? new Uint8Array());
  assert(decoded.ok);
  const leaf = (id: number) => ({ ...build.tree.get(id), path: build.tree.path(id) });
  const { headerBytes, signature } = decoded.value;
  const path = join(dir, name);
  await writeFile(
    path,
    encodeAccountProof({
      chain: 'poseidon',
      ...{ genesis: build.files.get('genesis.fbg') ?? new Uint8Array(), headerBytes, signature },
      ...{ keyChanges: build.keyChanges, account: 3, leaf: leaf(3), supply: leaf(0) },
    }),
  );
  return path;
}

test('an operator that shows users other supplies in two epochs leaves evidence', async () => {
  const { build: shown } = await storeOf('shown', [5, 6, 7]);
  const proof = await lastProofOf('shown.fba', shown);
  const out = join(dir, 'evidence');
  for (const [amounts, words] of [
    // The store has the proof's own epoch, or ends with the one before it.
    [[5, 6_000, 7], /epoch 2 has two signed headers/],
    [[5, 6_000], /epoch 2 does not go on from epoch 1: previous header hash/],
  ] as const) {
    const { store } = await storeOf(`other-${amounts.length}`, amounts);
    const ran = await foldbook(
      ...['verify', '--account', proof, '--store', store, '--out', out, '--json'],
    );
    assert.equal(ran.status, 1, ran.stderr);
    const { code, message, evidence } = JSON.parse(ran.stdout);
    assert.equal(code, 'HEADER_CHAIN');
    assert.match(message, words);
    const operator = Buffer.from(shown.genesis.operatorKey).toString('hex');
    const checked = await foldbook('dispute', '--check', evidence, '--operator', operator);
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /^EVIDENCE \(headers\)/);
    assert.match(checked.stdout, words);
  }
  // What agrees leaves none: the verifier goes on to what else it has to say.
  const { store } = await storeOf('same', [5, 6, 7, 8]);
  const ran = await foldbook('verify', '--account', proof, '--store', store, '--out', out);
  assert.match(ran.stdout, /KEY_UNKNOWN/);
  assert.equal((await readdir(out)).length, 2);
});

test("a thief of the old key is found out by the operator's new one", async () => {
  const rotated = new ChainBuilder();
  rotated.addEpoch([record.depositBase(3, 5)]);
  rotated.changeKey(filled(21));
  const { store } = await storeOf('rotated', [6], rotated);
  const forged = new ChainBuilder();
  for (const amount of [5, 6_000]) forged.addEpoch([record.depositBase(3, amount)]);
  const proof = await lastProofOf('forged.fba', forged);
  const [old, now] = rotated.operatorKeys.terms.map(({ key }) => Buffer.from(key).toString('hex'));
  assert(old !== undefined && now !== undefined);
  assert.equal((await foldbook('verify', '--account', proof)).status, 0);
  const pinned = await foldbook('verify', '--account', proof, '--operator', now);
  assert.deepEqual([pinned.status, /OPERATOR_KEY/.test(pinned.stdout)], [1, true]);
  const own = await lastProofOf('rotated.fba', rotated);
  for (const operator of [old, now]) {
    const ran = await foldbook('verify', '--account', own, '--operator', operator);
    assert.equal(ran.status, 0, ran.stdout);
    assert.match(ran.stdout, new RegExp(`signed by ${now}`));
    assert.equal(ran.stdout.includes('no change of the operator'), operator === old);
  }
  const out = join(dir, 'thief');
  const ran = await foldbook('verify', '--account', proof, '--store', store, '--out', out);
  assert.equal(ran.status, 1);
  const [file] = await readdir(out);
  const checked = await foldbook('dispute', '--check', join(out, file ?? ''));
  assert.equal(checked.status, 0, checked.stdout);
  for (const key of [old, now]) assert.match(checked.stdout, new RegExp(`epochs signed by ${key}`));
  const retired = new RegExp(
    `epochs signed by ${old}\n  that key was changed from epoch 1 on: oth`,
  );
  assert.match(checked.stdout, retired);
  assert.match(
    checked.stdout,
    /against the operator, or against somebody who got hold of that key/,
  );
  assert.match(ran.stdout, /or somebody who has a key that was changed/);
  // Two changes of one key, which only its owner, or the thief, can have signed.
  const other = new ChainBuilder();
  other.addEpoch([record.depositBase(3, 5)]);
  other.changeKey(filled(22));
  other.addEpoch([record.depositBase(3, 6)]);
  const twice = await lastProofOf('twice.fba', other);
  const lists = await foldbook(
    ...['verify', '--account', twice, '--store', store, '--out', join(dir, 'lists'), '--json'],
  );
  const { code, evidence } = JSON.parse(lists.stdout);
  assert.deepEqual([lists.status, code], [1, 'OPERATOR_KEY']);
  const both = await foldbook('dispute', '--check', evidence, '--operator', old);
  assert.deepEqual([both.status, /^EVIDENCE \(keys\)/.test(both.stdout)], [0, true]);
  const { store: third } = await storeOf('third', [], other);
  const stores = ['dispute', '--store', store, '--other-store', third, '--market', 'BTC-USD'];
  const compared = await foldbook(...stores, '--out', join(dir, 'lists'));
  assert.equal(compared.status, 1);
  assert.match(compared.stdout, /two lists of changes.*evidence: /);
});
