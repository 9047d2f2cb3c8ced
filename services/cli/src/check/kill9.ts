/** `check kill9`: any process of a venue dies, again and again, while clients trade. */
import { percentiles } from '../bench/statistics.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { withEvidence } from './evidence.ts';
import { IN_FLIGHT } from './kill9-load.ts';
import {
  type Kill9Options,
  type Kill9Result,
  runKill9,
  VICTIMS,
  type Victims,
} from './kill9-run.ts';
import { checkApart } from './market-process.ts';

const DEFAULT_RUNS = 20;
const MAX_RUNS = 10_000;
const DEFAULT_SERVERS = 3;
const SEEDS = 2 ** 32;
/** The product's default. */
const LEASE_MS = 3_000;
const LEASE_APART_MS = 700;

export const kill9: CliCommand = {
  name: 'check kill9',
  summary: 'processes that are killed again and again while clients trade: nothing lost or twice',
  help: `
Usage: foldbook check kill9 [--runs N] [--cluster N] [--kill WHOM] [--across-hosts] [--rate N]
                              [--seed S]

Starts a cluster of nats-servers that sync each write, and two market services: one serves the
partition, the other one waits. Accounts trade without a pause, each side with ${IN_FLIGHT}
orders on their way, and at random times a process is ended by SIGKILL and started again. Exit
status 1, and logs and stores are kept, unless all of this holds in the end:
  every order that was accepted is in the log once, and is open or filled once; no others are there
  the log, run through the naive engine, keeps all invariants after each command; balances add up
  reports and settlement records are byte for byte what the log gives, and came in order, no gaps
  sequences of all streams are continuous; behind a barrier is no record of an earlier owner
  a mirror of market data is the engine's book, and no checksum of it differed

  --runs N          times that a process is killed (default ${DEFAULT_RUNS})
  --cluster N       servers, and copies of each stream: 1, 3 or 5 (default ${DEFAULT_SERVERS})
  --kill WHOM       market (the one that serves), broker, or any (default): half of the kills are of
                    markets, and of these each fourth of the one that waits
  --across-hosts    the market services can't see each other's processes, as on two hosts: the next
                    one waits for the lease. Linux, as root
  --lease-ms MS     default ${LEASE_MS}, across hosts ${LEASE_APART_MS}
  --rate N          orders a second in all; without, the next one follows an answer at once, which
                    needs all that this machine has
  --seed S          who is killed, and when (default: random, and printed)
  --json            {"runs","seed","ordersPerSec","accepted","commands","trades","terms",
                    "durability","handovers","failures",
                    "resumeMs":{"serving":{"times","p50",...},"waiting","leader","follower"},
                    "barrierMs":{...},"brokers":[{"led":["LOG_0",...],"ms"},...]}

resumeMs is from the kill until an order is accepted that was sent after it; one is sent every 2 ms,
over connections to all servers in turns. "leader" is the server that led the log: the others elect
another one first, which is JetStream's own time. barrierMs is from the kill of the market that
serves until the next one's barrier, by its clock: what is left of resumeMs is its opening.

Example: foldbook check kill9 --runs 200 --kill market`,
  takes: [],
  options: {
    runs: { type: 'string' },
    cluster: { type: 'string' },
    kill: { type: 'string' },
    'across-hosts': { type: 'boolean' },
    'lease-ms': { type: 'string' },
    rate: { type: 'string' },
    seed: { type: 'string' },
  },
  endsOnSignal: true,
  run: (context) => check(context),
};

async function check(context: CommandContext): Promise<number> {
  const isApart = context.flag('across-hosts');
  const asked = {
    runs: context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS,
    servers: serversOf(context),
    victims: victimsOf(context.text('kill') ?? 'any'),
    seed: context.integer('seed', 0, SEEDS - 1) ?? Math.floor(Math.random() * SEEDS),
    leaseMs: context.integer('lease-ms', 200, 3_600_000) ?? (isApart ? LEASE_APART_MS : LEASE_MS),
    isApart,
    ordersPerSec: context.integer('rate', 1, 1_000_000),
  };
  if (isApart) await checkApart();
  const { output, signal } = context;
  output.say(`seed ${asked.seed}`);
  return withEvidence(async (folder) => {
    const options = { ...asked, folder, output, signal };
    const result = await runKill9(options);
    output.result({ ...asked, ...shown(result) }, words(options, result));
    for (const failure of result.failures) process.stderr.write(`foldbook: ${failure}\n`);
    return result.failures.length === 0 ? 0 : 1;
  });
}

function serversOf(context: CommandContext): number {
  const servers = context.integer('cluster', 1, 5) ?? DEFAULT_SERVERS;
  if (servers % 2 === 1) return servers;
  throw new UsageError(`--cluster ${servers}: give 1, 3 or 5, which have a majority without one`);
}

function victimsOf(text: string): Victims {
  if (text === 'market' || text === 'broker' || text === 'any') return text;
  throw new UsageError(`--kill ${text}: give market, broker or any`);
}

function shown(result: Kill9Result) {
  const figures = VICTIMS.flatMap((victim) => {
    const found = figuresOf(result.resumeMs[victim]);
    return found === undefined ? [] : [[victim, found] as const];
  });
  return {
    ...result,
    barrierMs: figuresOf(result.barrierMs),
    resumeMs: Object.fromEntries(figures),
  };
}

function figuresOf(samples: readonly number[]) {
  if (samples.length === 0) return undefined;
  return { times: samples.length, ...percentiles(Float64Array.from(samples).sort()) };
}

function words({ runs, seed }: Kill9Options, result: Kill9Result): string {
  const { accepted, commands, terms, handovers, durability, failures } = result;
  const rows = Object.entries(shown(result).resumeMs).map(([victim, { times, p50, p99, max }]) => {
    const [mid, high, most] = [p50, p99, max].map((ms) => ms.toFixed(1));
    return `  ${victim.padEnd(9)} ${times} killed, resumed p50 ${mid}  p99 ${high}  max ${most} ms`;
  });
  return [
    `${runs} times killed (seed ${seed}): ${grouped(accepted)} orders accepted, ` +
      `${grouped(commands)} commands logged in ${terms} terms, ${handovers} handed over`,
    ...rows,
    ...barrierWords(result.barrierMs),
    `  ${durability}`,
    failures.length === 0 ? '  nothing lost, nothing twice' : `  ${failures.length} checks failed`,
  ].join('\n');
}

function barrierWords(samples: readonly number[]): string[] {
  const figures = figuresOf(samples);
  if (figures === undefined) return [];
  const [mid, high, most] = [figures.p50, figures.p99, figures.max].map((ms) => ms.toFixed(1));
  return [`  the next barrier after p50 ${mid}  p99 ${high}  max ${most} ms`];
}
