/** A process that is busy with one thing for a while, and says how much of it it did. */
import { answerQuestions } from '@foldbook/runtime';
import type { Load, ScalingQuestions } from './scaling-floor-messages.ts';

const COPIED_BYTES = 64 * 2 ** 20;
const STEPS = 100_000;

let copies: readonly [Float64Array, Float64Array] | undefined;
let state = 1;

const rounds: Readonly<Record<Load, () => void>> = {
  compute() {
    for (let step = 0; step < STEPS; step += 1) {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + step;
    }
  },
  memory() {
    copies ??= [new Float64Array(COPIED_BYTES / 8), new Float64Array(COPIED_BYTES / 8)];
    copies[1].set(copies[0]);
  },
};

answerQuestions<ScalingQuestions>({
  async run({ load, forMs }) {
    const round = rounds[load];
    // Memory that was never touched is not there yet.
    round();
    const startMs = performance.now();
    let [done, tookMs] = [0, 0];
    while (tookMs < forMs) {
      round();
      done += 1;
      tookMs = performance.now() - startMs;
    }
    return (1_000 * done) / tookMs;
  },
});
