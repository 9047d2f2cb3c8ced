import assert from 'node:assert/strict';
import { hrtime } from 'node:process';
import { test } from 'node:test';
import { clockSince } from './thread-clock.ts';

test('tells the time since its origin, and does not go back', () => {
  const originNs = hrtime.bigint();
  const nowNs = clockSince(originNs);
  let last = 0;
  for (let reading = 0; reading < 1_000; reading += 1) {
    const before = Number(hrtime.bigint() - originNs);
    const now = nowNs();
    const after = Number(hrtime.bigint() - originNs);
    // The two are brought together to within what one reading takes.
    assert(now >= before - 100_000 && now <= after + 100_000, `${before} ${now} ${after}`);
    assert(now >= last);
    last = now;
  }
});
