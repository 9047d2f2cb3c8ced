/**
 * The process of `bench orders`: its main thread reads the events that another thread's kernel
 * writes, each on a core of its own.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { hrtime } from 'node:process';
import { Worker } from 'node:worker_threads';
import { type EventHandler, EventRingReader } from '@foldbook/engine';
import { answerQuestions, clockSince, pinCurrentThread } from '@foldbook/runtime';
import {
  CONTROL_BYTES,
  Flag,
  type OrdersControl,
  type OrdersMeasured,
  type OrdersQuestions,
  type OrdersRun,
  type RunReady,
  START_OFFSET,
  type WriterReady,
} from './orders-messages.ts';
import { OrdersTally } from './orders-tally.ts';
import { percentiles } from './statistics.ts';

interface Prepared {
  readonly writer: Worker;
  readonly ready: WriterReady;
}

/** Some hundred cycles. */
const PAUSES = 10;

const control: OrdersControl = {
  buffer: new SharedArrayBuffer(CONTROL_BYTES),
  originNs: hrtime.bigint(),
};
const flags = new Int32Array(control.buffer);
const start = new Float64Array(control.buffer, START_OFFSET, 1);
let prepared: Prepared | undefined;

answerQuestions<OrdersQuestions>({
  async prepare(options) {
    const writer = new Worker(new URL('./orders-writer.ts', import.meta.url), {
      workerData: { options, control },
    });
    const [ready] = (await once(writer, 'message')) as [WriterReady];
    prepared = { writer, ready };
    // After the other thread's start, which would inherit it.
    const readPin = pinCurrentThread(options.readCore);
    return { messages: ready.messages, matchPin: ready.pin, readPin };
  },
  async run(asked) {
    assert(prepared !== undefined, 'prepare comes first');
    const { writer, ready } = prepared;
    flags.fill(0);
    const isReady = once(writer, 'message');
    writer.postMessage(asked);
    const [run] = (await isReady) as [RunReady];
    return read(run, asked, ready);
  },
});

function read(run: RunReady, { perSec }: OrdersRun, { messages, expected }: WriterReady) {
  const latencies = perSec === undefined ? undefined : new Float64Array(messages);
  const tally = new OrdersTally(run.firstSequence, 1e9 / (perSec ?? 1), latencies);
  const reader = new EventRingReader(run.events);
  const nowNs = clockSince(control.originNs);
  const startNs = nowNs();
  start[0] = startNs;
  Atomics.store(flags, Flag.GO, 1);
  if (latencies === undefined) readAll(reader, tally.add);
  else readPaced(reader, tally, () => nowNs() - startNs);
  const tookNs = nowNs() - startNs;
  const measured: OrdersMeasured = {
    msgsPerSec: Math.round((messages * 1e9) / tookNs),
    events: tally.events,
    trades: tally.trades,
    isRight: tally.isAs(expected),
  };
  return latencies === undefined
    ? measured
    : { ...measured, latencyNs: percentiles(latencies.map(Math.round).sort()) };
}

function readAll(reader: EventRingReader, handler: EventHandler): void {
  for (;;) {
    const isDone = Atomics.load(flags, Flag.DONE) === 1;
    if (reader.poll(handler) !== 0) continue;
    if (isDone) return;
    // Each look takes the counter's cache line from the thread that is about to write to it.
    for (let pauses = 0; pauses < PAUSES; pauses += 1) Atomics.pause();
  }
}

/** Reads the clock for every batch; it costs less than what it tells. */
function readPaced(reader: EventRingReader, tally: OrdersTally, nowNs: () => number): void {
  readAll(reader, (ring, offset, count) => {
    tally.nowNs = nowNs();
    tally.add(ring, offset, count);
  });
}
