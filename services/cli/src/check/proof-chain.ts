/** `check proof-chain`: whatever dies in the middle of a proof, the chain is whole in the end. */
import type { CliCommand, CommandContext } from '../command.ts';
import { duration } from '../output.ts';
import { chainFrom } from '../verify-chains.ts';
import { withEvidence } from './evidence.ts';
import { type ProofChainResult, runProofChain } from './proof-chain-run.ts';

const DEFAULT_RUNS = 20;
const MAX_RUNS = 10_000;
const DEFAULT_WORKERS = 2;
const SEEDS = 2 ** 32;

export const proofChain: CliCommand = {
  name: 'check proof-chain',
  summary: 'prover, workers and queue killed in the middle of proofs: no gap, no overlap',
  help: `
Usage: foldbook check proof-chain [--runs N] [--workers N] [--chain NAME] [--seed S]

Starts an embedded market, a redis-server without a disk, a prover that proves nothing itself, and
workers. Accounts trade and epochs close; with jobs under way something happens, N times: the
prover, a worker that has a job, or Redis, which comes back empty, is ended by SIGKILL and started
again, or the queue is flushed. All four come in turns, in an order that the seed decides. Exit
status 1, and logs and stores are kept, unless in the end:
  every epoch that the market closed is proved, and the chain verifies at level data
  epochs, sequences and records follow each other without gap or overlap, read beside the verifier
  the last root is that of the balances which the market's log gives through the naive engine
  no proof was set aside

  --runs N          how often something happens (default ${DEFAULT_RUNS})
  --workers N       worker processes (default ${DEFAULT_WORKERS})
  --chain NAME      stark (default) or poseidon
  --seed S          in which order, when, and what is traded (default: random, and printed)
  --json            {"runs","seed","workers","chain",
                    "faults":{"prover","worker","redis","flush"},
                    "midBatch","epochs","records","proofs","trades","root","replayedRoot",
                    "failures","ms"}; midBatch: how many had jobs under way

Example: foldbook check proof-chain --runs 50`,
  takes: [],
  options: {
    runs: { type: 'string' },
    workers: { type: 'string' },
    chain: { type: 'string' },
    seed: { type: 'string' },
  },
  endsOnSignal: true,
  run: check,
};

async function check(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const asked = {
    runs: context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS,
    workers: context.integer('workers', 1, 64) ?? DEFAULT_WORKERS,
    chain: chainFrom(context.text('chain')) ?? 'stark',
    seed: context.integer('seed', 0, SEEDS - 1) ?? Math.floor(Math.random() * SEEDS),
  };
  output.say(`seed ${asked.seed}`);
  const startMs = performance.now();
  return withEvidence(async (folder) => {
    const result = await runProofChain({ ...asked, folder, output, signal });
    const ms = Math.round(performance.now() - startMs);
    output.result({ ...asked, ...result, ms }, words(result, ms));
    for (const failure of result.failures) process.stderr.write(`foldbook: ${failure}\n`);
    return result.failures.length === 0 ? 0 : 1;
  });
}

function words(result: ProofChainResult, ms: number): string {
  const { faults, midBatch, epochs, records, proofs, root, failures } = result;
  const all = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return [
    `${all} faults in ${duration(ms)}, ${midBatch} with jobs under way: ` +
      `${faults.prover} provers, ${faults.worker} workers and ${faults.redis} queues killed, ` +
      `${faults.flush} flushed`,
    `  ${epochs} epochs with ${records} records in ${proofs} proofs`,
    `  root      ${root}`,
    failures.length === 0
      ? "  no gap, no overlap; the root is the log's"
      : `  ${failures.length} checks failed`,
  ].join('\n');
}
