import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, systemClock } from './clock.ts';

test('the system clock is the wall clock and never goes back', () => {
  const beforeMs = Date.now();
  let previous = systemClock.nowNs();
  assert(previous >= BigInt(beforeMs - 60_000) * 1_000_000n);
  for (let i = 0; i < 10_000; i += 1) {
    const now = systemClock.nowNs();
    assert(now >= previous);
    previous = now;
  }
});

test('a manual clock moves only when told, and only forward', () => {
  const clock = new ManualClock(5n);
  assert.equal(clock.nowNs(), 5n);
  clock.advanceNs(7n);
  assert.equal(clock.nowNs(), 12n);
  assert.throws(() => clock.advanceNs(-1n), /doesn't go back/);
});
