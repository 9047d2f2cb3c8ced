/** A thread of `check fuzz`: makes inputs and plays them, until one fails. */
import { parentPort, workerData } from 'node:worker_threads';
import { mutatorOf, openFormat, readCorpus } from './formats.ts';
import type { FailedInput, FuzzAnswer, FuzzTask, FuzzThreadData } from './fuzz-messages.ts';
import { type Failure, type FuzzTarget, failureIn, failureOf } from './fuzz-target.ts';
import { shrink } from './shrink.ts';

const port = parentPort;
if (port === null) throw new Error('fuzz-thread.ts runs as a worker thread');
const { format, seed, folder, only, playing } = workerData as FuzzThreadData;
const target = await openFormat(format, folder);
const mutator = mutatorOf(target, readCorpus(format));
const current = new Int32Array(playing);

port.on('message', (task: FuzzTask) => {
  void play(task).then((answer) => port.postMessage(answer));
});

async function play({ first, count }: FuzzTask): Promise<FuzzAnswer> {
  const outcomes = new Map<string, number>();
  let length = 0;
  for (let run = first; run < first + count; run += 1) {
    Atomics.store(current, 0, run);
    const bytes = only ?? mutator.input(seed, run);
    length += bytes.length;
    try {
      const outcome = await target.check(bytes);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (error) {
      const failed = failureOf(error);
      const failure =
        only === undefined ? await shrunk(target, run, bytes, failed) : { ...failed, run, bytes };
      return { runs: run - first + 1, bytes: length, outcomes, failure };
    }
  }
  return { runs: count, bytes: length, outcomes };
}

async function shrunk(
  target: FuzzTarget,
  run: number,
  made: Uint8Array,
  failure: Failure,
): Promise<FailedInput> {
  const fails = async (bytes: Uint8Array) => {
    return (await failureIn(target, bytes))?.kind === failure.kind;
  };
  const bytes = await shrink(made, fails);
  const { kind, message } = (await failureIn(target, bytes)) ?? failure;
  return { kind, message, run, bytes, madeBytes: made.length };
}
