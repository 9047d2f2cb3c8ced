/** The producer's thread of `ring.race.test.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { RingProducer } from '../ring.ts';
import { SCENARIOS, stagger } from './race-scenarios.ts';

export interface RaceData {
  readonly name: string;
  /** One for each round, or one for all. */
  readonly rings: readonly SharedArrayBuffer[];
  /** RaceWord. */
  readonly words: SharedArrayBuffer;
  readonly rounds: number;
}

/** ROUND: which the other thread has begun. DONE: which this one has ended. OUTCOME: of that. */
export const RaceWord = { ROUND: 0, DONE: 32, OUTCOME: 64, ENDED: 96, WORDS: 128 } as const;

if (parentPort !== null) {
  const { name, rings, words, rounds } = workerData as RaceData;
  const shared = new Int32Array(words);
  const scenario = SCENARIOS[name];
  let producer: RingProducer | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    const ring = rings[(round - 1) % rings.length];
    if (scenario === undefined || ring === undefined) break;
    if (producer === undefined || rings.length > 1) producer = new RingProducer(ring);
    while (Atomics.load(shared, RaceWord.ROUND) < round) Atomics.pause();
    if (Atomics.load(shared, RaceWord.ENDED) !== 0) break;
    stagger(round, 1);
    Atomics.store(shared, RaceWord.OUTCOME, scenario.produce(producer, round));
    Atomics.store(shared, RaceWord.DONE, round);
  }
}
