/** The process of `bench latency`: its main thread is the client, a worker thread the market. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { hrtime } from 'node:process';
import { Worker } from 'node:worker_threads';
import {
  answerQuestions,
  clockSince,
  createRing,
  pinCurrentThread,
  RingProducer,
  setRealTime,
} from '@foldbook/runtime';
import { measureHop, measureRun, measureWord } from './latency-client.ts';
import {
  type BounceReady,
  COMMAND_SLOTS,
  type EchoReady,
  FLAG_WORDS,
  Flag,
  type LatencyMeasured,
  type LatencyQuestions,
  type LatencyShared,
  type MarketAsk,
  type MarketPrepared,
  type MatchReady,
} from './latency-messages.ts';

const commands = createRing(COMMAND_SLOTS);
const flags = new SharedArrayBuffer(FLAG_WORDS * Int32Array.BYTES_PER_ELEMENT);
const words = new Int32Array(flags);
const producer = new RingProducer(commands);
const nowNs = clockSince(hrtime.bigint());
let market: Worker | undefined;

/** Asks the market thread for one run, and ends it. */
async function during<Ready, Result>(
  what: Exclude<MarketAsk['what'], 'alone'>,
  measure: (ready: Ready) => Result,
): Promise<Result> {
  assert(market !== undefined, 'prepare comes first');
  globalThis.gc?.();
  const run = Atomics.load(words, Flag.RUN);
  const isReady = once(market, 'message');
  market.postMessage({ what, run } satisfies MarketAsk);
  const [ready] = (await isReady) as [Ready];
  try {
    return measure(ready);
  } finally {
    Atomics.add(words, Flag.RUN, 1);
  }
}

answerQuestions<LatencyQuestions>({
  async prepare({ matchCore, clientCore, realtime }) {
    const shared: LatencyShared = { matchCore, realtime, commands, flags };
    market = new Worker(new URL('./latency-market.ts', import.meta.url), { workerData: shared });
    const [{ pin }] = (await once(market, 'message')) as [MarketPrepared];
    // After the other thread's start, which would inherit it.
    const clientPin = pinCurrentThread(clientCore);
    const realTime = realtime === undefined ? undefined : setRealTime(realtime);
    return { matchPin: pin, clientPin, realTime };
  },
  word: ({ roundTrips }) =>
    during('bounce', (_: BounceReady) => measureWord(words, roundTrips, nowNs)),
  hop: ({ roundTrips }) =>
    during('echo', ({ echoes }: EchoReady) => measureHop(producer, echoes, roundTrips, nowNs)),
  run: (asked) => during('match', (ready: MatchReady) => measureRun(producer, ready, asked, nowNs)),
  async alone(asked) {
    assert(market !== undefined, 'prepare comes first');
    const isDone = once(market, 'message');
    market.postMessage({ what: 'alone', ...asked } satisfies MarketAsk);
    const [measured] = (await isDone) as [LatencyMeasured];
    return measured;
  },
});
