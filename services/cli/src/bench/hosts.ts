/** `bench hosts`: what markets that share a thread, or move between two, cost each other. */
import { fileURLToPath } from 'node:url';
import { availableCores } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import type { HostsQuestions, NeighbourAsk, Pieces } from './hosts-messages.ts';
import type { LatencyCores } from './latency-messages.ts';
import { machineWords, thisMachine } from './machine.ts';
import { chosenCores } from './measure-options.ts';
import { type LatencyPercentiles, median, percentiles } from './statistics.ts';

const MAIN = fileURLToPath(new URL('../../../market/src/bench/hosts-main.ts', import.meta.url));
const DEFAULT_SECONDS = 10;
const MAX_SECONDS = 600;
const DEFAULT_PER_SEC = 1_000;
const MAX_PER_SEC = 100_000;
/** Resting orders of the market that moves. */
const SIZES = [1_000, 100_000, 1_000_000];
const ACCOUNTS = 1_000;
const DEFAULT_LEVELS = 2_000;
const LEAST_MOVES = 6;
const PIECE_RUNS = 5;
const PARTS = ['neighbour', 'crowd', 'moves'] as const;
/** Busy markets beside the quiet one; at most eight groups are on their way to the log at once. */
const CROWDS = [0, 4, 12];
const CROWD_PER_SEC = 100;
const COMMIT_MS = 2;

const US = 1_000;
const MS = 1_000_000;
const USUAL = { records: 4_096, timeNs: 500 * US };
const CASES: readonly (Pick<NeighbourAsk, 'cycle' | 'groupCommands'> & { name: string })[] = [
  { name: 'alone', cycle: USUAL, groupCommands: undefined },
  { name: 'default', cycle: USUAL, groupCommands: 4_096 },
  { name: 'default, groups of 512', cycle: USUAL, groupCommands: 512 },
  { name: 'small', cycle: { records: 512, timeNs: 500 * US }, groupCommands: 512 },
  { name: 'no limits', cycle: { records: 1_000_000, timeNs: 1_000 * MS }, groupCommands: 4_096 },
];

export const hosts: CliCommand = {
  name: 'bench hosts',
  summary: 'what markets of a thread, and moves between threads, cost their neighbours',
  help: `
Usage: foldbook bench hosts [options]

1. A neighbour. One host thread, on a core of its own and never asleep, has two markets. The mailbox
of the busy one is never empty: 28,672 orders are on their way all the time, every second of which
trades. The quiet one gets one command at each intended time. Timed is from that time until
the end of its group was read off the event ring, by a client on another core that reads everything
the busy one tells as well; "before" counts the commands of the busy market that were done from when
the quiet one's was sent until its own end, which other programs can't change. A row for each of: no
busy market; the service's limits of a cycle and groups of 4,096; the same with groups of 512; 512
records a cycle and groups of 512; no limits. Each with what the busy market got done.

2. A crowd. A market service with one host, whose log keeps nothing and takes 2 ms for a group; at
most eight groups are on their way to it at once. Beside none, 4 and 12 markets with four messages
of 64 commands each on their way all the time, the market that was created last gets one command at
each intended time, 100 a second. Timed is from that time until it was answered. Client and service
are on one thread. Told is also what the busy markets got done, the least and the most of them.

3. Moves. A market goes from one host to another and back, at once again when it is there, by the
service's own dispatcher; on each host a quiet neighbour gets its commands at intended times. Told
are tookMs, from the market's last command there until its first one here could run (the median, and
the most), the bytes of the snapshot, and the neighbours' latencies on the host that the market
leaves, on the one where it goes to, and on both while nothing moves. Hosts park when they are idle,
as the service's do on few cores. With two cores, the client shares that of the second host and
looks about every 70 us only: latencies have that on top.
"pieces" are the steps of a move, each of which the neighbours wait for, timed on one thread; of
each the least of ${PIECE_RUNS} runs: a step that is too long is so in each run, what else the
machine does comes at another one.

  --seconds N       length of each measured part (default ${DEFAULT_SECONDS})
  --rate N          commands a second of each quiet market (default ${grouped(DEFAULT_PER_SEC)})
  --only PART       neighbour, crowd or moves (default: all)
  --largest N       moves of markets with up to so many resting orders (default: all sizes):
                    ${SIZES.map(grouped).join('; ')}
  --levels N        prices that they rest at, of each side (default ${grouped(DEFAULT_LEVELS)})
  --core N          core of the host (default: the last one)
  --client-core N   core of the client (default: the first other one)
  --json            {"part":"neighbour","case","latencyNs":{...},"before":{...},"busyPerSec",...}
                    {"part":"crowd","busy","latencyNs":{...},"busyPerSec":{"least","most"},...}
                    {"part":"moves","orders","moves","tookMs":{"median","most"},"bytes",
                    "leavingNs":{...},"comingNs":{...},"restingNs":{...},"pieces":{...},...}

Nothing is averaged away: where other programs have the cores too, the high percentiles tell how
long the system kept a thread from its core.

Example: foldbook bench hosts --only moves --largest 100000`,
  takes: [],
  options: {
    seconds: { type: 'string' },
    rate: { type: 'string' },
    only: { type: 'string' },
    largest: { type: 'string' },
    levels: { type: 'string' },
    core: { type: 'string' },
    'client-core': { type: 'string' },
  },
  endsOnSignal: true,
  run: measure,
};

