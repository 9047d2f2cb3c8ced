import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { referenceVectors } from './vectors.ts';

const FILE = new URL('../vectors/reference.json', import.meta.url);

test('the vectors in the file are those of the reference', () => {
  const stored: unknown = JSON.parse(readFileSync(FILE, 'utf8'));
  assert.deepEqual(stored, JSON.parse(JSON.stringify(referenceVectors())));
});

test('each table has as many constraints as the specification lists', () => {
  const counts = referenceVectors().constraints.map(({ constraints }) => constraints.length);
  assert.deepEqual(counts, [67, 161, 1]);
});
