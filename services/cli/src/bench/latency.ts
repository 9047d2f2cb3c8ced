/** `bench latency`: a command into the ring, a trade out of it, seen by another pinned thread. */
import { fileURLToPath } from 'node:url';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import type { LatencyMeasured, LatencyOptions, LatencyQuestions } from './latency-messages.ts';
import { DEFAULT_CIRCUIT, DEFAULT_ROUNDS, measureWhileProving } from './latency-proving.ts';
import { machineWords, thisMachine } from './machine.ts';
import { chosenCores, v8Flags } from './measure-options.ts';
import { type LatencyPercentiles, median } from './statistics.ts';

const MAIN = fileURLToPath(new URL('./latency-main.ts', import.meta.url));
const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 600;
/** Commands a second at which none finds another under way. */
const UNLOADED_PER_SEC = 50_000;
const SHARES = [0.5, 0.9] as const;
const CAPACITY_RUNS = 3;
const CAPACITY_PAIRS = 500_000;
const WARM_UP_PAIRS = 50_000;
const ROUND_TRIPS_PER_SEC = 50_000;
const MAX_PAIRS = 5_000_000;

const PROVING_OPTIONS = {
  circuit: { type: 'string' },
  rounds: { type: 'string' },
  'prover-cores': { type: 'string' },
  nice: { type: 'string' },
} as const;

export const latency: CliCommand = {
  name: 'bench latency',
  summary: 'nanoseconds from a command in the ring to its trade, seen by another thread',
  help: `
Usage: foldbook bench latency [options]

Two threads of one process, each on a core of its own and never asleep. The client puts commands
into a ring; the market takes them, runs them in the kernel and publishes the events of each when it
is done; the client reads them. Every second command trades with the one before it, in a book of
1,000 other orders. Timed is, by the client's clock alone, from when such a command was TO BE sent
until its trade was read: commands that wait for a late client or a full ring are counted with
their wait. Nothing is subtracted, the two readings of the clock included.

A row for each load: 50,000 commands a second, at which none meets another, then 50 % and 90 % of
what the two threads were just measured to do at most (the median of three runs). hopNs is of the
ring alone: half of what a slot takes to the other thread and back. wordNs is the same of one bare
word, the least that this machine's cores can do: a command and its trade are at least four.

  --seconds N       length of each measured run (default ${DEFAULT_SECONDS})
  --core N          core of the market (default: the last one)
  --client-core N   core of the client (default: the first other one)
  --realtime N      both threads in real time (SCHED_FIFO) with priority N, 1 to 99: they spin, so
                    that nothing else runs on their cores but in the share that the system keeps
  --v8 FLAGS        V8 flags of the measuring process, e.g. "--no-liftoff" (default: none)
  --json            {"load","commandsPerSec","latencyNs":{"p50","p90","p99","p999","p9999","max"},
                    "hopNs":{...},"wordNs":{...},"trades","isRight",...} a line; load is the share
                    of the capacity, 0 for the first

--while-proving asks something else: whether the same commands, 50,000 a second, take as long while
proofs are made on other cores. Workers as of a prover, a core each, prove back to back in one half
of the time, in turns with the other half. Two rows: matching is of the market thread alone, which
gives itself each command when it is due, so that nothing but its core takes part; commandToTrade is
from the client and back. Percentiles are the median of the rounds; ratios are of the two halves of
a round, their median, range and the p of Wilcoxon's test. Where only two cores are, proofs share
the client's, and matching alone says what proofs on another core do.

  --circuit NAME    what is proved (default ${DEFAULT_CIRCUIT}; the large ones are made by
                    foldbook keys dev --circuit NAME)
  --rounds N        of --seconds without proofs and as many beside them, a row
                    (default ${DEFAULT_ROUNDS})
  --prover-cores L  such as 2,3: a worker each (default: all that are left, or the client's)
  --nice N          priority of the workers, 0 to 19 (default 19, as a prover's)
  --json            {"measure","without":{"p50",...},"with":{...},"ratio":{"p50":{"ratio",
                    "ratioRange","pValue"},...},"isRight","matchCore","clientCore","circuit",
                    "nice","workers":[{"pid","cpuset","proofs","cpuMs","wallMs"}],...} a row

Both threads spin: on a machine that others use, or where two cores are one, the highest
percentiles tell how long the system kept a thread from its core. Exit status 1 if trades are not
those that the commands give.

Example: foldbook bench latency --seconds 10
Example: foldbook bench latency --while-proving --seconds 2 --realtime 50`,
  takes: [],
  options: {
    seconds: { type: 'string' },
    core: { type: 'string' },
    'client-core': { type: 'string' },
    realtime: { type: 'string' },
    v8: { type: 'string' },
    'while-proving': { type: 'boolean' },
    ...PROVING_OPTIONS,
  },
  endsOnSignal: true,
  run: measure,
};

