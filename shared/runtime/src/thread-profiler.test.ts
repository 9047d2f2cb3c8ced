import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availableCores } from './affinity.ts';
import type { IdleStrategyName } from './idle-strategy.ts';
import { startPinnedWorker } from './pinned-worker.ts';
import { createRing, RingConsumer, RingProducer } from './ring.ts';
import { SLOT_BYTES } from './ring-descriptor.ts';
import type { EchoData } from './testing/echo-worker.ts';
import { ThreadProfiler } from './thread-profiler.ts';

const ANSWER_MS = 30_000;
const SAMPLES = 20;
/** Answers that the thread gives meanwhile, so that there is something to be seen. */
const ECHOES = 50_000;

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
}

async function profileOf(idle: IdleStrategyName): Promise<readonly string[]> {
  const data: EchoData = { input: createRing(8), output: createRing(8), idle, fails: false };
  const worker = await startPinnedWorker(new URL('./testing/echo-worker.ts', import.meta.url), {
    name: 'echo',
    core: availableCores().at(-1) ?? 0,
    workerData: data,
  });
  const input = new RingProducer(data.input);
  const output = new RingConsumer(data.output);
  const slot = new Uint8Array(SLOT_BYTES);
  const echo = () => {
    input.offer(slot, 1);
    input.publish();
    assert(output.waitForWork(ANSWER_MS), 'no answer from the thread');
    output.release(output.read(slot, 1));
  };
  try {
    for (;;) {
      const profiler = await ThreadProfiler.start(1_000);
      for (let count = 0; count < ECHOES; count += 1) echo();
      const found = new Map((await profiler.stop()).map((one) => [one.thread, one.cpuProfile]));
      assert.deepEqual([...found.keys()].sort(), ['echo', 'main']);
      const { nodes, samples } = JSON.parse(found.get('echo') ?? '') as CpuProfile;
      if (samples.length < SAMPLES) continue;
      return nodes.map(({ callFrame }) => callFrame.functionName);
    }
  } finally {
    await worker.stop();
  }
}

test('shows what a thread does that never comes back to its event loop', async () => {
  assert((await profileOf('busy-spin')).some((name) => name === 'doWork' || name === 'run'));
});
