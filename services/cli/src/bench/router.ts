/** `bench router`: the router of proofs against every fixed choice, in simulation. */
import { loadKernel } from '@foldbook/engine';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { runProverBench } from './prover-process.ts';
import { recordedFlows, recordLoad } from './record-load.ts';

const MAX_SEED = 2 ** 32 - 2_000;
/** Of each load, with seeds that follow each other. */
const RUNS = 3;
const VERIFIERS = ['on-chain', 'light', 'any'];
const NAMES = recordedFlows.map(({ name }) => name);
const JUDGED = NAMES.filter((name) => !name.startsWith('tune'));

export const router: CliCommand = {
  name: 'bench router',
  summary: 'the choice of proofs against every fixed one, over recorded load, in simulation',
  help: `
Usage: foldbook bench router [--load NAME] [--verifier KIND] [--seed S]
       foldbook bench router --record

Plays recorded load to a prover in virtual time: once with the router, and once with each fixed
choice of back end and circuit sizes for batches and for account proofs, and of workers. What a
proof takes is drawn from measured costs. The score is in CPU seconds an epoch, lower is better:
processor time, memory held, what the verifier asked for pays, deadlines missed. Exit status 1 if a
fixed choice scores better than the router by more than 0.5 %, all loads and seeds together.

  --load NAME       one of ${NAMES.join(', ')}
                    (default: ${JUDGED.join(', ')}; by those named tune the router was set)
  --verifier KIND   ${VERIFIERS.join(', ')} (default: each)
  --seed S          of what proofs take: each load is played with S, S + 1 and S + 2 (default 1)
  --record          records the loads anew of the built-in flow, and prints the file of them
  --json            {"verifier","deadlineMs","seeds","ok","router":{"score","outcomes":[{"load",
                    "epochs","missed","latencyMs":{"p50","p95","max"},"cpuS","gigabyteS",
                    "proofs","proofBytes","verifyMs","score"}]},"fixed":[...]}, a line each

Example: foldbook bench router --load bursts --verifier light`,
  takes: [],
  options: {
    load: { type: 'string' },
    verifier: { type: 'string' },
    seed: { type: 'string' },
    record: { type: 'boolean' },
  },
  endsOnSignal: true,
  run,
};

async function run(context: CommandContext): Promise<number> {
  if (context.flag('record')) return record();
  const load = context.text('load');
  if (load !== undefined && !NAMES.includes(load)) {
    throw new UsageError(`--load ${load}: there are ${NAMES.join(', ')}`);
  }
  const verifier = context.text('verifier');
  if (verifier !== undefined && !VERIFIERS.includes(verifier)) {
    throw new UsageError(`--verifier ${verifier}: there are ${VERIFIERS.join(', ')}`);
  }
  const seed = context.integer('seed', 0, MAX_SEED) ?? 1;
  const options = {
    loads: load === undefined ? JUDGED : [load],
    verifiers: verifier === undefined ? VERIFIERS : [verifier],
    seeds: Array.from({ length: RUNS }, (_, run) => seed + run),
  };
  const rows = await runProverBench('router-main.ts', options, context);
  return rows.every((row) => row.ok === true) ? 0 : 1;
}

async function record(): Promise<number> {
  const kernel = await loadKernel();
  for (const flow of recordedFlows) process.stdout.write(`${recordLoad(kernel, flow)}\n`);
  return 0;
}
