import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildHistory } from '../../build.ts';
import { HistoryKernel, loadHistoryModule } from '../kernel/history-kernel.ts';
import { parseFeature } from './feature.ts';
import { FeaturePlan } from './feature-plan.ts';
import { FeatureSums } from './feature-sums.ts';

await buildHistory();
const module = await loadHistoryModule();

const values = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -1_000, max: 1_000 }) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const frames = fc.array(
  fc.array(fc.tuple(values, fc.integer({ min: 0, max: 1 })), { maxLength: 9 }),
  { maxLength: 5 },
);

function expected(all: readonly number[]) {
  const there = all.filter((value) => !Number.isNaN(value));
  return {
    rows: there.length,
    sum: there.reduce((sum, value) => sum + value, 0),
    least: Math.min(...there),
    most: Math.max(...there),
    last: there.at(-1) ?? Number.NaN,
  };
}

test('sums are those of all rows that have a value, or of one instrument', () => {
  const kernel = new HistoryKernel(module);
  const plan = new FeaturePlan(kernel, ['mid', 'spread'].map(parseFeature));
  const frame = plan.newFrame();
  fc.assert(
    fc.property(frames, (all) => {
      const sums = new FeatureSums(kernel, 1);
      const ofOne = new FeatureSums(kernel, 1);
      for (const rows of all) {
        frame.setHeader(rows.length, 0, 0n);
        for (const [row, [value, instrument]] of rows.entries()) {
          const event = { orderId: 0n, price: 0n, quantity: 0n, timeNs: 0n, instrument };
          frame.events.set(row, { ...event, action: 1, side: 0, flags: 0 });
          const [, spread] = frame.features;
          assert(spread !== undefined);
          spread[row] = value;
        }
        sums.add(frame);
        ofOne.add(frame, 1);
      }
      const rows = all.flat();
      assert.deepEqual(sums.figures, expected(rows.map(([value]) => value)));
      const own = rows.filter(([, instrument]) => instrument === 1);
      assert.deepEqual(ofOne.figures, expected(own.map(([value]) => value)));
    }),
    { numRuns: 500 },
  );
});
