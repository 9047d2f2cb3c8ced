/** `check fence`: what an owner can do that was stopped while another one took over: nothing. */
import { percentiles } from '../bench/statistics.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { withEvidence } from './evidence.ts';
import { type FenceResult, runFence } from './fence-run.ts';

const DEFAULT_RUNS = 10;
const MAX_RUNS = 10_000;
const SERVERS = 3;
const LEASE_MS = 700;
const SEEDS = 2 ** 32;

export const fence: CliCommand = {
  name: 'check fence',
  summary: 'a market that is stopped, followed by another one, and let go on: nothing of it counts',
  help: `
Usage: foldbook check fence [--runs N] [--seed S]

Starts a cluster of three nats-servers and two market services. Accounts trade, and the process that
serves is stopped by SIGSTOP, with commands on their way to it. When the other one serves, the first
one goes on (SIGCONT) and does with these commands what it can. Exit status 1, and logs and stores
are kept, unless all of this holds:
  no stream has a record of an earlier owner behind a barrier, and terms rise
  no answer says OK for a command that the log does not have where the answer says
  the mirror of market data is the engine's book, whatever the former owner sent
  the former owner ends by itself, with status 1, and says why
  and what \`check kill9\` asks of accepted orders, reports, balances and sequences

  --runs N          times that an owner is stopped (default ${DEFAULT_RUNS})
  --lease-ms MS     default ${LEASE_MS}
  --seed S          when (default: random, and printed)
  --json            {"runs","seed","refused","staleData","answers","accepted","commands","terms",
                    "durability","takeoverMs":{"p50",...},"endMs":{...},"failures":[...]}

"refused" counts appends that a former owner tried, heard by a subscriber of the streams' subjects,
and that no stream has. takeoverMs is from the stop until the next owner accepts an order.

Example: foldbook check fence --runs 50`,
  takes: [],
  options: {
    runs: { type: 'string' },
    'lease-ms': { type: 'string' },
    seed: { type: 'string' },
  },
  endsOnSignal: true,
  run: (context) => check(context),
};

async function check(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const asked = {
    runs: context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS,
    seed: context.integer('seed', 0, SEEDS - 1) ?? Math.floor(Math.random() * SEEDS),
    leaseMs: context.integer('lease-ms', 200, 3_600_000) ?? LEASE_MS,
  };
  output.say(`seed ${asked.seed}`);
  return withEvidence(async (folder) => {
    const others = { servers: SERVERS, isApart: false, folder, output, signal };
    const result = await runFence({ ...asked, ...others });
    const figures = {
      takeoverMs: figuresOf(result.takeoverMs),
      endMs: figuresOf(result.endMs),
    };
    output.result({ ...asked, ...result, ...figures }, words(asked.runs, result));
    for (const failure of result.failures) process.stderr.write(`foldbook: ${failure}\n`);
    return result.failures.length === 0 ? 0 : 1;
  });
}

function figuresOf(samples: readonly number[]) {
  return samples.length === 0 ? undefined : percentiles(Float64Array.from(samples).sort());
}

function words(runs: number, result: FenceResult): string {
  const { refused, staleData, answers, commands, terms, durability, failures } = result;
  const line = (what: string, samples: readonly number[]) => {
    const figures = figuresOf(samples);
    if (figures === undefined) return [];
    const [mid, high, most] = [figures.p50, figures.p99, figures.max].map(Math.round);
    return [`  ${what}  p50 ${mid}  p99 ${high}  max ${most} ms`];
  };
  return [
    `${runs} owners stopped and let go on: ${grouped(commands)} commands logged in ${terms} terms`,
    `  ${grouped(refused)} appends of theirs refused, ${staleData} batches of market data ` +
      `dropped, ${grouped(answers)} answers held against the log`,
    ...line('the next one served after', result.takeoverMs),
    ...line('the former one ended after', result.endMs),
    `  ${durability}`,
    failures.length === 0 ? '  0 stale outputs accepted' : `  ${failures.length} checks failed`,
  ].join('\n');
}