async function measure(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const seconds = context.integer('seconds', 1, MAX_SECONDS) ?? DEFAULT_SECONDS;
  const realtime = context.integer('realtime', 1, 99);
  const [matchCore, clientCore] = chosenCores(context, 'client-core');
  const cores = { matchCore, clientCore, realtime };
  const flags = v8Flags(context);
  const isProving = context.flag('while-proving');
  for (const name of isProving ? [] : Object.keys(PROVING_OPTIONS)) {
    if (context.text(name) === undefined) continue;
    throw new UsageError(`--${name} is for --while-proving: add it, or leave --${name} away`);
  }
  const asked = new AskedProcess<LatencyQuestions>(MAIN, ['--expose-gc', ...flags], signal);
  try {
    const { matchPin, clientPin, realTime } = await asked.ask('prepare', cores);
    if (realTime?.granted === false) output.say(`not in real time: ${realTime.reason}`);
    if (isProving) return await measureWhileProving(context, asked, cores, seconds);
    output.progress('bench latency', 0, 2 + SHARES.length);
    const trips = { roundTrips: seconds * ROUND_TRIPS_PER_SEC };
    const wordNs = await asked.ask('word', trips);
    const hopNs = await asked.ask('hop', trips);
    const capacity = await capacityOf(asked);
    const method = { ...cores, seconds, capacityPerSec: capacity, v8Flags: flags };
    const facts = {
      pinned: matchPin.pinned && clientPin.pinned,
      realTime: realTime?.granted ?? false,
      method,
      machine: thisMachine(),
    };
    const loads = [0, ...SHARES];
    let isRight = true;
    for (const [index, load] of loads.entries()) {
      output.progress('bench latency', 1 + index, 1 + loads.length);
      const perSec = load === 0 ? UNLOADED_PER_SEC : Math.round(capacity * load);
      const pairs = Math.min(MAX_PAIRS, Math.ceil((perSec * seconds) / 2));
      const measured = await asked.ask('run', { pairs, perSec });
      output.result(
        { load, ...measured, hopNs, wordNs, ...facts },
        rowWords(load, perSec, measured),
      );
      isRight &&= measured.isRight;
    }
    output.say(endWords({ hopNs, wordNs }, method, facts));
    if (!isRight) process.stderr.write('foldbook: the trades are not those of the commands\n');
    return isRight ? 0 : 1;
  } finally {
    await asked.stop();
  }
}

/** Commands a second, the first run left out: it finds code that is not compiled yet. */
async function capacityOf(asked: AskedProcess<LatencyQuestions>): Promise<number> {
  await asked.ask('run', { pairs: WARM_UP_PAIRS, perSec: undefined });
  await asked.ask('run', { pairs: WARM_UP_PAIRS, perSec: UNLOADED_PER_SEC });
  const runs: number[] = [];
  for (let run = 0; run < CAPACITY_RUNS; run += 1) {
    const { commandsPerSec } = await asked.ask('run', { pairs: CAPACITY_PAIRS, perSec: undefined });
    runs.push(commandsPerSec);
  }
  return Math.round(median(runs));
}

const figures = (latencyNs: LatencyPercentiles | undefined) =>
  Object.entries(latencyNs ?? {})
    .map(([name, ns]) => `${name} ${grouped(ns)}`)
    .join('  ');

function rowWords(load: number, perSec: number, measured: LatencyMeasured): string {
  const name = load === 0 ? 'unloaded' : `${load * 100} % of capacity`;
  return [
    `${name}, ${grouped(perSec)} commands a second: ${figures(measured.latencyNs)} ns`,
    ...(measured.isRight ? [] : ['  checks   the trades are not those of the commands']),
  ].join('\n');
}

function endWords(
  { hopNs, wordNs }: Readonly<Record<'hopNs' | 'wordNs', LatencyPercentiles>>,
  method: LatencyOptions & { readonly capacityPerSec: number; readonly seconds: number },
  facts: {
    readonly pinned: boolean;
    readonly realTime: boolean;
    readonly machine: ReturnType<typeof thisMachine>;
  },
): string {
  const { matchCore, clientCore, capacityPerSec, seconds } = method;
  const how = `${facts.pinned ? '' : ' (not pinned)'}${facts.realTime ? ' in real time' : ''}`;
  return [
    `a slot from thread to thread: ${figures(hopNs)} ns`,
    `a bare word: ${figures(wordNs)} ns`,
    `  method   ${seconds} s a row, market on core ${matchCore}, client on core ${clientCore}` +
      `${how}, capacity ${grouped(capacityPerSec)} commands/s`,
    `  machine  ${machineWords(facts.machine)}`,
  ].join('\n');
}
