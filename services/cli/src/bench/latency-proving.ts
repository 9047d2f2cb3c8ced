/** `bench latency --while-proving`: the same commands without proofs and beside them, in turns. */
import { availableCores } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import type { AskedProcess } from './asked-process.ts';
import type { LatencyCores, LatencyMeasured, LatencyQuestions } from './latency-messages.ts';
import { type Machine, machineWords, thisMachine } from './machine.ts';
import { ProvingLoad, type ProvingWorker } from './proving-load.ts';
import { type Comparison, comparePairs, type LatencyPercentiles, median } from './statistics.ts';

/** One that set-up builds. */
export const DEFAULT_CIRCUIT = 'batch-15';
export const DEFAULT_ROUNDS = 8;
const MAX_ROUNDS = 1_000;
const NICE = 19;
/** At which none meets another: what proofs do to a command is not hidden by those before it. */
const PER_SEC = 50_000;
type Compared = 'p50' | 'p90' | 'p99' | 'p999';

/** `matching`: the market thread alone; `commandToTrade`: from the client's thread and back. */
const MEASURES = { matching: 'alone', commandToTrade: 'run' } as const;
type Measure = keyof typeof MEASURES;

interface ProvingSettings {
  readonly circuit: string;
  readonly rounds: number;
  readonly nice: number;
  /** A worker for each. */
  readonly cores: readonly number[];
}

interface ProvingRow {
  readonly measure: Measure;
  /** Of each percentile, the median of the rounds. */
  readonly without: LatencyPercentiles;
  readonly with: LatencyPercentiles;
  /** With to without, round by round. */
  readonly ratio: Readonly<Record<Compared, Comparison>>;
  readonly isRight: boolean;
}

/** @throws UsageError where no core is left for proofs */
function provingSettings(context: CommandContext, cores: LatencyCores): ProvingSettings {
  return {
    circuit: context.text('circuit') ?? DEFAULT_CIRCUIT,
    rounds: context.integer('rounds', 2, MAX_ROUNDS) ?? DEFAULT_ROUNDS,
    nice: context.integer('nice', 0, NICE) ?? NICE,
    cores: provingCores(context.text('prover-cores'), cores),
  };
}

/** All that are left; where none is, the client's. The market's is its own. */
function provingCores(asked: string | undefined, { matchCore, clientCore }: LatencyCores) {
  const usable = availableCores().filter((core) => core !== matchCore);
  if (asked !== undefined) {
    const cores = asked.split(',').map((text) => (/^\d+$/.test(text) ? Number(text) : -1));
    if (cores.every((core) => usable.includes(core))) return cores;
    const others = usable.join(', ') || 'none';
    throw new UsageError(`--prover-cores ${asked}: besides the market's core there are: ${others}`);
  }
  if (usable.length === 0) {
    throw new UsageError("--while-proving: proofs need a core besides the market's, there is none");
  }
  const free = usable.filter((core) => core !== clientCore);
  return free.length === 0 ? usable : free;
}

interface Samples {
  readonly without: LatencyMeasured[];
  readonly with: LatencyMeasured[];
}

