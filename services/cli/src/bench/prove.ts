/** `bench prove`: what proofs cost, against snarkjs alone in the same run. */
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { checkCircuit } from '../keys/circuit-names.ts';
import { machineWords, thisMachine } from './machine.ts';
import { benchStark, PARAMETERS_BY_BLOWUP } from './prove-stark.ts';
import { runProverBench } from './prover-process.ts';

const DEFAULT_CIRCUITS = ['batch-15', 'accounts-4'];
const DEFAULT_BACK_END = 'groth16';
const STARK = 'stark';
const BACK_ENDS = [DEFAULT_BACK_END, 'fold', STARK, 'snarkjs'];
/** What says nothing to the other back ends. */
const STARK_OPTIONS = ['blowup', 'records', 'accounts', 'input'];
/** Of the back end stark. */
const DEFAULT_PARTS = 8;
const DEFAULT_PROOFS = 4;
const DEFAULT_BATCHES = 64;
const DEFAULT_RECORDS = 65_536;
const MAX_RECORDS = 131_071;
const DEFAULT_ACCOUNTS = 1_000;
const MAX_ACCOUNTS = 2_000;
const MAX_PROOFS = 10_000;
const MAX_BATCHES = 1_000_000;
const MAX_WORKERS = 64;

export const prove: CliCommand = {
  name: 'bench prove',
  summary: 'records and accounts proved a second, memory, bytes: back ends against snarkjs',
  help: `
Usage: foldbook bench prove [--circuit NAME] [--backend NAME] [--workers LIST] [options]

Proves full batches, account proofs or parts, each verified by the verifier, in as many processes
as there are workers, after one proof that warms each up. Records and accounts a second are of
processor time, so that they can be compared on a machine with other work; times by the clock
stand beside. Figures of stark are medians over its parts; how much more several of its workers do
than one is of parts that one alone, then all at once, prove in turns, beside what as many processes
do that only compute, or only copy memory.

  --circuit NAME    batch-15, batch-240, accounts-4 or accounts-16 (default: the two that set-up
                    builds; the large ones are made by foldbook keys dev --circuit NAME);
                    of circuits and back ends also lists such as groth16,fold.
                    For stark: the batch that snarkjs proves
  --backend NAME    groth16 (default), fold, stark or snarkjs
  --workers LIST    such as 1,2 (default)
  --proofs N        of each worker (default ${DEFAULT_PROOFS}; for stark ${DEFAULT_PARTS} parts)
  --baseline N      proofs by snarkjs that all are held against (default ${DEFAULT_PROOFS});
                    for stark alone 0 leaves them out
  --batches N       of an epoch, for challenge reuse (default ${DEFAULT_BATCHES})
  --core-hour P     price of a core for an hour: what 1,000 records or accounts cost then
  --json            {"circuit","backend","workers","recordsPerSec","baselineRecordsPerSec","ratio",
                    "wallPerSec","securityBits","rssBytes","proofBytes","bytesPer1000Rows",
                    "verifyMs","cpuMsPerRow","costs","challengeReuse":{"batches","share"},
                    "cpuMs":[...],"wallMs":[...]}, a line each; accountsPerSec for account circuits;
                    stark has no costs and no challengeReuse, but "baselineCircuit","verifyColdMs",
                    "verifyWallMs","part":{"records","accounts","blowup","queries",
                    "grindingBits"},"stagesMs":{"trace",...}; for several workers "toOneWorker",
                    "toOneWorkerRange","machine":{"compute","memory"}

For stark alone:
  --blowup N        4 (default) or 8: smaller proofs that take longer
  --records N       of a part, at most (default ${DEFAULT_RECORDS})
  --accounts N      that trade (default ${DEFAULT_ACCOUNTS})
  --input FILE      a message file of the challenge (.bin, .bin.zst) instead of the built-in flow

Example: foldbook bench prove --circuit batch-15 --workers 1,2
         foldbook bench prove --backend stark --workers 1,2`,
  takes: [],
  options: {
    circuit: { type: 'string' },
    backend: { type: 'string' },
    workers: { type: 'string' },
    proofs: { type: 'string' },
    baseline: { type: 'string' },
    batches: { type: 'string' },
    'core-hour': { type: 'string' },
    blowup: { type: 'string' },
    records: { type: 'string' },
    accounts: { type: 'string' },
    input: { type: 'string' },
  },
  endsOnSignal: true,
  run,
};

async function run(context: CommandContext): Promise<number> {
  const circuit = context.text('circuit');
  const price = context.text('core-hour');
  const asked = backEnds(context.text('backend') ?? DEFAULT_BACK_END);
  const others = asked.filter((name) => name !== STARK);
  const circuits = circuit?.split(',').map((name) => checkCircuit(name)) ?? DEFAULT_CIRCUITS;
  const common = {
    baselineProofs:
      context.integer('baseline', others.length > 0 ? 1 : 0, MAX_PROOFS) ?? DEFAULT_PROOFS,
    workers: workerCounts(context.text('workers') ?? '1,2'),
    coreHourPrice: price === undefined ? undefined : priceOf(price),
  };
  const proofs = context.integer('proofs', 1, MAX_PROOFS);
  const batches = context.integer('batches', 1, MAX_BATCHES) ?? DEFAULT_BATCHES;
  const stark = asked.includes(STARK) ? starkOptions(context, circuits) : undefined;
  const idle = STARK_OPTIONS.find((name) => context.text(name) !== undefined);
  if (stark === undefined && idle !== undefined) {
    throw new UsageError(`--${idle} is for --backend ${STARK}`);
  }
  if (others.length > 0) {
    await runProverBench(
      'prove-main.ts',
      { ...common, proofs: proofs ?? DEFAULT_PROOFS, circuits, backends: others, batches },
      context,
    );
  }
  if (stark !== undefined) {
    await benchStark({ ...common, ...stark, proofs: proofs ?? DEFAULT_PARTS }, context);
  }
  context.output.say(`machine: ${machineWords(thisMachine())}`);
  return 0;
}

function starkOptions(context: CommandContext, circuits: readonly string[]) {
  const blowup = context.text('blowup') ?? '4';
  const parameters = PARAMETERS_BY_BLOWUP[blowup];
  if (parameters === undefined) {
    const known = Object.keys(PARAMETERS_BY_BLOWUP).join(' or ');
    throw new UsageError(`--blowup ${blowup}: it is ${known}`);
  }
  const baselineCircuit = circuits.find((name) => name.startsWith('batch'));
  if (baselineCircuit === undefined) {
    throw new UsageError(`--circuit ${circuits}: ${STARK} is held against a batch`);
  }
  return {
    ...{ parameters, baselineCircuit },
    records: context.integer('records', 1, MAX_RECORDS) ?? DEFAULT_RECORDS,
    accounts: context.integer('accounts', 1, MAX_ACCOUNTS) ?? DEFAULT_ACCOUNTS,
    input: context.text('input'),
  };
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
