import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TreeShape } from './tree-shape.ts';

test('tables of one size are one height, the largest comes first', () => {
  const shape = new TreeShape([
    { logSize: 8, columns: 3 },
    { logSize: 18, columns: 28 },
    { logSize: 8, columns: 4 },
  ]);
  assert.deepEqual(shape.heights, [
    { logSize: 18, columns: 28 },
    { logSize: 8, columns: 7 },
  ]);
  assert.equal(shape.capBytes, 64 * 32);
  assert.equal(shape.siblingBytes, 12 * 32);
  assert.equal(shape.rowWords, 35);
});

test('the smallest height bounds the cap', () => {
  const shape = new TreeShape([
    { logSize: 3, columns: 1 },
    { logSize: 5, columns: 1 },
  ]);
  assert.equal(shape.capBytes, 8 * 32);
  assert.equal(shape.siblingBytes, 2 * 32);
});

test('a height has 1 to 256 columns, and a tree a height', () => {
  const half = { logSize: 8, columns: 128 };
  assert.equal(new TreeShape([half, half]).rowWords, 256);
  for (const tables of [[], [{ logSize: 8, columns: 0 }], [half, { logSize: 8, columns: 129 }]]) {
    assert.throws(() => new TreeShape(tables), /assertion failed/);
  }
});
