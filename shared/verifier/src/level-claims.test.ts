import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CHANGE_LEFT_OUT,
  type Circumstances,
  LEVELS,
  type Level,
  notShownClaims,
  shownClaims,
} from './level-claims.ts';

const PROVED: Circumstances = {
  chain: 'poseidon',
  level: 'settlement',
  epochs: 3,
  devKeys: false,
  keyChanges: 0,
  genesisPinned: true,
  operatorKeyPinned: true,
  levelChosen: false,
  canRecompute: true,
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
  // The others lie under a root that no proof was checked of.
  assert(claims.some((claim) => claim.includes('no negative balance of accounts that changed at')));
  assert(shownClaims(PROVED).some((claim) => claim.startsWith('no negative balance at the end')));
  // A part's table has all accounts.
  const stark = shownClaims({ ...part, chain: 'stark' });
  assert(stark.some((claim) => claim.includes('no negative balance at the end')));
  const data = shownClaims({ ...part, level: 'data' });
  assert(data.some((claim) => claim.includes('the signed records, in epochs 2 to 4 proved;')));
  assert(data.some((claim) => claim.startsWith('no negative balance at the end')));
  const left = (level: Level) => notShownClaims({ ...part, level }).join('; ');
  assert(left('settlement').includes('0 to 1: only their headers were followed'));
  assert(left('data').includes('0 to 1: their records were recomputed'));
  assert(
    data.includes(
      'conservation: what the records move is what the accounts changed by, in each asset',
    ),
  );
});

test('what nothing of this can show is always said', () => {
  for (const level of LEVELS) {
    const missing = notShownClaims({ ...PROVED, level }).join('; ');
    for (const words of ['no other history', 'no later epoch', 'who authorised', 'rules']) {
      assert(missing.includes(words), `${level}: ${words}`);
    }
  }
});

test('with the log it is shown what follows from it, and no more that it does not', () => {
  const replay: Circumstances = { ...PROVED, level: 'replay', devKeys: true };
  const shown = shownClaims(replay).join('; ');
  for (const words of ['price-time priority', 'the taker and the maker', 'state hashes']) {
    assert(shown.includes(words), words);
    assert(
      !shownClaims({ ...replay, level: 'data' })
        .join('; ')
        .includes(words),
      words,
    );
  }
  const missing = notShownClaims(replay).join('; ');
  assert(!missing.includes('price-time priority') && !missing.includes('recomputed'));
  assert(missing.includes('signed receipts') && missing.includes('INSECURE'));
});

test('a change of the key that was left out is not shown, unless the last key was named', () => {
  for (const keyChanges of [0, 2]) {
    const circumstances: Circumstances = { ...PROVED, keyChanges };
    assert(!notShownClaims(circumstances).includes(CHANGE_LEFT_OUT));
    const missing = notShownClaims({ ...circumstances, operatorKeyPinned: false });
    assert(missing.includes(CHANGE_LEFT_OUT), `${keyChanges} changes`);
  }
});

test('epochs behind the range are named', () => {
  const [one] = notShownClaims({ ...PROVED, unread: 1 });
  assert.match(one ?? '', /^anything about epoch 3: not asked for/);
  const [more] = notShownClaims({ ...PROVED, unproved: 2, unread: 4 });
  assert.match(more ?? '', /^anything about epochs 5 to 8: not asked for/);
});
