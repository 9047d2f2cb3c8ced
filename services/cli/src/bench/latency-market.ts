/** The market thread of `bench latency`: it keeps to its core and matches what is in its ring. */
import { hrtime } from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { KernelHost, loadKernel, warmUpKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import {
  clockSince,
  createRing,
  pinCurrentThread,
  RingConsumer,
  RingProducer,
  setRealTime,
} from '@foldbook/runtime';
import { measureAlone } from './latency-alone.ts';
import { setUpCommands } from './latency-commands.ts';
import {
  type BounceReady,
  COMMAND_SLOTS,
  type EchoReady,
  Flag,
  type LatencyShared,
  type MarketAsk,
  type MarketPrepared,
  type MatchReady,
} from './latency-messages.ts';

const TIME_NS = 1n;
const EVENT_PAGES = 64;
/** Commands that are taken at once: more would keep the producer waiting for room. */
const MOST_AT_ONCE = 256;

const { commands, flags, matchCore, realtime } = workerData as LatencyShared;
const words = new Int32Array(flags);
const nowNs = clockSince(hrtime.bigint());
const pin = pinCurrentThread(matchCore);
const kernel = await loadKernel();
warmUpKernel(kernel);
const setUp = setUpCommands();
const setUpCount = setUp.byteLength / RECORD_BYTES;

/** Each run has a number, so that this thread can't miss its end, however long it has no core. */
const lasts = (run: number) => Atomics.load(words, Flag.RUN) === run;

/** Sends a word back: the least that two threads can say to each other. */
function bounce(run: number): void {
  let last = Atomics.load(words, Flag.THERE);
  parentPort?.postMessage({} satisfies BounceReady);
  while (lasts(run)) {
    const word = Atomics.load(words, Flag.THERE);
    if (word === last) continue;
    Atomics.store(words, Flag.BACK, word);
    last = word;
  }
}

/** Sends every slot back. */
function echo(consumer: RingConsumer, run: number): void {
  const echoes = createRing(COMMAND_SLOTS);
  const producer = new RingProducer(echoes);
  const slot = new Uint8Array(RECORD_BYTES);
  parentPort?.postMessage({ echoes } satisfies EchoReady);
  while (lasts(run)) {
    if (consumer.read(slot, 1) === 0) continue;
    consumer.release(1);
    producer.offer(slot, 1);
    producer.publish();
  }
}

/** A market with a full book, on a host of its own, for blocks of up to so many commands. */
function openMarket(blockCommands: number) {
  globalThis.gc?.();
  const host = new KernelHost(kernel, { sharedEventPages: EVENT_PAGES });
  const market = host.addMarket();
  const laidSetUp = host.layCommands(setUpCount);
  laidSetUp.bytes.set(setUp);
  const laid = host.layCommands(blockCommands);
  market.applyLaid(laidSetUp, 0, setUpCount, TIME_NS, setUpCount);
  return { host, market, laid, firstSequence: setUpCount + 1 };
}

/** Applies commands as they come, each one's events published when it is done. */
function match(consumer: RingConsumer, run: number): void {
  const { host, market, laid, firstSequence } = openMarket(MOST_AT_ONCE);
  parentPort?.postMessage({ events: host.sharedEvents, firstSequence } satisfies MatchReady);
  while (lasts(run)) {
    const count = consumer.read(laid.bytes, MOST_AT_ONCE);
    if (count === 0) continue;
    market.applyLaid(laid, 0, count, TIME_NS, 1);
    // Nobody waits for the room: what a client waits for goes first.
    consumer.release(count);
  }
}

parentPort?.on('message', (ask: MarketAsk) => {
  if (ask.what === 'alone') {
    parentPort?.postMessage(measureAlone(openMarket(1), ask, nowNs));
    return;
  }
  const { what, run } = ask;
  const consumer = new RingConsumer(commands);
  if (what === 'bounce') bounce(run);
  else if (what === 'echo') echo(consumer, run);
  else match(consumer, run);
});
if (realtime !== undefined) setRealTime(realtime);
parentPort?.postMessage({ pin } satisfies MarketPrepared);
