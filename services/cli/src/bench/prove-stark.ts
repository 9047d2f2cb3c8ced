/** The back end `stark` of `bench prove`: parts of settlement records, proved and verified. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { loadKernel } from '@foldbook/engine';
import {
  DEFAULT_PARAMETERS,
  type ProofParameters,
  SMALL_PROOF_PARAMETERS,
  STAGES,
} from '@foldbook/stark';
import { packRecords, type RecordList } from '@foldbook/verifier';
import { ServiceError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { playing, readMessageFile } from '../message-file.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import { packFlow } from './pack-flow.ts';
import type { ProvedRun, StarkQuestions, VerifiedRun } from './prove-stark-messages.ts';
import { proverRows } from './prover-process.ts';
import { type ScalingFloor, scalingFloor } from './scaling-floor.ts';
import { builtInRecords, cutParts } from './settlement-flow.ts';
import { median } from './statistics.ts';

const MAIN = fileURLToPath(new URL('./prove-stark-main.ts', import.meta.url));
/**
 * V8 compiles what a worker runs beside it, on other cores: 1.2 s of the first part, 0.2 s of the
 * second, nothing of those behind them.
 */
const WARMING_PARTS = 2;
/** The verifier's first run is of cold code; of so many later ones the median is taken. */
const WARM_RUNS = 10;
const MS_PER_HOUR = 3_600_000;

export const PARAMETERS_BY_BLOWUP: Readonly<Record<string, ProofParameters>> = {
  4: DEFAULT_PARAMETERS,
  8: SMALL_PROOF_PARAMETERS,
};

export interface StarkBenchOptions {
  readonly parameters: ProofParameters;
  /** Of a part, at most. */
  readonly records: number;
  readonly accounts: number;
  /** A challenge file; undefined: the built-in flow. */
  readonly input: string | undefined;
  readonly workers: readonly number[];
  /** Of each worker, behind those that warm it up. */
  readonly proofs: number;
  readonly baselineCircuit: string;
  /** Proofs by snarkjs; 0: none. */
  readonly baselineProofs: number;
  readonly coreHourPrice: number | undefined;
}

type Prover = AskedProcess<StarkQuestions>;

/** One part: its proof draws the same work whoever makes it, and whenever. */
interface Turn {
  readonly alone: ProvedRun | undefined;
  readonly together: readonly ProvedRun[];
}

interface Measured {
  readonly workers: number;
  readonly turns: readonly Turn[];
  /** Of several workers. */
  readonly floor: ScalingFloor | undefined;
}

/** Prints a row for each count of workers. */
export async function benchStark(
  options: StarkBenchOptions,
  { output, signal }: CommandContext,
): Promise<void> {
  const parts = await partsOf(options);
  const baseline = await baselineOf(options, signal);
  for (const workers of options.workers) {
    const turns = await proveInTurns(options.parameters, parts, workers, signal);
    const verified = await verifyInOrder(
      turns.flatMap(({ together }) => together),
      signal,
    );
    const floor = workers === 1 ? undefined : await scalingFloor(workers, signal);
    const row = starkRow(options, baseline, { workers, turns, floor }, verified);
    output.result(row, starkWords(row));
  }
}

async function partsOf({ input, accounts, records, proofs }: StarkBenchOptions) {
  const kernel = await loadKernel();
  const all =
    input === undefined
      ? builtInRecords(kernel, accounts, records * (proofs + WARMING_PARTS))
      : await recordsOfFile(kernel, input, accounts);
  const parts = cutParts(all, records, proofs + WARMING_PARTS);
  return parts.map((part) => ({ packed: packRecords(part), records: part.length }));
}

async function recordsOfFile(
  kernel: WebAssembly.Module,
  path: string,
  accounts: number,
): Promise<RecordList> {
  const bytes = await readMessageFile(path);
  return playing(path, () => packFlow(kernel, bytes, accounts)).records;
}

