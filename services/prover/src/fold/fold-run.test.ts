// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFoldKey } from '@foldbook/verifier';
import { FoldModel, tinyShape } from '@foldbook/verifier/testing';
import { batchJobs, plansOf } from '../testing/fold-jobs.ts';
import { FoldRun } from './fold-run.ts';
import type { FoldTaskDone } from './fold-worker.ts';

test('a run that fails has ended: nothing of it is at work in its folder any more', async () => {
  const read = readFoldKey(new FoldModel(tinyShape).file);
  assert(read.ok);
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-run-'));
  const order: string[] = [];
  const noFiles = { digest: '', wasmFile: '', shapeFile: '' };
  const done: FoldTaskDone = { cpuMs: 1, wallMs: 1 };
  const run = new FoldRun({
    place: { dir, run: new Uint8Array(32), ...noFiles, bases: undefined },
    ...{ key: read.value, plans: plansOf(batchJobs(15, 6)), chunkLeaves: 2, lanes: 2 },
    ...{ signal: undefined, onNode: undefined },
    work: async (build) => {
      const task = build();
      assert(task.kind === 'leaves');
      order.push(`from leaf ${task.first}`);
      if (task.first > 0) {
        await writeFile(join(dir, 'node'), '');
        order.push('the other lane is done');
        return done;
      }
      throw new Error('out of memory');
    },
  });
  try {
    await run.all().catch((error: Error) => order.push(error.message));
    const lanes = ['from leaf 0', 'from leaf 2', 'the other lane is done'];
    assert.deepEqual(order, [...lanes, 'out of memory']);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
