import assert from 'node:assert/strict';
import { test } from 'node:test';
import { provedWords } from './proved-words.ts';

test('an epoch under development keys is not called proved', () => {
  const proof = {
    ...{ epoch: 6, sequenceFirst: 20, sequenceLast: 29, recordCount: 3 },
    ...{ headerHash: 'ab', rootNew: 'cd', level: 'settlement', path: 'X/6' },
  };
  assert.match(provedWords({ ...proof, devKeys: false }), /^proved in epoch 6 [^\n]*$/);
  assert.match(
    provedWords({ ...proof, devKeys: true }),
    /^SIGNED, BUT NOT PROVED: epoch 6 .*\n {2}WARNING: development keys/,
  );
});
