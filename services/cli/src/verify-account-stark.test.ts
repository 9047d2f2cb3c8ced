import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openAccount, PlainTree } from '@foldbook/stark/verify';
import { decodeStarkEpochFile, encodeAccountProof } from '@foldbook/verifier';
import { record } from '@foldbook/verifier/testing';
import { StarkChainBuilder } from '@foldbook/verifier/testing/stark';
import { developmentChain } from './testing/development-chain.ts';
import { foldbook } from './testing/foldbook.ts';
import { writeChain } from './testing/write-chain.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-account-'));
after(() => rm(dir, { recursive: true }));

/** Epochs in which account 3 was given these amounts. */
function chainOf(...amounts: readonly number[]): StarkChainBuilder {
  const chain = new StarkChainBuilder();
  for (const amount of amounts) chain.addEpoch([record.depositBase(3, amount)]);
  return chain;
}

async function storeOf(name: string, chain: StarkChainBuilder): Promise<string> {
  const store = join(dir, name);
  await writeChain(store, chain);
  return store;
}

/** What an account is owed at the end of a chain. */
async function proofOf(name: string, chain: StarkChainBuilder, account = 3): Promise<string> {
  const last = `epochs/0000000${chain.state.nextEpoch - 1n}.fbe`;
  const epoch = decodeStarkEpochFile(chain.files.get(last) ?? new Uint8Array());
  assert(epoch.ok);
  const { headerBytes, signature } = epoch.value;
  const bytes = encodeAccountProof({
    ...{ chain: 'stark', account, keyChanges: [], headerBytes, signature },
    genesis: chain.files.get('genesis.fbg') ?? new Uint8Array(),
    opening: openAccount(new PlainTree(chain.accounts), account),
  });
  const file = join(dir, name);
  await writeFile(file, bytes);
  return file;
}

const chain = chainOf(5, 6);
const store = await storeOf('store', chain);
const file = await proofOf('mine.fba', chain);

test('by itself it shows what was signed, and says that no proof binds it', async () => {
  const { status, stdout } = await foldbook('verify', '--account', file);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^BTC-USD, account 3: base 11, quote 0, held included$/m);
  assert.match(stdout, /owed in all: base 11, quote 0/);
  assert.match(stdout, /genesis [0-9a-f]{64}, STARK chain/);
  assert.match(stdout, /\+ .* lie under one root, of the header's plain tree, which the operator/);
  assert.match(
    stdout,
    /- that the plain tree has the proved balances: no proof of a STARK chain b/,
  );
  const other = await proofOf('nothing.fba', chain, 4);
  const nothing = await foldbook('verify', '--account', other, '--json');
  const { ok, verdict, chain: kind, balance } = JSON.parse(nothing.stdout);
  assert.equal(verdict, 'signed', 'no proof was looked at');
  assert.deepEqual([ok, kind, balance], [true, 'stark', { base: '0', quote: '0' }]);
});

test('with the records of its chain it is proved, without them only signed', async () => {
  const proved = await foldbook('verify', '--account', file, '--store', store);
  assert.equal(proved.status, 0, proved.stdout);
  assert.match(proved.stdout, /\+ its root is the chain's, and its last/);
  assert.match(proved.stdout, /\+ the plain tree is that of the balances: they were recomputed/);
  assert.doesNotMatch(proved.stdout, /plain tree has the proved balances/);
  await rm(join(store, 'BTC-USD', 'epochs', '00000001.fbr'));
  const signed = await foldbook('verify', '--account', file, '--store', store);
  assert.equal(signed.status, 1);
  assert.match(signed.stdout, /^SIGNED, BUT NOT PROVED: what the account has: the chain is proved/);
  assert.match(signed.stdout, /- level data: 00000001\.fbr not in the epochs folder, restore its/);
  assert.match(signed.stdout, /- that the headers' plain trees of accounts are those of the bala/);
  assert.doesNotMatch(signed.stdout, /the plain tree is that of the balances/);
  const told = await foldbook('verify', '--account', file, '--store', store, '--json');
  const { ok, verdict, level } = JSON.parse(told.stdout);
  assert.deepEqual([ok, verdict, level], [false, 'signed', 'settlement']);
});

test('a plain tree that was signed with other balances stands in no recomputed chain', async () => {
  const lying = new StarkChainBuilder();
  lying.addEpoch([record.depositBase(3, 5), record.depositBase(4, 7)], {
    header: (header) => {
      const { ids, quote } = lying.accounts;
      // Of accounts 0, 1, 3 and 4.
      lying.accounts = { ids, base: BigUint64Array.of(12n, 0n, 9n, 3n), quote };
      header.accountsRoot = new PlainTree(lying.accounts).root;
    },
  });
  const mine = await proofOf('lying.fba', lying);
  assert.equal((await foldbook('verify', '--account', mine)).status, 0);
  const place = await storeOf('lying', lying);
  const { status, stdout } = await foldbook('verify', '--account', mine, '--store', place);
  assert.equal(status, 1);
  assert.match(stdout, /^REFUSED: PLAIN_ROOT: .*epoch 0, header: /);
});

test('it stands in the chain that it is of, and asks for it', async () => {
  // The records are those of the STARK chain: the other one, which is not asked, has none.
  const both = join(dir, 'both');
  await writeChain(both, await developmentChain());
  await writeChain(both, chain);
  const ran = await foldbook('verify', '--account', file, '--store', both, '--json');
  assert.match(ran.stdout, /"chain":"stark"/, ran.stderr);
  const other = join(dir, 'other');
  await writeChain(other, await developmentChain());
  for (const [args, words] of [
    [['--store', other], /BTC-USD has no stark chain in .*other; it has poseidon$/],
    [['--chain', 'stark'], /--chain is not for --account: leave it away$/],
  ] as const) {
    const { status, stderr } = await foldbook('verify', '--account', file, ...args);
    assert.equal(status, 2);
    assert.match(stderr.trimEnd(), words);
  }
});

test('a store that says otherwise under the same key leaves evidence', async () => {
  const other = await storeOf('fork', chainOf(5, 6_000));
  const out = join(dir, 'evidence');
  const options = ['--store', other, '--out', out, '--json'];
  const ran = await foldbook('verify', '--account', file, ...options);
  assert.equal(ran.status, 1, ran.stderr);
  const { code, message, evidence } = JSON.parse(ran.stdout);
  assert.equal(code, 'HEADER_CHAIN');
  assert.match(message, /epoch 1 has two signed headers/);
  const operator = Buffer.from(chain.genesis.operatorKey).toString('hex');
  const checked = await foldbook('dispute', '--check', evidence, '--operator', operator);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /^EVIDENCE \(headers\)/);
});
