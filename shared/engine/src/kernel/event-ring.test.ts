import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { RECORD_BYTES } from '@foldbook/protocol';
import { buildKernel } from '../../build.ts';
import { concatenate } from '../command-record.ts';
import { eventsOf } from '../compare-engines.ts';
import { createNaiveEngine } from '../naive/naive-engine.ts';
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { EventRingReader } from './event-ring.ts';
import { KernelHost } from './kernel-host.ts';
import { loadKernel } from './kernel-module.ts';

await buildKernel();
const kernel = await loadKernel();

test('another thread reads every event where the kernel writes it', {
  timeout: 60_000,
}, async () => {
  const groups = [...new RandomFlow(11).groups(20_000)];
  const twin = createNaiveEngine(FLOW_CAPACITY);
  const expected = concatenate(groups.map((group) => eventsOf(twin, group)));
  const host = new KernelHost(kernel, { sharedEventPages: 1 });
  const market = host.addMarket(FLOW_CAPACITY);
  const laid = host.layCommands(20_000);
  const reader = new Worker(new URL('./testing/event-reader.ts', import.meta.url), {
    workerData: { shared: host.sharedEvents, count: expected.byteLength / RECORD_BYTES },
  });
  const read = once(reader, 'message') as Promise<[Uint8Array]>;
  await once(reader, 'online');
  let first = 0;
  for (const [index, { records, count, timeNs }] of groups.entries()) {
    laid.bytes.set(records, first * RECORD_BYTES);
    market.applyLaid(laid, first, count, timeNs, [1, 7, 256][index % 3] ?? 1);
    first += count;
  }
  const [events] = await read;
  assert.equal(Buffer.compare(events, expected), 0);
  assert.equal(market.stateHash(), twin.stateHash());
});

test('a full ring that is read before the writer waits is not waited for', (t) => {
  const group = [...new RandomFlow(12).groups(5_000)];
  const host = new KernelHost(kernel, { sharedEventPages: 1 });
  const market = host.addMarket(FLOW_CAPACITY);
  const reader = new EventRingReader(host.sharedEvents);
  const { load } = Atomics;
  let isReading = false;
  // All that is there, whenever the writer looks how far the reader is.
  t.mock.method(Atomics, 'load', (words: Int32Array<SharedArrayBuffer>, index: number) => {
    if (!isReading) {
      isReading = true;
      while (reader.poll(() => undefined) !== 0);
      isReading = false;
    }
    return load(words, index);
  });
  for (const { records, count, timeNs } of group) {
    const laid = host.layCommands(count);
    laid.bytes.set(records);
    market.applyLaid(laid, 0, count, timeNs, 256);
  }
  assert.equal(market.sequence, 5_000n);
});

test('events that another thread reads are not handed to a sink', () => {
  const host = new KernelHost(kernel, { sharedEventPages: 1 });
  const market = host.addMarket();
  assert.throws(() => market.apply(new Uint8Array(RECORD_BYTES), 1, 1n, () => undefined), {
    name: 'AssertionError',
  });
  const { sharedEvents } = new KernelHost(kernel, { sharedEventPages: 2 });
  assert.equal(sharedEvents.capacity, 2_048);
  assert.throws(() => new KernelHost(kernel).sharedEvents, { name: 'AssertionError' });
});
