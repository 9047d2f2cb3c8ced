// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { trapdoorCircuits } from './testing/trapdoor-circuits.ts';
import { tileRows } from './tiling.ts';

const [any] = trapdoorCircuits;
assert(any !== undefined);
const sized = (...sizes: readonly number[]) => sizes.map((size) => ({ ...any, size }));
const shapes = (rows: number, ...sizes: readonly number[]) =>
  tileRows(rows, sized(...sizes)).map(({ circuit, count }) => `${count}/${circuit.size}`);

test('the largest circuits that are filled come first, the rest goes to the smallest', () => {
  assert.deepEqual(shapes(0, 15, 240), []);
  assert.deepEqual(shapes(7, 240, 15), ['7/15']);
  assert.deepEqual(shapes(271, 15, 240), ['240/240', '15/15', '15/15', '1/15']);
  assert.deepEqual(shapes(9, 16), ['9/16']);
});

test('every row is taken once, in order', () => {
  const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.nat(500), sizes, (rows, list) => {
      let next = 0;
      for (const { first, count, circuit } of tileRows(rows, sized(...list))) {
        assert.equal(first, next);
        assert(count >= 1 && count <= circuit.size);
        next += count;
      }
      assert.equal(next, rows);
    }),
  );
});
