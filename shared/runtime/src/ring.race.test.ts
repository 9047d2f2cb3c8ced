/**
 * Races between the two sides of a ring, as litmus tests: two threads meet again and again, each
 * time with other delays, and every outcome must be one of those that are listed.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRing, RingConsumer } from './ring.ts';
import { SCENARIOS, stagger } from './testing/race-scenarios.ts';
import { type RaceData, RaceWord } from './testing/race-worker.ts';

const ROUNDS = 20_000;
/** Rings that are closed are used once. */
const ROUNDS_THAT_END = 3_000;
/** Where the threads have no two cores, a round takes as long as the system lets one run. */
const MOST_MS = 2_000;
/** However long they take. */
const LEAST_ROUNDS = 100;
/** Positions pass 2^32 on the way. */
const FIRST_POSITION = 2 ** 32 - 5_000;

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(name, { timeout: 120_000 }, async (t) => {
    const rounds = scenario.ends === true ? ROUNDS_THAT_END : ROUNDS;
    const ringCount = scenario.ends === true ? rounds : 1;
    const rings = Array.from({ length: ringCount }, () =>
      createRing(scenario.capacity, FIRST_POSITION),
    );
    const words = new SharedArrayBuffer(RaceWord.WORDS * Int32Array.BYTES_PER_ELEMENT);
    const data: RaceData = { name, rings, words, rounds };
    const worker = new Worker(new URL('./testing/race-worker.ts', import.meta.url), {
      workerData: data,
    });
    const gone = once(worker, 'exit');
    await once(worker, 'online');
    const outcomes = meet(data, rings);
    await gone;
    for (const [outcome, count] of outcomes) {
      const meaning = scenario.allowed[outcome];
      t.diagnostic(`${outcome}: ${count} times, ${meaning ?? 'NOT ALLOWED'}`);
    }
    const seen = [...outcomes.keys()].filter((outcome) => !(outcome in scenario.allowed));
    assert.deepEqual(seen, [], 'outcomes that are not allowed');
    assert([...outcomes.values()].reduce((sum, count) => sum + count, 0) >= LEAST_ROUNDS);
  });
}

/** Counts the outcomes of all rounds. */
function meet({ name, words, rounds }: RaceData, rings: readonly SharedArrayBuffer[]) {
  const scenario = SCENARIOS[name];
  assert(scenario !== undefined);
  const shared = new Int32Array(words);
  const outcomes = new Map<string, number>();
  const endMs = performance.now() + MOST_MS;
  let consumer: RingConsumer | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    const ring = rings[(round - 1) % rings.length];
    assert(ring !== undefined);
    if (consumer === undefined || rings.length > 1) consumer = new RingConsumer(ring);
    Atomics.store(shared, RaceWord.ROUND, round);
    stagger(round, 2);
    const consumed = scenario.consume(consumer, round);
    while (Atomics.load(shared, RaceWord.DONE) < round) Atomics.pause();
    const outcome = `${Atomics.load(shared, RaceWord.OUTCOME)}/${consumed}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    for (let left = consumer.available(); left > 0; left = consumer.available()) {
      consumer.release(left);
    }
    if (performance.now() > endMs && round >= LEAST_ROUNDS && round < rounds) {
      Atomics.store(shared, RaceWord.ENDED, 1);
      Atomics.store(shared, RaceWord.ROUND, rounds);
      break;
    }
  }
  return outcomes;
}
