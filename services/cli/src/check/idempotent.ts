/** `check idempotent`: commands that are sent again, whenever it is, run once. */
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { withEvidence } from './evidence.ts';
import { PER_SESSION } from './idempotent-load.ts';
import { type IdempotentResult, runIdempotent, TIMES } from './idempotent-run.ts';

const DEFAULT_COMMANDS = 100_000;
const MAX_COMMANDS = 10_000_000;
const SERVERS = 3;
const LEASE_MS = 3_000;
const SEEDS = 2 ** 32;

export const idempotent: CliCommand = {
  name: 'check idempotent',
  summary: 'commands that are sent again, at once, late and after a failover: they run once',
  help: `
Usage: foldbook check idempotent [--commands N] [--seed S]

Starts a cluster of nats-servers and two market services, and sends each of N commands (orders,
cancels, some that are refused) four times: twice at once; again when the broker has forgotten the
ids of the messages that carried them, which it knows for two seconds; and again after the process
that serves was ended by SIGKILL. 20,000 go that way at a time, as a market keeps 131,072 results.
Exit status 1, and logs and stores are kept, unless all of this holds:
  copies are answered with the code and the sequence of the first one, the same bytes each time
    (but for the sequence of the asking itself)
  each order was accepted once in the log, and all streams say what the log gives
  trades, balances and book are those of the log with each command's first copy alone

  --commands N      a multiple of ${grouped(PER_SESSION)} (default ${DEFAULT_COMMANDS})
  --cluster N       servers of the cluster: 1, 3 or 5 (default ${SERVERS})
  --seed S          which commands (default: random, and printed)
  --json            {"commands","times","seed","logged","compared","trades","failovers",
                    "durability","failures":[...]}

Example: foldbook check idempotent --commands 100000`,
  takes: [],
  options: {
    commands: { type: 'string' },
    cluster: { type: 'string' },
    seed: { type: 'string' },
  },
  endsOnSignal: true,
  run: (context) => check(context),
};

async function check(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const commands = context.integer('commands', 1, MAX_COMMANDS) ?? DEFAULT_COMMANDS;
  if (commands % PER_SESSION !== 0) {
    throw new UsageError(`--commands ${commands}: give a multiple of ${PER_SESSION}`);
  }
  const seed = context.integer('seed', 0, SEEDS - 1) ?? Math.floor(Math.random() * SEEDS);
  output.say(`seed ${seed}`);
  return withEvidence(async (folder) => {
    const servers = context.integer('cluster', 1, 5) ?? SERVERS;
    const others = { servers, leaseMs: LEASE_MS, folder, output, signal };
    const result = await runIdempotent({ commands, seed, ...others });
    output.result({ commands, times: TIMES, seed, ...result }, words(commands, result));
    for (const failure of result.failures) process.stderr.write(`foldbook: ${failure}\n`);
    return result.failures.length === 0 ? 0 : 1;
  });
}

function words(commands: number, result: IdempotentResult): string {
  const { logged, compared, trades, failovers, durability, failures } = result;
  return [
    `${grouped(commands)} commands sent ${TIMES} times, with ${failovers} failovers: ` +
      `${grouped(logged)} logged, ${grouped(trades)} trades`,
    `  ${grouped(compared)} answers compared with the first ones`,
    `  ${durability}`,
    failures.length === 0 ? '  all ran once' : `  ${failures.length} checks failed`,
  ].join('\n');
}
