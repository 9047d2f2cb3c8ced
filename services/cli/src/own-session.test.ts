import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_SESSION, MAX_SESSIONS_PER_ACCOUNT } from '@foldbook/protocol';
import { sessionOf } from './own-session.ts';

test('commands leave the first sessions of an account to its programs', () => {
  const sessions = new Set(Array.from({ length: 4_096 }, (_, pid) => sessionOf(pid)));
  assert(sessions.size <= MAX_SESSIONS_PER_ACCOUNT / 2);
  assert(Math.min(...sessions) > MAX_SESSIONS_PER_ACCOUNT);
  assert.equal(Math.max(...sessions), MAX_SESSION);
});
