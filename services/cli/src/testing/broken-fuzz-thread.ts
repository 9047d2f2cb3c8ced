/** A thread of `check fuzz` whose decoder has a defect: its seed says which. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FuzzTask, FuzzThreadData } from '../fuzz/fuzz-messages.ts';

export const Defect = { HANGS: 1, TAKES_ALL_MEMORY: 2 } as const;
/** Of a task: the run that meets it. */
export const MET_AT = 7;

parentPort?.on('message', ({ first }: FuzzTask) => {
  const { seed, playing } = workerData as FuzzThreadData;
  Atomics.store(new Int32Array(playing), 0, first + MET_AT);
  const kept: number[][] = [];
  for (;;)
    if (seed === Defect.TAKES_ALL_MEMORY) kept.push(Array.from({ length: 1e5 }, Math.random));
});
