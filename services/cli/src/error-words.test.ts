import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { explainError } from './error-words.ts';

test('a command that its signal ended was interrupted, without a stack', async () => {
  const signal = AbortSignal.abort();
  const waited = await once(new EventTarget(), 'never', { signal }).catch((error) => error);
  for (const error of [waited, signal.reason]) {
    assert.deepEqual(await explainError(error), { words: 'interrupted', status: 130 });
  }
  assert.match((await explainError(new Error('a mistake'))).words, /a mistake\n +at /);
});
