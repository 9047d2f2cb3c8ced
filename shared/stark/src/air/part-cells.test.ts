import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partCells } from './part-cells.ts';

test('cells of a part are those of its three tables, sums in the extension included', () => {
  const [small, records, accounts] = [partCells(12, 6), partCells(13, 6), partCells(12, 7)];
  // Main columns of SPEC 8.1; 8.2 and 8.3. Beside them are the sums, five cells each.
  const widths = [(records - small) / 2 ** 12 - (28 + 15), (accounts - small) / 2 ** 6 - 138];
  assert(
    widths.every((sums) => sums > 0 && sums % 5 === 0),
    `${widths}`,
  );
  assert.equal(small, 2 ** 12 * ((records - small) / 2 ** 12) + (accounts - small));
});