interface Settings {
  readonly seconds: number;
  readonly perSec: number;
  readonly levels: number;
  readonly cores: LatencyCores;
  readonly sizes: readonly number[];
  readonly parts: readonly string[];
}

function settingsOf(context: CommandContext): Settings {
  const only = context.text('only');
  if (only !== undefined && !PARTS.some((part) => part === only)) {
    throw new UsageError(`--only ${only}: use ${PARTS.join(' or ')}`);
  }
  const [smallest = 0] = SIZES;
  const largest = context.integer('largest', smallest, SIZES.at(-1) ?? 0) ?? Infinity;
  const [matchCore, clientCore] = chosenCores(context, 'client-core');
  return {
    seconds: context.integer('seconds', 1, MAX_SECONDS) ?? DEFAULT_SECONDS,
    perSec: context.integer('rate', 1, MAX_PER_SEC) ?? DEFAULT_PER_SEC,
    levels: context.integer('levels', 1, 100_000) ?? DEFAULT_LEVELS,
    cores: { matchCore, clientCore },
    sizes: SIZES.filter((size) => size <= largest),
    parts: only === undefined ? PARTS : [only],
  };
}

type Asked = AskedProcess<HostsQuestions>;

async function measure(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const settings = settingsOf(context);
  const asked: Asked = new AskedProcess<HostsQuestions>(MAIN, ['--expose-gc'], signal);
  try {
    const pin = await asked.ask('prepare', { clientCore: settings.cores.clientCore });
    if (!pin.pinned) output.say(`not pinned: ${pin.reason}`);
    if (settings.parts.includes('neighbour')) await neighbours(context, asked, settings);
    if (settings.parts.includes('crowd')) await crowds(context, asked, settings);
    if (settings.parts.includes('moves')) await moves(context, asked, settings);
  } finally {
    await asked.stop();
  }
  const { seconds, perSec, cores } = settings;
  output.say(
    `method: ${seconds} s a part, ${grouped(perSec)} commands/s to a quiet market, host on core ` +
      `${cores.matchCore}, client on core ${cores.clientCore}; ${machineWords(thisMachine())}`,
  );
  return 0;
}

