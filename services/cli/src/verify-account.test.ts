import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { decodeEpochFile, encodeAccountProof } from '@foldbook/verifier';
import { ChainBuilder, everyKind } from '@foldbook/verifier/testing';
import { foldbook } from './testing/foldbook.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-account-'));
after(() => rm(dir, { recursive: true }));

const chain = new ChainBuilder();
chain.addEpoch(everyKind);
const epoch = decodeEpochFile(chain.files.get('epochs/00000000.fbe') ?? new Uint8Array());
assert(epoch.ok);
const { headerBytes, signature } = epoch.value;
const open = (id: number) => ({ ...chain.tree.get(id), path: chain.tree.path(id) });
const bytes = encodeAccountProof({
  ...{ genesis: chain.files.get('genesis.fbg') ?? new Uint8Array(), headerBytes, signature },
  ...{ account: 3, leaf: open(3), supply: open(0) },
});

test('a proof is shown with what it shows, and refused once a byte of it is changed', async () => {
  const file = join(dir, 'mine.fba');
  await writeFile(file, bytes);
  const { status, stdout } = await foldbook('verify', '--account', file);
  assert.equal(status, 0);
  assert.match(stdout, /account 3: base 5, /);
  assert.match(stdout, /owed in all: base 998, quote 999900/);
  assert.match(stdout, /- that the root is of the proved chain/);
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
  for (const [name, contents] of chain.files) {
    const path = join(store, chain.genesis.name, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
  // Its keys are of a test, which no release trusts.
  const { status, stdout } = await foldbook('verify', '--account', file, '--store', store);
  assert.equal(status, 1);
  assert.match(stdout, /KEY_UNKNOWN/);
});

test('what is no such file is refused in one line', async () => {
  const { status, stderr } = await foldbook('verify', '--account', join(dir, 'nothing.fba'));
  assert.equal(status, 2);
  assert.match(stderr, /nothing\.fba can't be read/);
});
