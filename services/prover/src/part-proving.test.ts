// SPDX-License-Identifier: GPL-3.0-or-later
/** Parts as jobs: packed, made in a thread, refused. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { genesisAccounts, verifyPart } from '@foldbook/stark';
import { jobFromWire, jobToWire, resultFromWire, resultToWire } from './job-wire.ts';
import { packAccounts, unpackAccounts } from './packed-accounts.ts';
import { CommitPool, LocalCommits } from './part-commits.ts';
import type { PartJob } from './proof-job.ts';
import { isForeign, ProofPool } from './proof-pool.ts';
import { samplePartJob } from './testing/part-jobs.ts';

const pool = new ProofPool(1);
const job = await samplePartJob();

after(() => pool.close());

test('a part is made by the pool that makes circuits, and is what the job says', async () => {
  assert.equal(pool.refuses(job), undefined);
  const { proof, worker } = await pool.make(job);
  const verdict = verifyPart(job.statement, proof);
  assert(verdict.ok, verdict.ok ? '' : verdict.message);
  assert.match(worker ?? '', /:\d+$/);
});

test('a job whose content is not what its statement names is not made', async () => {
  const other = await samplePartJob(6n);
  const refused = (changed: Partial<PartJob>, message: RegExp) =>
    assert.rejects(pool.make({ ...job, ...changed }), { message });
  await refused({ records: other.records }, /not those that its statement names/);
  await refused({ statement: job.statement.slice(1) }, /byte/);
  await refused({ records: job.records.slice(1) }, /FBPR/);
  await refused({ accounts: job.accounts.slice(1) }, /accounts/);
});

test('a part of another release is left to others', () => {
  const foreign = { ...job, keyDigest: '00' };
  assert.match(pool.refuses(foreign) ?? '', /for the key 00 of stark-part/);
  assert.deepEqual([jobToWire(job), jobToWire(foreign)].map(isForeign), [false, true]);
});

test('closing the pool ends a part under way', async () => {
  const closing = new ProofPool(1);
  const ended = assert.rejects(closing.make(job));
  await closing.close();
  await ended;
});

test('who plans parts is told whether that ends, or cannot be done', async () => {
  const accounts = genesisAccounts();
  const records = job.records.slice(1);
  const wrong = new LocalCommits().commit({ logBlowup: 2, records, accounts });
  await assert.rejects(wrong, { code: 'PROVING_KEY', message: /FBPR/ });
  const closing = new CommitPool();
  const ended = assert.rejects(closing.commit({ logBlowup: 2, accounts }), { code: 'CLOSED' });
  await closing.close();
  await ended;
});

test('a part and its proof survive their way, within their sizes', () => {
  const wire = JSON.parse(JSON.stringify(jobToWire(job)));
  assert.deepEqual(jobFromWire(wire), job);
  const statement = Buffer.alloc(2 ** 11 + 3).toString('base64');
  for (const changed of [
    { ...wire, statement },
    { ...wire, records: '*' },
    { ...wire, input: {} },
  ]) {
    assert(jobFromWire(changed) instanceof Error);
  }
  const result = { proof: Uint8Array.of(1, 2, 3), publicSignals: [], proveMs: 1 };
  const sent = JSON.parse(JSON.stringify(resultToWire(result, job)));
  assert.deepEqual(resultFromWire(sent, 10, job), result);
  assert(resultFromWire(sent, 10, { circuit: 'batch-15' }) instanceof Error);
  const long = { ...sent, proof: Buffer.alloc(2 ** 21 + 3).toString('base64') };
  assert(resultFromWire(long, 10, job) instanceof Error);
});

test('packed accounts are the table again; what is no table is refused', () => {
  const { ids, base, quote } = genesisAccounts();
  const table = {
    ids: Uint32Array.of(...ids, 7, 2 ** 24 - 1),
    base: BigUint64Array.of(...base, 2n ** 63n - 1n, 0n),
    quote: BigUint64Array.of(...quote, 0n, 1n),
  };
  const packed = packAccounts(table);
  assert.deepEqual(unpackAccounts(packed), table);
  for (let length = 0; length < packed.length; length += 1) {
    assert(unpackAccounts(packed.subarray(0, length)) instanceof Error);
  }
  const wrong = [
    { ...table, ids: Uint32Array.of(0, 2, 7, 8) },
    { ...table, base: BigUint64Array.of(0n, 0n, 2n ** 63n, 0n) },
  ];
  for (const one of wrong) assert(unpackAccounts(packAccounts(one)) instanceof Error);
});
