// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkerPolicy } from './worker-policy.ts';

const MIB = 2 ** 20;
const limits = {
  min: 1,
  max: 4,
  jobsPerWorker: 4,
  memoryBytes: 2_000 * MIB,
  workerBytes: 400 * MIB,
  coolDownMs: 1_000,
};
const rss = (...mebibytes: number[]) => mebibytes.map((each) => each * MIB);

test('workers follow the backlog between the least and the most', () => {
  const policy = new WorkerPolicy(limits);
  const decide = (backlog: number) => policy.decide({ backlog, nowMs: 0, rssBytes: [] }).workers;
  assert.deepEqual([0, 1, 4, 5, 12, 17, 1_000].map(decide), [1, 1, 1, 2, 3, 4, 4]);
});

test('fewer only when fewer were enough for a while', () => {
  const policy = new WorkerPolicy(limits);
  const at = (nowMs: number, backlog: number) =>
    policy.decide({ backlog, nowMs, rssBytes: rss(300, 300, 300) }).workers;
  assert.deepEqual([at(0, 2), at(999, 2), at(1_000, 2)], [3, 3, 1]);
  assert.deepEqual([at(1_100, 2), at(1_500, 12), at(2_200, 2), at(3_199, 2)], [3, 3, 3, 3]);
});

test('all of them stay within the budget, counted as the largest that was seen', () => {
  const policy = new WorkerPolicy(limits);
  const decide = (...mebibytes: number[]) =>
    policy.decide({ backlog: 100, nowMs: 0, rssBytes: rss(...mebibytes) });
  assert.equal(decide().workers, 4);
  const grown = decide(900, 300);
  assert.equal(grown.workers, 2);
  assert.match(grown.reason, /2000 MiB for workers of up to 900 MiB, 1200 taken/);
  assert.equal(decide(300, 300).workers, 2, 'it may grow again');
  assert.equal(decide(1_100, 300).workers, 1);
  assert.equal(decide(2_100).workers, 0, 'one that takes more than all may is not let run');
});

test('with nobody to ask for the backlog there are as many as before', () => {
  const policy = new WorkerPolicy(limits);
  const facts = { backlog: undefined, nowMs: 0 };
  assert.equal(policy.decide({ ...facts, rssBytes: [] }).workers, 1);
  assert.equal(policy.decide({ ...facts, rssBytes: rss(300, 300) }).workers, 2);
});