async function neighbours({ output }: CommandContext, asked: Asked, settings: Settings) {
  const { seconds, perSec, cores } = settings;
  for (const { name, cycle, groupCommands } of CASES) {
    output.progress(
      'bench hosts',
      CASES.findIndex((each) => each.name === name),
      CASES.length,
    );
    const core = cores.matchCore;
    const run = await asked.ask('neighbour', { core, perSec, seconds, cycle, groupCommands });
    const latencyNs = percentiles(run.latencyNs.sort());
    const before = percentiles(run.before.sort());
    const busyPerSec = Math.round(run.busyPerSec);
    const facts = { cycle, groupCommands: groupCommands ?? 0, seconds, perSec, ...cores };
    output.result(
      { part: 'neighbour', case: name, latencyNs, before, busyPerSec, ...facts, ...where() },
      [
        `neighbour, ${name}: ${inUs(latencyNs)}`,
        `  before   p50 ${grouped(before.p50)}  most ${grouped(before.max)} commands of the ` +
          `busy one, which does ${grouped(busyPerSec)} a second`,
      ].join('\n'),
    );
  }
}

async function crowds({ output }: CommandContext, asked: Asked, settings: Settings) {
  const { seconds, cores } = settings;
  for (const busy of CROWDS) {
    output.progress('bench hosts', CROWDS.indexOf(busy), CROWDS.length);
    const facts = { busy, perSec: CROWD_PER_SEC, seconds, commitMs: COMMIT_MS };
    const run = await asked.ask('crowd', { core: cores.matchCore, ...facts });
    const latencyNs = percentiles(run.latencyNs.sort());
    const each = run.busyPerSec.length === 0 ? [0] : [...run.busyPerSec].map(Math.round);
    const busyPerSec = { least: Math.min(...each), most: Math.max(...each) };
    output.result(
      { part: 'crowd', latencyNs, busyPerSec, ...facts, ...cores, ...where() },
      [
        `crowd, ${busy} busy markets: ${inUs(latencyNs)}`,
        `  busy ones ${grouped(busyPerSec.least)} to ${grouped(busyPerSec.most)} commands/s each`,
      ].join('\n'),
    );
  }
}

async function moves({ output }: CommandContext, asked: Asked, settings: Settings) {
  const { seconds, perSec, levels, cores } = settings;
  const others = availableCores().filter((core) => core !== cores.matchCore);
  const second = others.find((core) => core !== cores.clientCore);
  for (const orders of settings.sizes) {
    output.progress('bench hosts', settings.sizes.indexOf(orders), settings.sizes.length);
    const filling = { orders, accounts: ACCOUNTS, levels };
    const hostCores = [cores.matchCore, second ?? cores.clientCore] as const;
    const facts = { cores: hostCores, isShared: second === undefined, perSec, seconds };
    const run = await asked.ask('move', { ...filling, ...facts, leastMoves: LEAST_MOVES });
    const { bytes, leaving, coming } = await asked.ask('pieces', { ...filling, runs: PIECE_RUNS });
    const tookMs = { median: median(run.tookMs), most: Math.max(...run.tookMs) };
    const told = {
      restingNs: percentiles(run.restingNs.sort()),
      leavingNs: percentiles(run.leavingNs.sort()),
      comingNs: percentiles(run.comingNs.sort()),
    };
    const count = run.tookMs.length;
    const pieces = { leaving, coming };
    output.result(
      {
        part: 'moves',
        ...filling,
        moves: count,
        tookMs,
        bytes,
        ...told,
        pieces,
        ...facts,
        ...where(),
      },
      [
        `moves, ${grouped(orders)} orders: ${count} of ${tookMs.median.toFixed(1)} ms, at most ` +
          `${tookMs.most.toFixed(1)} ms; ${grouped(bytes)} bytes`,
        `  rests    ${inUs(told.restingNs)}`,
        `  leaves   ${inUs(told.leavingNs)}`,
        `  comes    ${inUs(told.comingNs)}`,
        `  pieces   leaving ${pieceWords(leaving)}; coming ${pieceWords(coming)}`,
      ].join('\n'),
    );
  }
}

const where = () => ({ machine: thisMachine() });

const inUs = (latencyNs: LatencyPercentiles) =>
  `${Object.entries(latencyNs)
    .map(([name, ns]) => `${name} ${grouped(Math.round(ns / US))}`)
    .join('  ')} us`;

const pieceWords = ({ count, overMs, worstNs: [worst = 0] }: Pieces) =>
  `${grouped(count)}, the longest ${grouped(Math.round(worst / US))} us, ${overMs} above 1 ms`;
