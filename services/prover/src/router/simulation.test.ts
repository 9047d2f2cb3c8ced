// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, isBest, judgedSettings, LEARNING } from './comparison.ts';
import { recordedLoads } from './load.ts';
import { fixedChoices, fixedPolicy, routerPolicy } from './policy.ts';
import { verifiers } from './settings.ts';
import { simulate } from './simulation.ts';
import { measuredWorld } from './simulation-world.ts';

const world = measuredWorld(2);
const loads = recordedLoads();
const judged = loads.filter(({ name }) => !name.startsWith('tune'));
const learning = loads.filter(({ name }) => name === LEARNING);

const comparisons = verifiers.map((verifier) =>
  compare(judged, learning, world, judgedSettings(verifier), [1, 2, 3]),
);

test('over load that did not set it no fixed choice beats the router', () => {
  for (const comparison of comparisons) {
    const { settings, router, fixed } = comparison;
    const { verifier } = settings;
    assert.equal(fixed.length, verifier === 'on-chain' ? 18 : 72);
    const [best] = fixed;
    const words = `${verifier}: ${router.score} against ${best?.score} of ${best?.policy}`;
    assert(isBest(comparison), words);
  }
});

test('no fixed choice is as good as the router for the verifiers that take it, together', () => {
  const policies = comparisons.flatMap(({ fixed }) => fixed.map(({ policy }) => policy));
  for (const policy of new Set(policies)) {
    const logs = comparisons.flatMap(({ router, fixed }) => {
      const same = fixed.find((one) => one.policy === policy);
      return same === undefined ? [] : [Math.log(same.score / router.score)];
    });
    const worse = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
    assert(worse > 1.02, `${policy}: ${worse}`);
  }
});

test('one seed gives one outcome', () => {
  const [load] = judged;
  assert(load !== undefined);
  const settings = judgedSettings('light');
  const run = (seed: number) =>
    simulate(load, routerPolicy({ ...settings, maxWorkers: 2 }), world, settings, seed);
  assert.deepEqual(run(5), run(5));
  assert.notDeepEqual(run(5), run(6));
});

test('every epoch is proved, whatever the choice; what is measured is accounted for', () => {
  const [load] = judged;
  const [choice] = fixedChoices(2, true);
  assert(load !== undefined && choice !== undefined);
  const outcome = simulate(load, fixedPolicy(choice), world, judgedSettings('any'), 1);
  assert.equal(outcome.epochs, load.epochs.length);
  // Groth16, small circuits: so many proofs of 128 bytes.
  const proofs = load.epochs.reduce(
    (sum, { records, accounts }) => sum + Math.ceil(records / 15) + Math.ceil(accounts / 4),
    0,
  );
  assert.deepEqual([outcome.proofs, outcome.proofBytes], [proofs, 128 * proofs]);
  assert(outcome.cpuS > 0 && outcome.latencyMs.p50 <= outcome.latencyMs.p95);
});