/** @returns status of the command */
export async function measureWhileProving(
  context: CommandContext,
  asked: AskedProcess<LatencyQuestions>,
  cores: LatencyCores,
  seconds: number,
): Promise<number> {
  const { output, signal } = context;
  const settings = provingSettings(context, cores);
  const { rounds } = settings;
  const load = await ProvingLoad.start(settings, signal);
  try {
    const paced = { pairs: Math.ceil((PER_SEC * seconds) / 2), perSec: PER_SEC };
    // Compiles what is measured.
    for (const ask of Object.values(MEASURES)) await asked.ask(ask, paced);
    const samples = { matching: newSamples(), commandToTrade: newSamples() };
    const measureAll = async (kind: keyof Samples) => {
      for (const [name, ask] of Object.entries(MEASURES)) {
        samples[name as Measure][kind].push(await asked.ask(ask, paced));
      }
    };
    const measureBeside = () => load.during(() => measureAll('with'));
    for (let round = 0; round < rounds; round += 1) {
      output.progress('bench latency', round, rounds);
      // Whatever else the machine does meets both, and neither is always the first.
      const turns = [() => measureAll('without'), measureBeside];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    output.endProgress();
    const machine = thisMachine();
    const workers = load.workers();
    let isRight = true;
    for (const [measure, taken] of Object.entries(samples)) {
      const row = rowOf(measure as Measure, taken);
      const told = { ...cores, seconds, ...settings, commandsPerSec: PER_SEC, workers, machine };
      output.result({ ...row, ...told }, rowWords(row));
      isRight &&= row.isRight;
    }
    output.say(methodWords(cores, seconds, settings, workers, machine));
    if (!isRight) process.stderr.write('foldbook: the trades are not those of the commands\n');
    return isRight ? 0 : 1;
  } finally {
    await load.stop();
  }
}

const newSamples = (): Samples => ({ without: [], with: [] });

function rowOf(measure: Measure, samples: Samples): ProvingRow {
  const figures = (kind: keyof Samples, name: keyof LatencyPercentiles) =>
    samples[kind].map(({ latencyNs }) => latencyNs?.[name] ?? 0);
  const medians = (kind: keyof Samples): LatencyPercentiles => {
    const of = (name: keyof LatencyPercentiles) => Math.round(median(figures(kind, name)));
    const [p50, p90, p99] = [of('p50'), of('p90'), of('p99')];
    return { p50, p90, p99, p999: of('p999'), p9999: of('p9999'), max: of('max') };
  };
  const compared = (name: Compared): Comparison =>
    comparePairs(figures('without', name), figures('with', name));
  return {
    measure,
    without: medians('without'),
    with: medians('with'),
    ratio: {
      p50: compared('p50'),
      p90: compared('p90'),
      p99: compared('p99'),
      p999: compared('p999'),
    },
    isRight: [...samples.without, ...samples.with].every(({ isRight }) => isRight),
  };
}

const figuresWords = (latencyNs: LatencyPercentiles) =>
  Object.entries(latencyNs)
    .map(([name, ns]) => `${name} ${grouped(ns)}`)
    .join('  ');

function rowWords(row: ProvingRow): string {
  const ratios = Object.entries(row.ratio).map(([name, { ratio, ratioRange, pValue }]) => {
    const [least, most] = ratioRange.map((value) => value.toFixed(2));
    return `${name} ${ratio.toFixed(3)} (${least} to ${most}, p ${pValue.toFixed(2)})`;
  });
  return [
    row.measure === 'matching' ? 'matching, the market thread alone' : 'command to its trade',
    `  without proofs  ${figuresWords(row.without)} ns`,
    `  beside proofs   ${figuresWords(row.with)} ns`,
    `  ratio           ${ratios.join(', ')}`,
  ].join('\n');
}

function methodWords(
  { matchCore, clientCore }: LatencyCores,
  seconds: number,
  { circuit, rounds, nice, cores }: ProvingSettings,
  workers: readonly ProvingWorker[],
  machine: Machine,
): string {
  const each = workers.map(({ cpuset, proofs, cpuMs, wallMs }) => {
    const share = wallMs === 0 ? 0 : Math.round((100 * cpuMs) / wallMs);
    return `cpuset ${cpuset}: ${proofs} proofs, ${share} % of a core`;
  });
  const isShared = cores.includes(clientCore);
  return [
    `  method   ${rounds} rounds in turns, ${seconds} s each, ` +
      `${grouped(PER_SEC)} commands a second`,
    `  cpusets  market ${matchCore}, client ${clientCore}; provers of ${circuit}, nice ${nice}: ` +
      each.join('; '),
    ...(isShared ? ["  note     proofs have the client's core, too: see matching"] : []),
    `  machine  ${machineWords(machine)}`,
  ].join('\n');
}
