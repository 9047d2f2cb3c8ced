import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FriLayer, friSchedule, layerLeaves, layerShape } from './schedule.ts';

const steps = (logHeights: number[], logBlowup: number) =>
  friSchedule(logHeights, logBlowup).layers.map(({ logSize, arityLog, injects }) => {
    return `${logSize}-${arityLog}${injects ? '+' : ''}`;
  });

test('one height folds by eight and ends at 2^8 coefficients', () => {
  assert.deepEqual(steps([16], 2), ['18-3', '15-3', '12-2']);
  const { finalLogSize, finalCoefficients } = friSchedule([16], 2);
  assert.deepEqual([finalLogSize, finalCoefficients], [10, 256]);
});

test('layers stop where a combination joins', () => {
  assert.deepEqual(steps([16, 12, 6], 2), ['18-3', '15-1+', '14-3', '11-3+']);
  assert.equal(friSchedule([16, 12, 6], 2).finalCoefficients, 64);
  assert.deepEqual(steps([9, 8], 3), ['12-1+']);
});

test('the smallest tables are sent as they are', () => {
  assert.deepEqual(friSchedule([6, 6], 2), {
    logSize: 8,
    layers: [],
    finalLogSize: 8,
    finalCoefficients: 64,
  });
});

test('trees of layers have a cap of 64 nodes, or all leaves', () => {
  const [first, second, third] = friSchedule([16, 12], 2).layers;
  assert.ok(first && second && third);
  const shapeOf = (layer: FriLayer) => {
    const { rowWords, capBytes, siblingBytes } = layerShape(layer);
    return [layerLeaves(layer), rowWords, capBytes / 32, siblingBytes / 32];
  };
  assert.deepEqual(shapeOf(first), [2 ** 15, 5 * 2 ** first.arityLog, 64, 9]);
  const small = { logSize: 8, arityLog: 3, injects: false };
  assert.deepEqual(shapeOf(small), [32, 40, 32, 0]);
});

test('every height but the largest joins once, wherever it lies', () => {
  const height = fc.integer({ min: 6, max: 22 });
  fc.assert(
    fc.property(
      fc.array(height, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(2, 3),
      (all, b) => {
        const { logSize, layers, finalLogSize } = friSchedule(all, b);
        const joined = layers.filter(({ injects }) => injects);
        const sizes = joined.map((layer) => layer.logSize - layer.arityLog);
        const smaller = [...new Set(all)].map((one) => one + b).filter((size) => size < logSize);
        assert.deepEqual(
          sizes,
          smaller.sort((x, y) => y - x),
        );
        const last = layers.reduce((size, layer) => {
          assert.equal(layer.logSize, size);
          assert.ok(layer.arityLog >= 1 && layer.arityLog <= 3);
          return size - layer.arityLog;
        }, logSize);
        assert.equal(last, finalLogSize);
      },
    ),
  );
});
