import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { RealTimeResult } from './real-time.ts';

/** In a thread of its own, as this one is to stay what it is. */
async function inWorker(priority: number): Promise<{ result: RealTimeResult; policy: number }> {
  const worker = new Worker(new URL('./testing/real-time-worker.ts', import.meta.url), {
    workerData: priority,
  });
  const [answer] = await once(worker, 'message');
  return answer;
}

test('a thread is in real time, or the reason is told', async () => {
  const { result, policy } = await inWorker(1);
  if (result.granted) {
    assert.equal(result.priority, 1);
    assert.equal(policy, 1);
  } else {
    assert.match(result.reason, /not permitted|no real-time threads|refused/);
    assert.notEqual(policy, 1);
  }
});

test('a priority that there is not', async () => {
  const { result, policy } = await inWorker(100);
  assert(!result.granted);
  assert.notEqual(policy, 1);
});
