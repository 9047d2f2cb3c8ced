import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_ACCOUNT } from '@foldbook/protocol';
import { isAlive } from '@foldbook/runtime';
import type { CliCommand, CommandContext } from '../command.ts';
import { DEFAULT_NODE_DIR } from '../paths.ts';
import {
  type MarketFacts,
  type ProverFacts,
  readStatus,
  statusFileOf,
} from '../prover/status-files.ts';
import { marketWords } from '../prover/status-words.ts';
import { metricsFileOf, openMetricsFile } from '../top/metrics-file.ts';
import { TopSampler } from '../top/top-sample.ts';
import { topWords } from '../top/top-words.ts';

const DEFAULT_SECONDS = 1;
const MAX_SECONDS = 3_600;
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

export const top: CliCommand = {
  name: 'top',
  summary: 'what a running market does: rates, latencies, depths, threads, books',
  help: `
Usage: foldbook top [options]

Shows a market that runs on this host, again and again until Ctrl-C: rates, latency percentiles of
each stage, ring depths and backlog, what its threads take, refusals, and the top of each book. All
is read from the memory that the market writes it to; the market itself is not asked, and is not
slowed down. What the machine, the kernel or the moment does not give is "unavailable". Of a node
also how far its prover is, by the chains of its markets.

  --file FILE       what the market tells (default: of the only one that "foldbook up" runs here
                    for you; a market's configuration names it as metricsFile)
  --data DIR        of the node, instead of --file (default: ${DEFAULT_NODE_DIR}, if its market is
                    the one that is shown)
  --account N       also what this account has in each market, available and held
  --seconds N       length of the intervals that are told (default ${DEFAULT_SECONDS})
  --once            one interval, and the end
  --json            one object an interval: {"pid","perSec","depths","latencyNs","groupCommands",
                    "rejects","refused","turnedAway","local","threads","perCommand","markets",
                    "proofs":[{"market","chain","epochsBacklog",...,"secondChain"}],...}

  queueing          a message, from being received until its group goes to the log
  commit            a group, from there until it is durable
  handover          a group, from there until the market thread takes it
  matching          a group, from there until its events are written; perCommand: of its commands
  publishing        a group, from there until its outputs are handed to the broker
  endToEnd          a message, from being received until its outputs are handed to the broker

Refused is what never came to the log, by code and by the limit that it met; rejected is what the
market itself answered. Of the first 64 markets the books are shown, and balances of the first 8,192
accounts.

Example: foldbook top --once --json`,
  takes: [],
  options: {
    file: { type: 'string' },
    data: { type: 'string' },
    account: { type: 'string' },
    seconds: { type: 'string' },
    once: { type: 'boolean' },
  },
  endsOnSignal: true,
  run: show,
};

async function show(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const intervalMs = (context.integer('seconds', 1, MAX_SECONDS) ?? DEFAULT_SECONDS) * 1_000;
  const account = context.integer('account', 0, MAX_ACCOUNT);
  const isScreen = process.stdout.isTTY === true && !context.flag('once');
  const data = context.text('data');
  const { file, reader, close } = openMetricsFile(context.text('file') ?? metricsFileIn(data));
  const { owner } = reader.descriptor;
  const sampler = new TopSampler(reader, account);
  try {
    for (;;) {
      const waited = await delay(intervalMs, true, { signal }).catch(() => false);
      if (!waited) return 0;
      if (!isAlive(owner)) {
        output.result({ ended: owner.pid }, `the market of process ${owner.pid} has ended`);
        return 1;
      }
      const sample = sampler.next();
      if (isScreen && !output.json) process.stdout.write(CLEAR_SCREEN);
      const proofs = proofsOf(resolve(data ?? DEFAULT_NODE_DIR), file);
      const words = [topWords(sample), ...proofWords(proofs)].join('\n');
      output.result({ ...sample, proofs }, words);
      if (context.flag('once')) return 0;
    }
  } finally {
    sampler.close();
    close();
  }
}

const metricsFileIn = (data: string | undefined): string | undefined =>
  data === undefined ? undefined : metricsFileOf(resolve(data));

/** What the prover of the node says, if its market is the one that is shown. */
function proofsOf(data: string, file: string): readonly MarketFacts[] {
  if (metricsFileOf(data) !== file) return [];
  return readStatus<ProverFacts>(statusFileOf(data, 'prover'))?.markets ?? [];
}

const proofWords = (proofs: readonly MarketFacts[]): string[] =>
  proofs.length === 0 ? [] : ['', 'proofs', ...proofs.flatMap(marketWords)];
