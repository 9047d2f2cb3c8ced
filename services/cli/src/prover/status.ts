/** `prover status`: what the prover of a node and its workers are at. */
import { resolve } from 'node:path';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { grouped, plural } from '../output.ts';
import { DEFAULT_NODE_DIR } from '../paths.ts';
import {
  type MarketFacts,
  type ProverFacts,
  readStatus,
  type SupervisorFacts,
  statusFileOf,
} from './status-files.ts';

const MEBIBYTE = 2 ** 20;

export const status: CliCommand = {
  name: 'prover status',
  summary: 'backlog, workers, memory, tree cache, last choice and proofs set aside',
  help: `
Usage: foldbook prover status [--data DIR]

Shows what the prover that "foldbook up" runs here tells every second, and the supervisor of its
workers if there is one. Exit status 1 if a market is not proved any further, or a proof is set
aside.

  --data DIR        of the node (default ${DEFAULT_NODE_DIR})
  --json            {"prover":{"workers","rssBytes","markets":[{"market","epochsBacklog",
                    "recordsBacklog","treeHitRate","setAside":[...],"choice",...}]},
                    "supervisor":{"min","max","workers":[{"pid","core"}],"wanted","reason",
                    "backlog","rssBytes","started","ended","failed"}}; supervisor: null without one

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
    context.output.result(told, words(prover, supervisor));
    const isTroubled = prover?.markets.some(
      ({ stopped, setAside }) => stopped !== undefined || setAside.length > 0,
    );
    return isTroubled === true ? 1 : 0;
  },
};

const mebibytes = (bytes: number) => `${grouped(bytes / MEBIBYTE)} MiB`;

function words(prover: ProverFacts | undefined, supervisor: SupervisorFacts | undefined): string {
  const lines: string[] = [];
  if (prover === undefined) lines.push('the prover does not run');
  else {
    const { owner, workers, rssBytes, markets } = prover;
    const threads = workers === 0 ? 'proves nothing itself' : `proves ${workers} at a time`;
    lines.push(`prover (process ${owner.pid}): ${mebibytes(rssBytes)}, ${threads}`);
    lines.push(...markets.flatMap(marketWords));
    if (markets.length === 0) lines.push('  no market yet');
  }
  if (supervisor !== undefined) lines.push(...supervisorWords(supervisor));
  return lines.join('\n');
}

function marketWords(facts: MarketFacts): string[] {
  const { market, epochsClosed, epochsProved, epochsBacklog, recordsBacklog, stopped } = facts;
  const { treeHitRate, treePages, msPerBatch, msPerAccountProof, choice, setAside } = facts;
  const share = (100 * treeHitRate).toFixed(1);
  return [
    `  ${market}: ${epochsProved} of ${plural(epochsClosed, 'epoch')} proved; waiting: ` +
      `${plural(epochsBacklog, 'epoch')}, ${plural(recordsBacklog, 'record')}`,
    `    a batch ${msPerBatch} ms, an account proof ${msPerAccountProof} ms; account tree: ` +
      `${share} % found in memory, ${plural(treePages, 'page')}`,
    ...(choice === undefined
      ? []
      : [`    last choice, epoch ${choice.epoch}: ${choice.proofs} (${choice.reason})`]),
    ...setAside.map(
      ({ epoch, part, reason }) => `    set aside: epoch ${epoch} ${part}: ${reason}`,
    ),
    ...(stopped === undefined ? [] : [`    stopped: ${stopped}`]),
  ];
}

function supervisorWords(facts: SupervisorFacts): string[] {
  const { owner, min, max, workers, wanted, reason, backlog, rssBytes = 0 } = facts;
  const head = `workers (supervisor ${owner.pid}), ${min} to ${max}:`;
  if (workers === undefined) return [`${head} nothing told yet`];
  const each = workers.map(({ pid, core }) => `${pid} on core ${core ?? 'any'}`).join(', ');
  const jobs = backlog === null || backlog === undefined ? 'unknown' : plural(backlog, 'job');
  const { started = 0, ended = 0, failed = 0 } = facts;
  return [
    `${head} ${workers.length} run${each === '' ? '' : ` (${each})`}, ${mebibytes(rssBytes)}`,
    `  ${wanted} wanted: ${reason}; queue: ${jobs}`,
    `  started ${started}, ended ${ended}, by themselves ${failed}`,
  ];
}