/** Records a second of processor time. */
async function baselineOf(
  { baselineCircuit, baselineProofs }: StarkBenchOptions,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (baselineProofs === 0) return undefined;
  const options = {
    ...{ circuits: [baselineCircuit], backends: ['snarkjs'], workers: [1] },
    ...{ proofs: 1, baselineProofs, batches: 1 },
  };
  const [row] = await proverRows('prove-main.ts', options, signal);
  return Number(row?.baselineRecordsPerSec);
}

/** Each part is proved by one worker alone, where there are several, and then by all at once. */
async function proveInTurns(
  parameters: ProofParameters,
  parts: StarkQuestions['prepare']['asked']['parts'],
  workers: number,
  signal: AbortSignal,
): Promise<Turn[]> {
  const provers: Prover[] = Array.from(
    { length: workers },
    () => new AskedProcess<StarkQuestions>(MAIN, [], signal),
  );
  try {
    await Promise.all(
      provers.map(async (prover) => {
        await prover.ask('prepare', { parameters, parts });
        for (let part = 0; part < WARMING_PARTS; part += 1) await prover.ask('prove', { part });
      }),
    );
    const turns: Turn[] = [];
    for (let part = WARMING_PARTS; part < parts.length; part += 1) {
      // Not always the same one: it proves the part for the second time then.
      const one = workers === 1 ? undefined : provers[part % workers];
      const alone = await one?.ask('prove', { part });
      const together = await Promise.all(provers.map((prover) => prover.ask('prove', { part })));
      turns.push({ alone, together });
    }
    return turns;
  } finally {
    await Promise.all(provers.map((prover) => prover.stop()));
  }
}

/** In a process that has verified nothing yet: the first run is a cold one. */
async function verifyInOrder(
  runs: readonly ProvedRun[],
  signal: AbortSignal,
): Promise<VerifiedRun[]> {
  const verifier: Prover = new AskedProcess<StarkQuestions>(MAIN, [], signal);
  try {
    const verified: VerifiedRun[] = [];
    const count = Math.max(runs.length, 1 + WARM_RUNS);
    for (let index = 0; index < count; index += 1) {
      const run = runs[index % runs.length];
      assert(run !== undefined, 'there are runs');
      const { statement, proof } = run;
      const verdict = await verifier.ask('verify', { statement, proof });
      if (!verdict.ok) throw new ServiceError(`a proof does not verify: ${verdict.code}`);
      verified.push(verdict);
    }
    return verified;
  } finally {
    await verifier.stop();
  }
}

function starkRow(
  options: StarkBenchOptions,
  baseline: number | undefined,
  { workers, turns, floor }: Measured,
  verified: readonly VerifiedRun[],
) {
  const runs = turns.flatMap(({ together }) => together);
  const of = (figure: (run: ProvedRun) => number) => median(runs.map(figure));
  const recordsPerSec = of(({ records, cpuMs }) => (1_000 * records) / cpuMs);
  const [cold, ...warm] = verified;
  const cpuMsPerRow = 1 / (recordsPerSec / 1_000);
  const { coreHourPrice } = options;
  return {
    ...{ circuit: 'settlement', backend: 'stark', workers, proofs: runs.length },
    recordsPerSec: Math.round(recordsPerSec),
    ...(baseline === undefined
      ? {}
      : {
          baselineRecordsPerSec: baseline,
          baselineCircuit: options.baselineCircuit,
          ratio: rounded(recordsPerSec / baseline),
        }),
    /** Of all workers by the clock. */
    wallPerSec: Math.round(median(turns.map(({ together }) => clockPerSec(together)))),
    ...(floor === undefined ? {} : toOneWorker(turns, floor)),
    securityBits: rounded(Math.min(...verified.map(({ securityBits }) => securityBits))),
    rssBytes: Math.max(...runs.map(({ rssBytes }) => rssBytes)),
    proofBytes: of(({ proof }) => proof.length),
    bytesPer1000Rows: Math.round(of(({ proof, records }) => (1_000 * proof.length) / records)),
    verifyMs: rounded(median(warm.map(({ cpuMs }) => cpuMs))),
    verifyWallMs: rounded(median(warm.map(({ wallMs }) => wallMs))),
    verifyColdMs: rounded(cold?.wallMs ?? 0),
    cpuMsPerRow: rounded(cpuMsPerRow, 5),
    ...(coreHourPrice === undefined
      ? {}
      : { pricePer1000Rows: (1_000 * cpuMsPerRow * coreHourPrice) / MS_PER_HOUR }),
    part: {
      records: of(({ records }) => records),
      accounts: of(({ accounts }) => accounts),
      blowup: 2 ** options.parameters.logBlowup,
      queries: options.parameters.queries,
      grindingBits: options.parameters.grindingBits,
    },
    stagesMs: Object.fromEntries(
      STAGES.map((stage) => [
        stage,
        rounded(
          of(({ stagesMs }) => stagesMs[stage]),
          1,
        ),
      ]),
    ),
    /** Of each part, for whoever needs the distribution. */
    cpuMs: runs.map(({ cpuMs }) => Math.round(cpuMs)),
    wallMs: runs.map(({ wallMs }) => Math.round(wallMs)),
  };
}

