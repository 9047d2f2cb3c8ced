// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartPace } from './restart-pace.ts';

test('what never gets ready is started less and less often', () => {
  const pace = new RestartPace();
  assert(pace.mayStart(0));
  const startsMs: number[] = [];
  for (let nowMs = 0; nowMs < 600_000; nowMs += 1_000) {
    if (!pace.mayStart(nowMs)) continue;
    startsMs.push(nowMs / 1_000);
    pace.ended(nowMs);
  }
  assert.deepEqual(startsMs.slice(0, 9), [0, 1, 3, 7, 15, 31, 63, 123, 183]);
  pace.ready();
  pace.ended(600_000);
  assert.deepEqual([pace.mayStart(600_999), pace.mayStart(601_000)], [false, true]);
});
