import assert from 'node:assert/strict';
import { test } from 'node:test';
import { provedWords, waitingWords } from './proved-words.ts';

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

test('an order that moves nothing is told what it waits for', () => {
  const status = {
    market: 'X',
    epochs: 1,
    provedTo: 7,
    devKeys: false,
    stopped: null,
    proof: null,
  };
  const words = (recordsBacklog: number) => waitingWords('X', { ...status, recordsBacklog });
  assert.match(words(0), /sequence 7, no record is .* waits for the next trade or deposit$/);
  assert.match(words(1), /sequence 7, 1 record to be proved$/);
  assert.match(waitingWords('X', undefined), /foldbook up prover$/);
});
