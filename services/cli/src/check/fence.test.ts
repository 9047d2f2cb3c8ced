import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';

test('an owner that was stopped changes nothing when it goes on', {
  timeout: 120_000,
}, async () => {
  const { status, stdout, stderr } = await foldbook('check', 'fence', '--runs', '3', '--json');
  assert.equal(status, 0, stderr);
  const { refused, answers, terms, failures } = JSON.parse(stdout);
  assert.deepEqual([terms, failures], [4, []]);
  // One of them tried at least; who hears first that it is deposed has no occasion.
  assert(refused > 0);
  assert(answers > 0);
});
