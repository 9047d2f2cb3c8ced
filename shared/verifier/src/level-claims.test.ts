import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Circumstances, notShownClaims, shownClaims } from './level-claims.ts';

const PROVED: Circumstances = {
  level: 'settlement',
  epochs: 3,
  devKeys: false,
  genesisPinned: true,
  levelChosen: false,
  unproved: 0,
  unread: 0,
};

test('proofs under real keys show conservation without the records', () => {
  const shown = shownClaims(PROVED);
  assert(shown.some((claim) => claim.startsWith('conservation')));
  assert(!shown.some((claim) => claim.includes('records files')));
  assert(notShownClaims(PROVED).some((claim) => claim.startsWith('what the records are')));
});

test('proofs under development keys show only who signed, unless the records are there', () => {
  const [signed, ...more] = shownClaims({ ...PROVED, devKeys: true });
  assert.match(signed ?? '', /^every header is signed/);
  assert.deepEqual(more, []);
  const data = shownClaims({ ...PROVED, devKeys: true, level: 'data' });
  assert(data.some((claim) => claim.startsWith('conservation')));
});

test('epochs that were not proved are not claimed, and those after rest on them', () => {
  const part: Circumstances = { ...PROVED, unproved: 2 };
  const shown = shownClaims(part);
  const claims = shown.filter((claim) => !claim.startsWith('every header'));
  assert(claims.length > 0 && claims.every((claim) => claim.startsWith('in epochs 2 to 4: ')));
  const missing = notShownClaims(part);
  assert(missing.some((claim) => claim.startsWith('that the balances before epoch 2 are right')));
  assert(missing.some((claim) => claim.startsWith('the proofs of epochs 0 to 1')));
  const data = shownClaims({ ...part, level: 'data' });
  assert(
    data.includes(
      'conservation: what the records move is what the accounts changed by, in each asset',
    ),
  );
});

test('what nothing of this can show is always said', () => {
  for (const level of ['settlement', 'data'] as const) {
    const missing = notShownClaims({ ...PROVED, level }).join('; ');
    for (const words of ['no other history', 'no later epoch', 'state hash', 'rules']) {
      assert(missing.includes(words), `${level}: ${words}`);
    }
  }
});

test('epochs behind the range are named', () => {
  const [one] = notShownClaims({ ...PROVED, unread: 1 });
  assert.match(one ?? '', /^anything about epoch 3: not asked for/);
  const [more] = notShownClaims({ ...PROVED, unproved: 2, unread: 4 });
  assert.match(more ?? '', /^anything about epochs 5 to 8: not asked for/);
});
