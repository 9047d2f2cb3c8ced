/** The other thread of `bench latency`: sends commands when they are due, and reads what comes. */
import { EventRingReader } from '@foldbook/engine';
import { EventKind, EventOffset, RECORD_BYTES } from '@foldbook/protocol';
import { RingConsumer, type RingProducer } from '@foldbook/runtime';
import { PairWriter } from './latency-commands.ts';
import {
  Flag,
  type LatencyMeasured,
  type LatencyRun,
  type MatchReady,
} from './latency-messages.ts';
import { percentiles } from './statistics.ts';

/** Commands offered between two looks at the events. */
const MOST_AT_ONCE = 64;
/** Between two readings of the clock, which take longer than a look at an empty ring. */
const POLLS = 8;
const RECORD_WORDS = RECORD_BYTES >> 2;
const KIND_MASK = 0xff;
const SEQUENCE = EventOffset.SEQUENCE >> 2;
/** Round trips before those that count: code is compiled meanwhile. */
const WARM_UP = 20_000;
const WARM_UP_NS = 2e9;
const PATIENCE_NS = 10e9;
const MOST_NS = 20e9;

/** Half of the time that a word takes to the other thread and back. */
export function measureWord(flags: Int32Array, roundTrips: number, nowNs: () => number) {
  let word = Atomics.load(flags, Flag.BACK);
  return measureTrips(roundTrips, nowNs, () => {
    word = (word + 1) | 0;
    Atomics.store(flags, Flag.THERE, word);
    while (Atomics.load(flags, Flag.BACK) !== word);
  });
}

/** Half of the time that a slot takes to the other thread and back. */
export function measureHop(
  commands: RingProducer,
  echoes: SharedArrayBuffer,
  roundTrips: number,
  nowNs: () => number,
) {
  const consumer = new RingConsumer(echoes);
  const slot = new Uint8Array(RECORD_BYTES);
  return measureTrips(roundTrips, nowNs, () => {
    commands.offer(slot, 1);
    commands.publish();
    while (consumer.read(slot, 1) === 0);
    consumer.release(1);
  });
}

/** Fewer trips where the other thread has no core most of the time, and each takes a time slice. */
function measureTrips(roundTrips: number, nowNs: () => number, go: () => void) {
  const warmNs = nowNs() + WARM_UP_NS;
  for (let trip = 0; trip < WARM_UP && nowNs() < warmNs; trip += 1) go();
  const hops = new Float64Array(roundTrips);
  const endNs = nowNs() + PATIENCE_NS;
  let trips = 0;
  let sentNs = nowNs();
  while (trips < roundTrips && sentNs < endNs) {
    go();
    hops[trips] = (nowNs() - sentNs) / 2;
    trips += 1;
    sentNs = nowNs();
  }
  return percentiles(hops.subarray(0, trips).map(Math.round).sort());
}

/** Sees to it that every pair trades, in order, and notes when. */
export class TradeReader {
  trades = 0;
  isRight = true;
  /** Since the start of the run, of the latest events. */
  lastNs = 0;
  readonly #elapsedNs: () => number;
  readonly #firstSequence: number;
  readonly #periodNs: number;
  /** Of each pair, from when its second command was to be sent. */
  readonly latencies: Float64Array;
  #words: Int32Array = new Int32Array(0);

  constructor(firstSequence: number, periodNs: number, pairs: number, elapsedNs: () => number) {
    this.#elapsedNs = elapsedNs;
    this.#firstSequence = firstSequence;
    this.#periodNs = periodNs;
    this.latencies = new Float64Array(pairs);
  }

  readonly read = (ring: Uint8Array, offset: number, count: number): void => {
    if (this.#words.buffer !== ring.buffer) {
      this.#words = new Int32Array(ring.buffer, ring.byteOffset, ring.byteLength >> 2);
    }
    this.lastNs = this.#elapsedNs();
    const words = this.#words;
    const end = (offset >> 2) + count * RECORD_WORDS;
    for (let at = offset >> 2; at < end; at += RECORD_WORDS) {
      const index = (words[at + SEQUENCE] ?? 0) - this.#firstSequence;
      if (index < 0) continue;
      const kind = (words[at] ?? 0) & KIND_MASK;
      if (kind === EventKind.REJECTED) this.isRight = false;
      if (kind !== EventKind.TRADE) continue;
      if (index !== 2 * this.trades + 1) this.isRight = false;
      this.latencies[this.trades] = this.lastNs - index * this.#periodNs;
      this.trades += 1;
    }
  };
}

/** Paced: command `i` is to be sent `i` periods after the start. */
export function measureRun(
  commands: RingProducer,
  { events, firstSequence }: MatchReady,
  { pairs, perSec }: LatencyRun,
  nowNs: () => number,
): LatencyMeasured {
  const periodNs = perSec === undefined ? 0 : 1e9 / perSec;
  let total = 2 * pairs;
  const ring = new EventRingReader(events);
  const writer = new PairWriter(MOST_AT_ONCE + 2);
  const startNs = nowNs();
  const reader = new TradeReader(firstSequence, periodNs, pairs, () => nowNs() - startNs);
  let sent = 0;
  while (reader.trades < total / 2) {
    const elapsedNs = nowNs() - startNs;
    // Fewer, in whole pairs, where the threads have no cores of their own.
    if (elapsedNs > MOST_NS && sent < total) total = sent + (sent & 1);
    const due = periodNs === 0 ? total : Math.min(total, Math.floor(elapsedNs / periodNs) + 1);
    const count = Math.min(due - sent, MOST_AT_ONCE);
    if (count > 0) {
      const first = writer.write(sent, count);
      sent += commands.offerSome(writer.bytes, first, count);
      commands.publish();
    }
    for (let poll = 0; poll < POLLS && ring.poll(reader.read) === 0; poll += 1);
    if (elapsedNs - reader.lastNs > PATIENCE_NS) break;
  }
  const tookNs = nowNs() - startNs;
  const { trades, latencies } = reader;
  const measured = {
    commandsPerSec: Math.round((2 * trades * 1e9) / tookNs),
    trades,
    isRight: reader.isRight && 2 * trades === total,
  };
  if (perSec === undefined) return measured;
  return {
    ...measured,
    latencyNs: percentiles(latencies.subarray(0, trades).map(Math.round).sort()),
  };
}
