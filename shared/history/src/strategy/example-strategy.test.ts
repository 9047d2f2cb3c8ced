import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Frame, frameBytes } from '../features/frame.ts';
import { InlineStrategy } from './inline-strategy.ts';
import { loadStrategy } from './strategy-module.ts';

const EXAMPLES = join(import.meta.dirname, '../../../../docs/examples');
const PATH = join(EXAMPLES, 'imbalance-strategy.ts');

test('the example in docs looks a second ahead of each imbalance', async () => {
  const strategy = await loadStrategy(PATH);
  assert.deepEqual(strategy.features, ['mid', 'imbalance']);
  const context = { instruments: () => ['A'], priceDecimals: 2, quantityDecimals: 0 };
  const run = new InlineStrategy({ path: PATH, strategy, context, columns: [0, 1] });
  const rows = [
    { second: 0, mid: 1_000, imbalance: 0.7 },
    { second: 0.5, mid: 1_100, imbalance: 0.9 },
    // Right by 0.04, and a signal to sell.
    { second: 1, mid: 1_004, imbalance: -0.6 },
    { second: 1.5, mid: Number.NaN, imbalance: 1 },
    // Wrong by 0.02.
    { second: 3, mid: 1_006, imbalance: 0 },
  ];
  const frame = new Frame(new SharedArrayBuffer(frameBytes(2)), 0, 2);
  frame.setHeader(rows.length, 0, 34_200_000_000_000n);
  for (const [row, { second, mid, imbalance }] of rows.entries()) {
    frame.events.timeNs[row] = second * 1e9;
    for (const [column, value] of [mid, imbalance].entries()) {
      const values = frame.features[column] ?? assert.fail('no column');
      values[row] = value;
    }
  }
  run.onFrame(frame);
  assert.deepEqual(run.result(), { signals: 2, right: 0.5, meanMove: 0.01 });
});
