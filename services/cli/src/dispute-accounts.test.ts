/** `dispute --account`: two files of what an operator says that it owes. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type AccountOpening, openAccount, PlainTree } from '@foldbook/stark/verify';
import { decodeStarkEpochFile, encodeAccountProof } from '@foldbook/verifier';
import { filled, record } from '@foldbook/verifier/testing';
import { StarkChainBuilder, type StarkCheats } from '@foldbook/verifier/testing/stark';
import { foldbook } from './testing/foldbook.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-dispute-accounts-'));
after(() => rm(dir, { recursive: true }));
const out = join(dir, 'evidence');

const genesisOf = (chain: StarkChainBuilder) => chain.files.get('genesis.fbg') ?? filled(0);

/** What an account is owed at the end of a chain. */
async function fileOf(
  name: string,
  chain: StarkChainBuilder,
  opening: AccountOpening,
): Promise<string> {
  const last = `epochs/0000000${chain.state.nextEpoch - 1n}.fbe`;
  const epoch = decodeStarkEpochFile(chain.files.get(last) ?? filled(0));
  assert(epoch.ok);
  const { headerBytes, signature } = epoch.value;
  const { account } = opening;
  const signed = { genesis: genesisOf(chain), keyChanges: [], headerBytes, signature };
  const file = join(dir, name);
  await writeFile(file, encodeAccountProof({ chain: 'stark', account, opening, ...signed }));
  return file;
}

/** An epoch in which account 3 was given 5, and 4 was given 7. */
function chainOf(cheats: StarkCheats = {}, nonce = filled(1)): StarkChainBuilder {
  const chain = new StarkChainBuilder({ genesis: { nonce } });
  chain.addEpoch([record.depositBase(3, 5), record.depositBase(4, 7)], cheats);
  return chain;
}

async function dispute(status: number, one: string, other: string, folder = out) {
  const files = ['--account', one, '--other-account', other];
  const ran = await foldbook('dispute', ...files, '--out', folder, '--json');
  assert.equal(ran.status, status, `${ran.stdout}${ran.stderr}`);
  return status === 2 ? { words: ran.stderr, evidence: null } : JSON.parse(ran.stdout);
}

const honest = chainOf();
const tree = new PlainTree(honest.accounts);
const mine = await fileOf('mine.fba', honest, openAccount(tree, 3));
const operator = Buffer.from(honest.genesis.operatorKey).toString('hex');

async function assertEvidence(file: string, words: RegExp): Promise<void> {
  const { status, stdout } = await foldbook('dispute', '--check', file, '--operator', operator);
  assert.equal(status, 0, stdout);
  assert.match(stdout, words);
  assert.match(stdout, new RegExp(`epochs signed by ${operator}`));
}

test('an operator that owes an account two sums under one header leaves evidence', async () => {
  // Account 4's row is another one of account 3.
  const ids = Uint32Array.of(0, 1, 3, 3);
  const forged = new PlainTree({ ...honest.accounts, ids });
  const lying = chainOf({
    header: (header) => {
      header.accountsRoot = forged.root;
    },
  });
  const at = (place: number): AccountOpening => {
    const [row, supply] = [forged.open(place), forged.open(0)];
    return { account: 3, rows: 4, place, row, next: undefined, supply };
  };
  const [five, seven] = [await fileOf('5.fba', lying, at(2)), await fileOf('7.fba', lying, at(3))];
  for (const file of [five, seven]) {
    assert.equal((await foldbook('verify', '--account', file)).status, 0, 'taken by its customer');
  }
  const { ok, at: epoch, words, evidence } = await dispute(1, five, seven);
  assert.deepEqual([ok, epoch], [false, 0]);
  assert.match(words, /account 3 in row 2 \(base 5, quote 0\), and account 3 in row 3 \(base 7/);
  await assertEvidence(evidence, /^EVIDENCE \(accounts\), market BTC-USD: epoch 0: the plain tree/);
  // By text alone, and not by another operator.
  const text = await readFile(evidence, 'utf8');
  assert.equal(JSON.parse(text).v, 3);
  const stranger = ['--operator', 'ab'.repeat(32)];
  const pinned = await foldbook('dispute', '--check', evidence, ...stranger);
  assert.equal(pinned.status, 1);
  assert.match(pinned.stdout, /^NO EVIDENCE: EVIDENCE_SIGNER: /);
  // The other header of the epoch is evidence by itself.
  const headers = await dispute(1, five, mine);
  assert.match(headers.words, /epoch 0 has two signed headers/);
  await assertEvidence(headers.evidence, /^EVIDENCE \(headers\), market BTC-USD: /);
});

test('files that may both be true are no evidence', async () => {
  const folder = join(dir, 'none');
  const longer = chainOf();
  longer.addEpoch([record.depositBase(3, 1)]);
  const now = openAccount(new PlainTree(longer.accounts), 3);
  for (const other of [
    mine,
    await fileOf('yours.fba', honest, openAccount(tree, 4)),
    await fileOf('nothing.fba', honest, openAccount(tree, 2)),
    await fileOf('later.fba', longer, now),
  ]) {
    assert.deepEqual(await dispute(0, mine, other, folder), { ok: true });
  }
  await assert.rejects(readdir(folder), { code: 'ENOENT' });
});

test('files of two chains that say two things of one log leave evidence', async () => {
  const other = chainOf(
    { header: (header) => Object.assign(header, { stateHash: 77n }) },
    filled(2),
  );
  const file = await fileOf('other.fba', other, openAccount(new PlainTree(other.accounts), 4));
  const { words, evidence } = await dispute(1, mine, file);
  assert.match(words, /^epoch 0 of two chains end with log head [0-9a-f]{64}: stateHash is/);
  await assertEvidence(evidence, /^EVIDENCE \(chains\), market BTC-USD: epoch 0 of two chains/);
});

test('what can not be compared is refused in one line', async () => {
  const bytes = await readFile(mine);
  const altered = join(dir, 'altered.fba');
  await writeFile(altered, bytes.with(20, (bytes[20] ?? 0) ^ 1));
  const begunAnew = chainOf({}, filled(2));
  const opening = openAccount(new PlainTree(begunAnew.accounts), 3);
  for (const [other, words] of [
    [altered, /altered\.fba shows nothing: ACCOUNT_PATH: .*; see foldbook verify --account /],
    [
      await fileOf('anew.fba', begunAnew, opening),
      /: the files are of two chains, [0-9a-f]{64} and [0-9a-f]{64}, whose headers do not con/,
    ],
    [join(dir, 'none.fba'), /none\.fba can't be read: there is no such file/],
  ] as const) {
    const told = await dispute(2, mine, other);
    assert.match(told.words, words);
    assert.equal(told.words.trimEnd().split('\n').length, 1);
  }
  for (const more of [['--operator', operator], ['receipts.jsonl']]) {
    const files = ['--account', mine, '--other-account', mine];
    const { status, stderr } = await foldbook('dispute', ...files, ...more);
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`${more[0]} is not for --account: `));
  }
  const alone = await foldbook('dispute', '--account', mine);
  assert.deepEqual([alone.status, /--other-account is missing/.test(alone.stderr)], [2, true]);
});
