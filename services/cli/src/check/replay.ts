import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  createKernelEngine,
  Dice,
  FLOW_CAPACITY,
  loadKernel,
  RandomFlow,
  type RecordedFlow,
  type ReplayDigest,
  recordFlow,
  replayFlow,
  snapshotOf,
} from '@foldbook/engine';
import type { CliCommand } from '../command.ts';
import { duration, grouped, type Output } from '../output.ts';
import type { ReplayTask } from './replay-worker.ts';

const DEFAULT_RUNS = 1_000_000;
const MAX_RUNS = 10_000_000;
const SNAPSHOTS = 20;

interface Start {
  /** The first group to play. */
  readonly from: number;
  readonly snapshot: Uint8Array | undefined;
  readonly expected: ReplayDigest;
}

export const replay: CliCommand = {
  name: 'check replay',
  summary: 'the same log live, again, and from snapshots, on one thread and on two',
  help: `
Usage: foldbook check replay [--runs N] [--seed S] [--snapshots N]

Plays one random flow live and takes snapshots on the way; then plays it again from the beginning
and from each snapshot, first on one other thread, then on two at once. Digests of the output and
of the state must all be equal.

  --runs N          commands of the flow (default ${DEFAULT_RUNS})
  --seed S          of the flow and of where snapshots are taken (default 1)
  --snapshots N     how many (default ${SNAPSHOTS})
  --json            one object

Example: foldbook check replay --runs 200000`,
  takes: [],
  options: { seed: { type: 'string' }, runs: { type: 'string' }, snapshots: { type: 'string' } },
  run: async (context) => {
    const runs = context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS;
    const seed = context.integer('seed', 0, 2 ** 32 - 1) ?? 1;
    const snapshots = context.integer('snapshots', 0, 1_000) ?? SNAPSHOTS;
    const { output } = context;
    const startMs = performance.now();
    const flow = recordFlow(new RandomFlow(seed).groups(runs));
    const starts = await playLive(flow, seed, snapshots);
    const played = { done: 0, total: starts.length * 2 };
    for (const threads of [1, 2]) {
      const wrong = await playAgain(flow, starts, threads, () => {
        played.done += 1;
        output.progress('replays', played.done, played.total);
      });
      if (wrong !== undefined) return tellWrong(output, seed, runs, threads, wrong);
    }
    output.endProgress();
    const ms = performance.now() - startMs;
    const whole = starts[0]?.expected;
    const words =
      `${grouped(runs)} commands live, again and from ${snapshots} snapshots, on one thread and ` +
      `on two: all equal (${duration(ms)})\n` +
      `  output ${whole?.output}\n  state  ${hex(whole?.stateHash)}`;
    const digests = { output: whole?.output, stateHash: hex(whole?.stateHash) };
    output.result(
      { ok: true, commands: runs, seed, snapshots, threads: [1, 2], ...digests, ms },
      words,
    );
    return 0;
  },
};

const hex = (value: bigint | undefined) => value?.toString(16).padStart(16, '0');

/** The first start is the beginning. */
async function playLive(flow: RecordedFlow, seed: number, count: number): Promise<Start[]> {
  const dice = new Dice(seed);
  const groups = Array.from({ length: count }, () => dice.below(flow.counts.length));
  const from = [0, ...groups.sort((a, b) => a - b)];
  const engine = createKernelEngine(await loadKernel(), FLOW_CAPACITY);
  const snapshots = new Map<number, Uint8Array>();
  const digests = replayFlow(engine, flow, 0, from, (group) => {
    if (groups.includes(group)) snapshots.set(group, snapshotOf(engine));
  });
  return from.map((group, index) => {
    const expected = digests[index];
    if (expected === undefined) throw new Error('a digest for each start');
    return { from: group, snapshot: index === 0 ? undefined : snapshots.get(group), expected };
  });
}

/** Gives what is wrong with the first start that does not end as it should. */
async function playAgain(
  flow: RecordedFlow,
  starts: readonly Start[],
  threads: number,
  onDone: () => void,
): Promise<string | undefined> {
  const waiting = [...starts];
  let wrong: string | undefined;
  const work = async () => {
    const worker = new Worker(new URL('./replay-worker.ts', import.meta.url));
    try {
      for (let start = waiting.shift(); start !== undefined; start = waiting.shift()) {
        const task: ReplayTask = { flow, from: start.from, snapshot: start.snapshot };
        worker.postMessage(task);
        const [digest] = (await once(worker, 'message')) as [ReplayDigest];
        wrong ??= compare(start, digest);
        onDone();
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return wrong;
}

function compare({ from, expected }: Start, found: ReplayDigest): string | undefined {
  if (found.output !== expected.output) return `from group ${from} on the output differs`;
  if (found.stateHash === expected.stateHash) return undefined;
  const hashes = `${hex(found.stateHash)}, not ${hex(expected.stateHash)}`;
  return `from group ${from} on the state differs: ${hashes}`;
}

function tellWrong(output: Output, seed: number, runs: number, threads: number, wrong: string) {
  const command = `foldbook check replay --seed ${seed} --runs ${runs}`;
  const words = `${threads} threads: ${wrong}\n\nto see it again: ${command}`;
  output.result({ ok: false, seed, threads, error: wrong, command }, words);
  return 1;
}
