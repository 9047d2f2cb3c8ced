import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';

test('proofs that were set aside are listed, and given another try', async () => {
  const store = await mkdtemp(join(tmpdir(), 'foldbook-aside-'));
  const folder = join(store, 'TEST-USD', 'aside');
  const proof = { market: 'TEST-USD', epoch: 3, part: 'b45+15', circuit: 'batch-15' };
  const told = { ...proof, reason: 'PROOF_FAILED: why', since: '2026-01-02T03:04:05.000Z' };
  const args = ['--store', store, '--market', 'TEST-USD', '--json'];
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(store, 'TEST-USD', 'genesis.fbg'), '');
    await writeFile(join(folder, '3-b45+15.json'), JSON.stringify({ ...told, job: 'id' }));
    const listed = await foldbook('prover', 'aside', ...args);
    assert.equal(listed.status, 1, listed.stderr);
    assert.deepEqual(JSON.parse(listed.stdout), { ...told, path: join(folder, '3-b45+15.json') });
    const retried = await foldbook('prover', 'retry', ...args);
    assert.equal(retried.status, 0, retried.stderr);
    assert.deepEqual(await readdir(folder), []);
    assert.equal((await foldbook('prover', 'aside', ...args)).status, 0);
    await writeFile(join(folder, '4-a0+4.json'), '{}');
    const broken = await foldbook('prover', 'aside', ...args);
    assert.equal(broken.status, 2);
    assert.match(broken.stderr, /4-a0\+4\.json: no "market"; remove it/);
    // The others are listed and tried again all the same.
    await writeFile(join(folder, '3-b45+15.json'), JSON.stringify({ ...told, job: 'id' }));
    await writeFile(join(folder, '5-a0+4.json'), '{"market":');
    const partly = await foldbook('prover', 'aside', ...args);
    assert.equal(partly.status, 2);
    assert.equal(JSON.parse(partly.stdout).part, 'b45+15');
    assert.match(partly.stderr, /5-a0\+4\.json: no JSON; remove it/);
    assert.equal((await foldbook('prover', 'retry', ...args)).status, 2);
    assert.deepEqual((await readdir(folder)).sort(), ['4-a0+4.json', '5-a0+4.json']);
  } finally {
    await rm(store, { recursive: true, force: true });
  }
});

test('a store or a market that is not there is told', async () => {
  const store = await mkdtemp(join(tmpdir(), 'foldbook-aside-'));
  try {
    for (const command of ['aside', 'retry']) {
      const missing = await foldbook('prover', command, '--store', join(store, 'nowhere'));
      assert.equal(missing.status, 2);
      assert.match(missing.stderr, /--store: .*nowhere can't be read: there is no such/);
      const other = await foldbook('prover', command, '--store', store, '--market', 'ETH-USD');
      assert.equal(other.status, 2);
      assert.match(other.stderr, /--market: .* has no market ETH-USD/);
    }
    assert.equal((await foldbook('prover', 'aside', '--store', store)).status, 0);
  } finally {
    await rm(store, { recursive: true, force: true });
  }
});
