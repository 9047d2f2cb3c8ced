// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORKER_IDLE_MS } from './settings.ts';
import { WarmMemory } from './warm-memory.ts';

test('workers keep the most that they took until they were idle for so long', () => {
  const warm = new WarmMemory();
  assert.deepEqual(warm.at(0), { workers: 0, rssBytes: 0, restMs: WORKER_IDLE_MS });
  warm.chosen(0, 2, 300, 5_000);
  warm.chosen(10_000, 1, 100, 12_000);
  const kept = { workers: 2, rssBytes: 300, restMs: WORKER_IDLE_MS };
  assert.deepEqual(warm.at(12_000 + WORKER_IDLE_MS), kept);
  assert.deepEqual(warm.at(12_001 + WORKER_IDLE_MS), { ...kept, workers: 0, rssBytes: 0 });
});

test('how long they keep it is learned from the times before', () => {
  const warm = new WarmMemory();
  warm.chosen(0, 1, 300, 5_000);
  const again = 10 * WORKER_IDLE_MS;
  warm.chosen(again, 1, 100, again + 1_000);
  assert.deepEqual(warm.at(again), { workers: 1, rssBytes: 100, restMs: 5_000 + WORKER_IDLE_MS });
});