/** Of the same parts; what as many processes could do at most is in `machine`. */
function toOneWorker(turns: readonly Turn[], { compute, memory }: ScalingFloor) {
  const times = turns.flatMap(({ alone, together }) =>
    alone === undefined ? [] : [clockPerSec(together) / clockPerSec([alone])],
  );
  return {
    toOneWorker: rounded(median(times)),
    toOneWorkerRange: [rounded(Math.min(...times)), rounded(Math.max(...times))],
    machine: { compute: rounded(compute), memory: rounded(memory) },
  };
}

/** Records a second of workers that prove at once. */
const clockPerSec = (runs: readonly ProvedRun[]): number =>
  runs.reduce((sum, { records, wallMs }) => sum + (1_000 * records) / wallMs, 0);

function starkWords(row: ReturnType<typeof starkRow>): string {
  const { workers, part, stagesMs, pricePer1000Rows, toOneWorker, machine } = row;
  const baseline =
    row.ratio === undefined ? '' : ` (${grouped(row.ratio)} times snarkjs, ${row.baselineCircuit})`;
  const scaled =
    machine === undefined
      ? ''
      : `, ${toOneWorker} times one worker (of processes that only compute ${machine.compute}, ` +
        `that only copy memory ${machine.memory})`;
  const money =
    pricePer1000Rows === undefined ? '' : `; ${pricePer1000Rows.toPrecision(3)} per 1,000 records`;
  const totalMs = Object.values(stagesMs).reduce((sum, ms) => sum + ms, 0);
  const stages = Object.entries(stagesMs).map(
    ([stage, ms]) => `${stage} ${Math.round((100 * ms) / totalMs)} %`,
  );
  return [
    `settlement, stark, ${workers} worker${workers === 1 ? '' : 's'}: ` +
      `${grouped(row.recordsPerSec)} records/s of processor time${baseline}, ` +
      `${grouped(row.wallPerSec)} by the clock${scaled}; ${row.securityBits} bits${money}`,
    `  parts of ${grouped(part.records)} records and ${grouped(part.accounts)} accounts, blowup ` +
      `${part.blowup}, ${part.queries} queries: ${grouped(row.proofBytes)} bytes a proof, ` +
      `${grouped(row.bytesPer1000Rows)} per 1,000 records; verified in ${row.verifyMs} ms, ` +
      `cold in ${row.verifyColdMs}; ${Math.round(row.rssBytes / 2 ** 20)} MiB a worker`,
    `  ${stages.join(', ')}`,
  ].join('\n');
}

const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
