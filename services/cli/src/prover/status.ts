/** `prover status`: what the prover of a node and its workers are at. */
import { resolve } from 'node:path';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { grouped, plural } from '../output.ts';
import { DEFAULT_NODE_DIR } from '../paths.ts';
import {
  ageOf,
  isStale,
  type ProverFacts,
  readStatus,
  type SupervisorFacts,
  statusFileOf,
} from './status-files.ts';
import { isStuck, marketWords } from './status-words.ts';

const MEBIBYTE = 2 ** 20;

export const status: CliCommand = {
  name: 'prover status',
  summary: 'backlog, workers, memory, tree cache, last choice and proofs set aside',
  help: `
Usage: foldbook prover status [--data DIR]

Shows what the prover that "foldbook up" runs here tells every second, and the supervisor of its
workers if there is one, and how long ago. Exit status 1 if a market is not proved any further, a
proof is set aside, workers leave jobs to others, or one of the two has told nothing for seconds.

Of a market with two chains the one that is announced comes first. A STARK chain's proofs are of
parts, and its last choice says how an epoch was cut: parts with the rows of their records.

  --data DIR        of the node (default ${DEFAULT_NODE_DIR})
  --json            {"prover":{"atMs","workers","rssBytes","refusal","markets":[{"market","chain",
                    "epochsBacklog","recordsBacklog","treeHitRate","setAside":[...],"choice",...,
                    "secondChain":{the same}}]},
                    "supervisor":{"atMs","min","max","workers":[{"pid","core"}],"wanted","reason",
                    "backlog","rssBytes","started","ended","failed","refusal"}}; supervisor: null
                    without one

Example: foldbook prover status --json`,
  takes: [],
  options: { data: { type: 'string' } },
  run: async (context) => {
    const data = resolve(context.text('data') ?? DEFAULT_NODE_DIR);
    const prover = readStatus<ProverFacts>(statusFileOf(data, 'prover'));
    const supervisor = readStatus<SupervisorFacts>(statusFileOf(data, 'prover-supervisor'));
    if (prover === undefined && supervisor === undefined) {
      throw new UsageError(`no prover of ${data} runs here: "foldbook up" starts one (or --data)`);
    }
    const told = { prover: prover ?? null, supervisor: supervisor ?? null };
    const nowMs = Date.now();
    context.output.result(told, words(prover, supervisor, nowMs));
    const isTroubled = [prover, supervisor].some(
      (facts) => facts !== undefined && (isStale(facts, nowMs) || (facts.refusal ?? null) !== null),
    );
    return isTroubled || prover?.markets.some(isStuck) === true ? 1 : 0;
  },
};

const mebibytes = (bytes: number) => `${grouped(bytes / MEBIBYTE)} MiB`;

/** Of a process that does not get to it any more, its figures are those of then. */
function ageWords(facts: ProverFacts | SupervisorFacts, nowMs: number): string {
  const seconds = grouped(Math.floor(ageOf(facts, nowMs) / 1_000));
  return isStale(facts, nowMs) ? `, TOLD ${seconds} s AGO` : `, told ${seconds} s ago`;
}

function refusalWords({ refusal = null }: ProverFacts | SupervisorFacts): string[] {
  return refusal === null ? [] : [`  leaves jobs to others: ${refusal}`];
}

function words(
  prover: ProverFacts | undefined,
  supervisor: SupervisorFacts | undefined,
  nowMs: number,
): string {
  const lines: string[] = [];
  if (prover === undefined) lines.push('the prover does not run');
  else {
    const { owner, workers, rssBytes, markets } = prover;
    const threads = workers === 0 ? 'proves nothing itself' : `proves ${workers} at a time`;
    const age = ageWords(prover, nowMs);
    lines.push(`prover (process ${owner.pid}${age}): ${mebibytes(rssBytes)}, ${threads}`);
    lines.push(...refusalWords(prover));
    lines.push(...markets.flatMap(marketWords));
    if (markets.length === 0) lines.push('  no market yet');
  }
  if (supervisor !== undefined) lines.push(...supervisorWords(supervisor, nowMs));
  return lines.join('\n');
}

function supervisorWords(facts: SupervisorFacts, nowMs: number): string[] {
  const { owner, min, max, workers, wanted, reason, backlog, rssBytes = 0 } = facts;
  const head = `workers (supervisor ${owner.pid}${ageWords(facts, nowMs)}), ${min} to ${max}:`;
  if (workers === undefined) return [`${head} nothing told yet`];
  const each = workers.map(({ pid, core }) => `${pid} on core ${core ?? 'any'}`).join(', ');
  const jobs = backlog === null || backlog === undefined ? 'unknown' : plural(backlog, 'job');
  const { started = 0, ended = 0, failed = 0 } = facts;
  return [
    `${head} ${workers.length} run${each === '' ? '' : ` (${each})`}, ${mebibytes(rssBytes)}`,
    `  ${wanted} wanted: ${reason}; queue: ${jobs}`,
    `  started ${started}, ended ${ended}, by themselves ${failed}`,
    ...refusalWords(facts),
  ];
}
