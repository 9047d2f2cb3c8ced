// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CircuitName } from '@foldbook/circuits';
import { type FindFiles, filesOf, isForeign, ProofPool } from './proof-pool.ts';
import { someJobs } from './testing/scripted-maker.ts';
import { sampleJob } from './testing/statements.ts';

async function withPool(find: FindFiles, work: (pool: ProofPool) => Promise<void>): Promise<void> {
  const pool = new ProofPool(1, 'kernel', undefined, find);
  try {
    await work(pool);
  } finally {
    await pool.close();
  }
}

test('jobs of a circuit that is not built here are refused, others are not', async () => {
  const find = (name: CircuitName) => {
    if (name === 'batch-15') throw new Error('circuit batch-15 is not built');
    return filesOf(name);
  };
  await withPool(find, async (pool) => {
    const job = sampleJob('batch-15', 3);
    assert.equal(pool.refuses(job), 'circuit batch-15 is not built');
    await assert.rejects(pool.make(job), { code: 'PROVING_KEY' });
    assert.equal(pool.refuses(sampleJob('accounts-4', 2)), undefined);
  });
});

test('a damaged proving key is a fault of this place, and the circuit is refused from then on', {
  timeout: 120_000,
}, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-pool-'));
  const zkeyFile = join(dir, 'damaged.zkey');
  const find = (name: CircuitName) => ({ ...filesOf(name), zkeyFile });
  try {
    const zkey = await readFile(filesOf('accounts-4').zkeyFile);
    await writeFile(zkeyFile, zkey.subarray(0, zkey.length - 1));
    await withPool(find, async (pool) => {
      const job = sampleJob('accounts-4', 2);
      assert.equal(pool.refuses(job), undefined);
      const words = /^accounts-4 can't be proved here: .*damaged\.zkey has the SHA-256/;
      await assert.rejects(pool.make(job), { code: 'PROVING_KEY', message: words });
      assert.match(pool.refuses(job) ?? '', words);
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('foreign is what no worker of this release would take', () => {
  const [other] = someJobs(1);
  const own = sampleJob('accounts-4', 2);
  assert.deepEqual([own, other, { ...own, curve: 'x' }, 7].map(isForeign), [
    ...[false, true, true, true],
  ]);
});
