// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EpochRouter } from './epoch-router.ts';
import { nextEpoch, standingOf } from './job-order.ts';
import { MovingAverage } from './moving-average.ts';
import type { RoutedKind } from './proof-backend.ts';
import { routerSchema } from './settings.ts';
import { measuredWorld } from './simulation-world.ts';
import { proofRows, tilings, tilingWords } from './tilings.ts';

const { kinds } = measuredWorld(2);
const kind = (circuit: string, folds = false): RoutedKind => {
  const found = kinds.find((one) => one.circuit === circuit && one.folds === folds);
  assert(found !== undefined);
  return found;
};

/** One that has measured Groth16 at a second for each 10,000 constraints, folding at a tenth. */
function knowing(settings: unknown, cpuMs = (one: RoutedKind) => one.constraints / 10) {
  const router = new EpochRouter({ ...routerSchema.parse(settings), maxWorkers: 4 });
  for (let round = 0; round < 5; round += 1) {
    for (const one of kinds) {
      const ms = one.folds ? cpuMs(one) / 10 : cpuMs(one);
      const took = { kind: one, workers: 1, wallMs: ms, cpuMs: ms, rssBytes: 3e8 };
      const proofBytes = one.folds ? 300 : 128;
      router.measured({ ...took, stage: 'leaf', proofBytes, verifyMs: 2 });
      if (!one.folds) continue;
      const opening = { proofBytes: 32 * one.constraints, verifyMs: one.constraints / 90 };
      router.measured({ ...took, stage: 'closing', ...opening });
    }
  }
  return router;
}

const request = (rows: { batch: number; accounts: number }, nowMs = 0) => ({
  ...{ market: 'A-USD', epoch: 1, rows, closedMs: 0, nowMs, waiting: 0, aheadMs: 0, kinds },
});

test('a contract gets Groth16 alone, others folding where the deadline asks for it', () => {
  const rows = { batch: 480, accounts: 32 };
  const chain = knowing({ verifier: 'on-chain' }).choose(request(rows));
  assert.doesNotMatch(tilingWords([...chain.batches, ...chain.accounts]), /fold/);
  const light = knowing({ verifier: 'light', deadlineMs: 8_000 }).choose(request(rows));
  assert.match(tilingWords([...light.batches, ...light.accounts]), /fold/);
});

test('light readers are spared the opening of a small epoch if there is time', () => {
  const rows = { batch: 3, accounts: 3 };
  const choose = (deadlineMs: number) =>
    knowing({ verifier: 'light', deadlineMs }).choose(request(rows));
  const patient = choose(60_000);
  assert.equal(tilingWords(patient.accounts), '1 groth16/accounts-4');
  const hurried = choose(1_500);
  assert.equal(tilingWords(hurried.accounts), '1 fold/accounts-4');
  assert.equal(hurried.reason, 'deadline');
});

test('workers are as few as the deadline allows, and no more than the memory holds', () => {
  const rows = { batch: 30, accounts: 64 };
  const workers = (settings: object) =>
    knowing({ verifier: 'on-chain', ...settings }).choose(request(rows)).workers;
  assert.equal(workers({ deadlineMs: 600_000 }), 1);
  assert.equal(workers({ deadlineMs: 24_000 }), 4);
  assert.equal(workers({ deadlineMs: 20_000, memoryBytes: 7e8 }), 2);
});

test('an unknown back end is tried where it cannot cost the deadline', () => {
  const choose = (deadlineMs: number) => {
    const router = new EpochRouter({ ...routerSchema.parse({ deadlineMs }), maxWorkers: 1 });
    const groth16 = { stage: 'leaf', workers: 1, wallMs: 1_000, cpuMs: 1_000 } as const;
    for (const circuit of ['batch-15', 'accounts-4']) {
      for (let round = 0; round < 5; round += 1) {
        router.measured({ kind: kind(circuit), ...groth16 });
      }
    }
    return router.choose(request({ batch: 15, accounts: 4 }));
  };
  const patient = choose(60_000);
  assert.equal(patient.reason, 'trial');
  assert.equal(tilingWords(patient.batches), '1 fold/batch-15');
  assert.equal(tilingWords(patient.accounts), '1 groth16/accounts-4');
  // In time by what is known; a tenfold slower circuit would not be.
  assert.notEqual(choose(2_800).reason, 'trial');
  assert.equal(choose(500).reason, 'trial');
});

test('every tiling takes every row once; no proof is empty', () => {
  const some = fc.subarray([...kinds.filter(({ role }) => role === 'batch')], { minLength: 1 });
  fc.assert(
    fc.property(fc.nat(2_000), some, (rows, of) => {
      for (const tiling of tilings(rows, of)) {
        const taken = [...proofRows(rows, tiling)].reduce((sum, { count }) => sum + count, 0);
        assert.equal(taken, rows);
      }
    }),
  );
});

test('who can be in time goes first by deadline; every fourth turn is for the late', () => {
  const open = [
    { market: 'LATE', deadlineMs: 100, restMs: 5_000 },
    { market: 'SECOND', deadlineMs: 9_000, restMs: 10 },
    { market: 'FIRST', deadlineMs: 8_000, restMs: 10 },
  ];
  const order = [1, 2, 3, 4].map((turn) => nextEpoch(open, 2, 1_000, turn)?.market);
  assert.deepEqual(order, ['FIRST', 'FIRST', 'FIRST', 'LATE']);
});

test('a market is as urgent as its first epoch that can be in time behind the others', () => {
  const late = { deadlineMs: 500, restMs: 1_000 };
  const kept = { deadlineMs: 3_000, restMs: 1_000 };
  const far = { deadlineMs: 90_000, restMs: 10 };
  assert.deepEqual(standingOf([late, kept, far], 1, 900), { deadlineMs: 3_000, restMs: 2_000 });
  assert.deepEqual(standingOf([late, kept, far], 1, 1_001), { deadlineMs: 90_000, restMs: 2_010 });
  assert.deepEqual(standingOf([late, kept, far], 2, 1_001), { deadlineMs: 3_000, restMs: 2_000 });
  assert.deepEqual(standingOf([late, kept], 1, 5_000), late);
  assert.equal(standingOf([], 1, 0), undefined);
});

test('no choice is made of costs that are none', () => {
  assert.throws(() => new EpochRouter({ ...routerSchema.parse({}), maxWorkers: 0 }), /no workers/);
  const router = knowing({});
  const took = { kind: kind('batch-15'), stage: 'leaf', workers: 1, cpuMs: 9, wallMs: 9 } as const;
  for (const wrong of [{ cpuMs: 1e308 }, { wallMs: Number.NaN }, { rssBytes: -1 }]) {
    assert.throws(() => router.measured({ ...took, ...wrong }), /a figure that none can be/);
  }
});

test('averages follow what changes, and the upper estimate covers the spread', () => {
  const average = new MovingAverage();
  for (let index = 0; index < 50; index += 1) average.add(index % 2 === 0 ? 90 : 110);
  assert(Math.abs(average.mean - 100) < 5 && average.upper > 110 && average.upper < 130);
  for (let index = 0; index < 20; index += 1) average.add(200);
  assert(average.mean > 195);
});
