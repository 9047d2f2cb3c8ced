import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommitPace } from './commit-pace.ts';

const noted = (records: number, ms: number, times: number, pace = new CommitPace()) => {
  for (let many = 0; many < times; many += 1) pace.note(records, ms);
  return pace;
};

describe('the pace of commits', () => {
  it('never makes a batch of one', () => {
    assert(!noted(1, 1e6, 100).isBatchWorth(1));
  });

  it('makes batches where a record takes long, and a batch not much longer', () => {
    const slowDisk = noted(100, 10, 100, noted(1, 5, 100));
    assert(slowDisk.isBatchWorth(3));
    assert(!slowDisk.isBatchWorth(2));
    const fastDisk = noted(100, 10, 100, noted(1, 0.1, 100));
    assert(!fastDisk.isBatchWorth(90));
    assert(fastDisk.isBatchWorth(110));
  });

  it('is not changed by one pause of the broker', () => {
    const pace = new CommitPace();
    const before = [2, 8, 20, 100].map((waiting) => pace.isBatchWorth(waiting));
    pace.note(200, 20);
    assert.deepEqual(
      [2, 8, 20, 100].map((waiting) => pace.isBatchWorth(waiting)),
      before,
    );
  });
});
