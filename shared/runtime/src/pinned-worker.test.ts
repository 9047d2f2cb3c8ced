import assert from 'node:assert/strict';
import { platform } from 'node:process';
import { test } from 'node:test';
import { availableCores, coresOfThread } from './affinity.ts';
import type { IdleStrategyName } from './idle-strategy.ts';
import { startPinnedWorker } from './pinned-worker.ts';
import { createRing, RingConsumer, RingProducer } from './ring.ts';
import { SLOT_BYTES } from './ring-descriptor.ts';
import type { EchoData } from './testing/echo-worker.ts';

const ANSWER_MS = 30_000;

async function startEcho(core: number, idle: IdleStrategyName, fails = false) {
  const data: EchoData = { input: createRing(8), output: createRing(8), idle, fails };
  const worker = await startPinnedWorker(new URL('./testing/echo-worker.ts', import.meta.url), {
    name: 'echo',
    core,
    workerData: data,
  });
  const input = new RingProducer(data.input);
  const output = new RingConsumer(data.output);
  const slot = new Uint8Array(SLOT_BYTES);
  const echo = (value: number) => {
    input.offer(slot.fill(value), 1);
    input.publish();
    assert(output.waitForWork(ANSWER_MS), 'no answer from the thread');
    const into = new Uint8Array(SLOT_BYTES);
    output.release(output.read(into, 1));
    return into[SLOT_BYTES - 1];
  };
  const send = () => {
    input.offer(slot, 1);
    input.publish();
  };
  return { worker, echo, send };
}

test('a worker runs on exactly the core asked for', { skip: platform !== 'linux' }, async () => {
  for (const core of availableCores()) {
    const { worker, echo } = await startEcho(core, 'park');
    assert.equal(worker.pinned, true);
    assert.equal(worker.pinError, undefined);
    assert.equal(worker.core, core);
    assert(worker.threadId !== undefined && worker.threadId !== process.pid);
    assert.equal(echo(7), 7);
    assert.deepEqual(coresOfThread(worker.threadId), [core]);
    await worker.stop();
  }
  assert.deepEqual(coresOfThread(process.pid), availableCores(), 'the main thread is untouched');
});

test('a core that does not exist: a coded result, and the worker runs unpinned', async () => {
  const { worker, echo } = await startEcho(1_023, 'yield');
  assert.equal(worker.pinned, false);
  assert.equal(worker.pinError?.code, platform === 'linux' ? 'NO_SUCH_CORE' : 'UNSUPPORTED');
  assert.equal(echo(9), 9);
  if (worker.threadId !== undefined) {
    assert.deepEqual(coresOfThread(worker.threadId), availableCores());
  }
  await worker.stop();
});

test('a thread that fails says so, and stopping it then does no harm', async () => {
  const { worker, send } = await startEcho(0, 'busy-spin', true);
  send();
  const error = await worker.failed;
  assert.match(error.message, /the echo thread failed: told to fail/);
  await worker.stop();
});

test('a module that cannot be loaded is an error at start', async () => {
  const missing = new URL('./testing/no-such-worker.ts', import.meta.url);
  await assert.rejects(
    startPinnedWorker(missing, { name: 'lost', core: 0, workerData: undefined }),
    /the lost thread failed: .*no-such-worker/,
  );
});
