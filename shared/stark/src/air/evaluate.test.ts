/** The verifier's evaluation against values that bigints gave. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fromWords } from '../field/extension.ts';
import {
  type AirVector,
  formatAirVectors,
  makeAirVectors,
  VECTORS,
} from '../testing/air-vectors.ts';
import { Evaluator } from './evaluate.ts';
import { selectorsAt } from './selectors.ts';
import { TABLES } from './tables.ts';

const text = await readFile(VECTORS, 'utf8');
const vectors = JSON.parse(text) as readonly AirVector[];

test('the vectors are those of the tables', () => {
  assert.equal(text, formatAirVectors(makeAirVectors()));
});

for (const [index, table] of TABLES.entries()) {
  test(`${table.name}: constraints at zeta are those of the vectors`, () => {
    const vector = vectors[index];
    assert.ok(vector);
    assert.equal(vector.table, table.name);
    const { challenges, count, here, next, k } = vector;
    const element = (values: Readonly<Record<string, readonly number[]>>) => (name: string) =>
      fromWords(values[name] ?? []);
    const optional = (name: string) => (name in next ? element(next)(name) : undefined);
    const [z, x, y] = ['z', 'x', 'y'].map(element(challenges));
    const [u, v, share] = ['u', 'v', 'share'].map(element(challenges));
    assert.ok(z && x && y && u && v && share);
    const selectors = selectorsAt(fromWords(vector.zeta), k);
    assert.deepEqual(selectors, vector.selectors);
    const values = new Evaluator(table.constraints.map(({ expression }) => expression)).at(
      { publics: { height: 2 ** k, count }, challenges: { z, x, y, u, v, share } },
      {
        columns: table.columns.map(element(here)),
        nextColumns: table.columns.map(optional),
        sums: table.sums.map(element(here)),
        nextSums: table.sums.map(optional),
        selectors,
      },
    );
    const names = table.constraints.map(({ name }) => name);
    assert.deepEqual(
      Object.fromEntries(names.map((name, place) => [name, values[place]])),
      vector.constraints,
    );
  });
}
