/** The comparison with another commit, as a user runs it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { foldbook, SHORT_WORKLOAD } from '../testing/bench-run.ts';
import { generateWorkload } from './workload-generator.ts';

test('regress: a verdict with its numbers', async (t) => {
  const parent = await new Promise((resolve) => {
    const args = ['-C', import.meta.dirname, 'rev-parse', '--verify', 'HEAD'];
    execFile('git', args, (error) => resolve(error === null));
  });
  if (parent !== true) return t.skip('not in a git repository');
  const folder = await mkdtemp(join(tmpdir(), 'foldbook-regress-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'short.bin');
  await writeFile(file, generateWorkload(SHORT_WORKLOAD));
  const args = ['bench', 'regress', file, '--against', 'HEAD', '--rounds', '8', '--json'];
  const { status, stdout, stderr } = await foldbook(args);
  assert.equal(stderr.includes('the workload says'), false, stderr);
  const report = JSON.parse(stdout);
  assert.equal(status, report.verdict === 'slower' ? 1 : 0);
  assert(['faster', 'slower', 'no difference'].includes(report.verdict));
  assert.deepEqual([report.rounds, report.checksumsOk], [8, true]);
  assert(report.pValue > 0 && report.pValue <= 1 && report.ratio > 0);
  assert(report.cpuNsPerCommand.this.median > 0 && report.cpuNsPerCommand.against.median > 0);
});
