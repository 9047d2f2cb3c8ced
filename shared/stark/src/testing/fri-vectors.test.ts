import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as base from '../field/base.ts';
import { point } from '../field/domain.ts';
import * as extension from '../field/extension.ts';
import { foldLeaf } from '../fri/fold.ts';
import { friSchedule } from '../fri/schedule.ts';
import { type FriVectors, makeFriVectors } from './fri-vectors.ts';

const file = new URL('vectors/fri.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as FriVectors;

test('the vectors are those that plain code makes', () => {
  assert.deepEqual(vectors, makeFriVectors());
});

test('the verifier folds as the vectors say', () => {
  const element = (words: readonly number[]) => extension.fromWords(words);
  for (const { logSize, leaf, beta, siblings, folded } of vectors.folds) {
    const inverse = base.inverse(point(logSize, leaf));
    assert.deepEqual(foldLeaf(siblings.map(element), element(beta), inverse), folded);
  }
});

test('layers have the sizes that the vectors say', () => {
  for (const { logHeights, logBlowup, layers, last } of vectors.schedules) {
    const schedule = friSchedule(logHeights, logBlowup);
    assert.deepEqual(
      schedule.layers.map(({ logSize }) => logSize),
      layers,
    );
    assert.equal(schedule.finalLogSize, last);
  }
});
