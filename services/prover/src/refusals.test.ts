// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from './refusals.ts';

test('a refusal is told once, and is shown as long as it goes on', () => {
  let nowMs = 0;
  const told: string[] = [];
  const refusals = new Refusals(
    (reason) => told.push(reason),
    () => nowMs,
  );
  assert.equal(refusals.current(), null);
  for (nowMs = 0; nowMs < 60_000; nowMs += 2_000) refusals.add('no key');
  assert.deepEqual([refusals.current(), told], ['no key', ['no key']]);
  refusals.add('no file');
  assert.deepEqual([refusals.current(), told], ['no file', ['no key', 'no file']]);
  nowMs += 30_000;
  assert.equal(refusals.current(), null);
});
