import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  makeOpeningVectors,
  type OpeningVectors,
  plainLevels,
  plainSiblings,
  plainTop,
  sampleTable,
} from '../testing/plain-rows.ts';
import { PlainTree, plainRoot, rootFromRow, siblingCount } from './plain-tree.ts';

const file = new URL('../testing/vectors/openings.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as OpeningVectors;

/** So many rows, with gaps between their ids. */
const tableOf = (rows: number) =>
  sampleTable(Array.from({ length: rows }, (_, row) => (row < 2 ? row : 3 * row)));

test('the vectors are those that plain code makes', () => {
  assert.deepEqual(vectors, makeOpeningVectors());
});

test('the vectors: roots, and the way up from every row', () => {
  for (const { rows, root, paths } of vectors.trees) {
    const tree = new PlainTree(sampleTable(vectors.ids.slice(0, rows)));
    assert.equal(Buffer.from(tree.root).toString('hex'), root);
    for (const [place, path] of paths.entries()) {
      const opened = tree.open(place);
      assert.deepEqual(
        opened.siblings.map((sibling) => Buffer.from(sibling).toString('hex')),
        path,
      );
      assert.equal(siblingCount(rows, place), path.length);
      assert.deepEqual(rootFromRow(opened, place, rows), tree.root);
    }
  }
});

test('blocks of rows make the tree that is made level by level', () => {
  for (const rows of [31, 32, 33, 48, 63, 64, 65, 95, 97, 129]) {
    const table = tableOf(rows);
    const [top = new Uint8Array()] = plainLevels(table).at(-1) ?? [];
    const tree = new PlainTree(table);
    assert.deepEqual(tree.root, plainTop(rows, top), `${rows} rows`);
    assert.deepEqual(plainRoot(table), tree.root);
    const elsewhere = new PlainTree(table, tree.blocks);
    assert.deepEqual(elsewhere.root, tree.root);
    for (const place of [0, 1, 30, 31, 32, rows - 2, rows - 1].filter((each) => each < rows)) {
      const opened = elsewhere.open(place);
      assert.deepEqual(opened.siblings, plainSiblings(table, place), `${rows}, ${place}`);
      assert.equal(opened.id, table.ids[place]);
      assert.deepEqual(rootFromRow(opened, place, rows), tree.root);
    }
  }
});
