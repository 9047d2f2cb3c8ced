import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToHex, domainHash } from './bytes.ts';
import { adoptFoldBases, foldBases, foldBasesBytes, pinnedBases } from './fold-bases.ts';

test('bases that are not the drawn ones are not taken', () => {
  const [count = 0] = pinnedBases.keys();
  // The generator as often: nothing is drawn yet that would stand in for it.
  const chosen = new Uint8Array(64 * count);
  for (let at = 0; at < count; at += 1) chosen.set([1], 64 * at + 31);
  for (let at = 0; at < count; at += 1) chosen.set([2], 64 * at + 63);
  assert(!adoptFoldBases(chosen));
  assert.notDeepEqual(foldBasesBytes(count), chosen);
});

test('the pinned digests are of the bases that are drawn, and only so many are taken', () => {
  const [least = 0] = [...pinnedBases.keys()].sort((left, right) => left - right);
  const bytes = foldBasesBytes(least);
  const more = least + 1;
  const drawn = foldBasesBytes(more);
  assert.deepEqual(drawn.subarray(0, bytes.length), bytes);
  assert(!adoptFoldBases(drawn), 'a number of them that is not pinned');
  assert.equal(foldBases(1).length, more);
  const all = foldBasesBytes(Math.max(...pinnedBases.keys()));
  for (const [count, digest] of pinnedBases) {
    assert.equal(bytesToHex(domainHash('', all.subarray(0, 64 * count))), digest);
    assert(adoptFoldBases(all.slice(0, 64 * count)));
  }
});
