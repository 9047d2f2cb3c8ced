// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CutJobs } from './cut-jobs.ts';
import { namePart } from './proof-job.ts';

const chain = 'ab'.repeat(32);
const partOf = (epoch: number, part: string) =>
  namePart({ market: 'A-USD', chain, epoch, part }, Uint8Array.of(epoch));

test('jobs of another cut are left over, and of epochs that are kept', () => {
  const jobs = new CutJobs();
  const [first, second] = [partOf(7, 'p70+6'), partOf(7, 'p76+4')];
  const other = partOf(7, 'p70+10');
  assert(!jobs.isLeft(other), 'nothing is cut yet');
  jobs.cut(chain, 7, [first, second]);
  jobs.cut(chain, 8, [partOf(8, 'p80+1')]);
  assert.deepEqual(
    [first, second, other].map((job) => jobs.isLeft(job)),
    [false, false, true],
  );
  assert(!jobs.isLeft({ ...second, id: `${second.id}-again` }));
  assert(jobs.isLeft({ ...other, id: `${other.id}-again` }));
  assert(jobs.isLeft(partOf(6, 'p60+10')), 'its epoch was in the store when the prover came');
  assert(!jobs.isLeft(partOf(9, 'p90+10')), 'it may be what comes of the next one');
  const elsewhere = { ...other, place: { ...other.place, chain: 'cd'.repeat(32) } };
  assert(!jobs.isLeft(elsewhere), "another prover's");
  jobs.kept(chain, 8);
  assert(jobs.isLeft(first) && jobs.isLeft(second));
  assert(!jobs.isLeft(partOf(8, 'p80+1')));
});
