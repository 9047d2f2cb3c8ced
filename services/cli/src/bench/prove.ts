/** `bench prove`: what proofs cost, against snarkjs alone in the same run. */
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { checkCircuit } from '../keys/circuit-names.ts';
import { machineWords, thisMachine } from './machine.ts';
import { runProverBench } from './prover-process.ts';

const DEFAULT_CIRCUITS = ['batch-15', 'accounts-4'];
const DEFAULT_BACK_END = 'groth16';
const BACK_ENDS = [DEFAULT_BACK_END, 'fold', 'snarkjs'];
const DEFAULT_PROOFS = 4;
const DEFAULT_BATCHES = 64;
const MAX_PROOFS = 10_000;
const MAX_BATCHES = 1_000_000;
const MAX_WORKERS = 64;

export const prove: CliCommand = {
  name: 'bench prove',
  summary: 'records and accounts proved a second, memory, bytes: back ends against snarkjs',
  help: `
Usage: foldbook bench prove [--circuit NAME] [--backend NAME] [--workers LIST] [options]

Proves full batches or account proofs, each verified by the verifier, in as many processes as there
are workers, after one proof that warms each up. Records and accounts a second are of processor
time, so that they can be compared on a machine with other work; times by the clock stand beside.

  --circuit NAME    batch-15, batch-240, accounts-4 or accounts-16 (default: the two that set-up
                    builds; the large ones are made by foldbook keys dev --circuit NAME);
                    of circuits and back ends also lists such as groth16,fold
  --backend NAME    groth16 (default), fold or snarkjs
  --workers LIST    such as 1,2 (default)
  --proofs N        of each worker (default ${DEFAULT_PROOFS})
  --baseline N      proofs by snarkjs that all are held against (default ${DEFAULT_PROOFS})
  --batches N       of an epoch, for challenge reuse (default ${DEFAULT_BATCHES})
  --core-hour P     price of a core for an hour: what 1,000 records or accounts cost then
  --json            {"circuit","backend","workers","recordsPerSec","baselineRecordsPerSec","ratio",
                    "wallPerSec","securityBits","rssBytes","proofBytes","bytesPer1000Rows",
                    "verifyMs","cpuMsPerRow","costs","challengeReuse":{"batches","share"},
                    "cpuMs":[...],"wallMs":[...]}, a line each; accountsPerSec for account circuits

Example: foldbook bench prove --circuit batch-15 --workers 1,2`,
  takes: [],
  options: {
    circuit: { type: 'string' },
    backend: { type: 'string' },
    workers: { type: 'string' },
    proofs: { type: 'string' },
    baseline: { type: 'string' },
    batches: { type: 'string' },
    'core-hour': { type: 'string' },
  },
  endsOnSignal: true,
  run,
};

async function run(context: CommandContext): Promise<number> {
  const circuit = context.text('circuit');
  const price = context.text('core-hour');
  const options = {
    circuits: circuit?.split(',').map((name) => checkCircuit(name)) ?? DEFAULT_CIRCUITS,
    backends: backEnds(context.text('backend') ?? DEFAULT_BACK_END),
    baselineProofs: context.integer('baseline', 1, MAX_PROOFS) ?? DEFAULT_PROOFS,
    workers: workerCounts(context.text('workers') ?? '1,2'),
    proofs: context.integer('proofs', 1, MAX_PROOFS) ?? DEFAULT_PROOFS,
    batches: context.integer('batches', 1, MAX_BATCHES) ?? DEFAULT_BATCHES,
    ...(price === undefined ? {} : { coreHourPrice: priceOf(price) }),
  };
  await runProverBench('prove-main.ts', options, context);
  context.output.say(`machine: ${machineWords(thisMachine())}`);
  return 0;
}

function backEnds(text: string): string[] {
  const names = text.split(',');
  const unknown = names.find((name) => !BACK_ENDS.includes(name));
  if (unknown === undefined) return names;
  throw new UsageError(`--backend ${unknown || '""'}: there are ${BACK_ENDS.join(', ')}`);
}

function workerCounts(text: string): number[] {
  const counts = text.split(',').map(Number);
  const isCount = (count: number) => Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS;
  if (counts.every(isCount)) return counts;
  throw new UsageError(`--workers ${text}: name counts from 1 to ${MAX_WORKERS}, such as 1,2`);
}

function priceOf(text: string): number {
  const price = Number(text);
  if (text !== '' && Number.isFinite(price) && price >= 0) return price;
  throw new UsageError(`--core-hour ${text}: a price such as 0.05`);
}
