// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Comparison, compare, LEARNING } from './comparison.ts';
import { recordedLoads } from './load.ts';
import { routerSchema } from './settings.ts';
import { simulate } from './simulation.ts';
import { cutPolicies, partsWorld, scaledLoad } from './simulation-parts.ts';

const world = partsWorld(2, [1, 1.004]);
/** So many times the records: epochs of 1,000 to 96,000. */
const RECORDS = 400;

/** Who verifies, the deadline, and how much more often than recorded epochs close. */
const settings = [
  ['any', 60_000, 1],
  ['any', 60_000, 10],
  ['any', 1_000, 10],
  ['any', 3_000, 60],
  ['light', 60_000, 10],
  ['on-chain', 300_000, 10],
] as const;

const comparisons = settings.map(([verifier, deadlineMs, often]) => {
  const loads = recordedLoads().map((load) => scaledLoad(load, RECORDS, often));
  const judged = loads.filter(({ name }) => !name.startsWith('tune'));
  const learning = loads.filter(({ name }) => name === LEARNING);
  const router = routerSchema.parse({ verifier, deadlineMs });
  return compare(judged, learning, world, router, [1, 2, 3], cutPolicies);
});

/** How much worse than the router a cut is that is the same for all epochs. */
function worse({ router, fixed }: Comparison, name: string): number {
  const same = fixed.find(({ policy }) => policy === name);
  assert(same !== undefined);
  return same.score / router.score;
}

test('full parts are 3 % better at most, a part for each worker is far worse', () => {
  for (const [index, comparison] of comparisons.entries()) {
    const where = settings[index]?.join();
    for (const workers of [1, 2]) {
      assert(worse(comparison, `65536, ${workers} at a time`) > 0.97, where);
      assert(worse(comparison, `a part for each worker, ${workers} at a time`) > 1.3, where);
    }
  }
});

test('where time is short two workers at a time are better, and the router knows', () => {
  const hurried = comparisons[2];
  assert(hurried !== undefined);
  assert(worse(hurried, '65536, 1 at a time') > 1.04);
  assert(worse(hurried, '65536, 2 at a time') > 0.98);
});

test('no cut that is the same for all epochs is as good, all loads and verifiers together', () => {
  for (const { policy } of comparisons[0]?.fixed ?? []) {
    const each = comparisons.map((comparison) => worse(comparison, policy));
    assert(Math.min(...each) > 0.94, `${policy}: ${each}`);
    const logs = each.map(Math.log);
    const mean = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    assert(mean > 1, `${policy}: ${mean}`);
  }
});

test('one seed gives one outcome, and every epoch is proved', () => {
  const [load] = recordedLoads().map((one) => scaledLoad(one, RECORDS, 10));
  const router = routerSchema.parse({ deadlineMs: 1_000 });
  assert(load !== undefined);
  const run = (seed: number) => {
    const policy = cutPolicies.router({ ...router, maxWorkers: 2 });
    return simulate(load, policy, world, router, seed);
  };
  assert.deepEqual(run(5), run(5));
  assert.notDeepEqual(run(5), run(6));
  assert.equal(run(5).epochs, load.epochs.length);
});
