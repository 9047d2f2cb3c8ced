/** `bench memory`: what the kernel's pools take, and what its pages cost when they are new. */
import { fileURLToPath } from 'node:url';
import { placedWords, readTopology, topologyWords } from '@foldbook/runtime';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import { ownEngineFolder, prepareEngine } from './engine-package.ts';
import { machineWords, thisMachine } from './machine.ts';
import type { MatchRun } from './match-run.ts';
import { MEASURE_HELP, MEASURE_OPTIONS, measureSettings } from './measure-options.ts';
import { type MemoryQuestions, PREPARATIONS, type Preparation } from './memory-messages.ts';
import { comparePairs, median } from './statistics.ts';
import { withWorkFolder } from './work-folder.ts';
import { openWorkload } from './workload-source.ts';

const MAIN = fileURLToPath(new URL('./memory-main.ts', import.meta.url));
const DEFAULT_ORDERS = 1_000_000;
const MAX_ORDERS = 8_000_000;
const DEFAULT_RUNS = 8;
const MAX_RUNS = 100;
const FAULT_RUNS = 3;
const POOL_RUNS = 5;
/** In the first cache, and larger than the last one. */
const POOL_ORDERS = [100, 1_000_000];
const BLOCK_SHIFTS = [6, 12];
/** Of what a market of so many orders takes. */
const BYTES_PER_ORDER = 130;
const MIB = 2 ** 20;

export const memory: CliCommand = {
  name: 'bench memory',
  summary: 'what allocation takes, and page faults with and without touched and huge pages',
  help: `
Usage: foldbook bench memory [FILE] [options]

Three things of the kernel's memory, on one pinned thread:
  pool    an order taken out of the pool and given back, and a block of the general pools (which
          is cleared, too). The kernel's own code, compiled alone: nothing else of a command is in
          the figure. Out of fresh memory, then out of the pool; ${POOL_ORDERS[0]} and
          ${grouped(POOL_ORDERS[1] ?? 0)} orders at a time.
  faults  page faults, and nanoseconds an order, of orders that fill an empty market, by what was
          done to its memory before: ${PREPARATIONS.join(', ')}
  w1      a workload with each of these, in turns: ratio and p-value are those of pairs of runs

  FILE              a workload file, instead of --workload
  --orders N        that fill the market (default ${grouped(DEFAULT_ORDERS)})
  --runs N          of the workload, each (default ${DEFAULT_RUNS}; 0 leaves it out)
${MEASURE_HELP}
  --json            {"pool":{"orders","freshNs","againNs"}}, {"block":{"blockBytes","ns"}},
                    {"faults":{"preparation","faultsPerMillion","nsPerOrder","placed"}},
                    {"w1":{"preparation","workload","nsPerCommand","cpuNsPerCommand",
                    "ratio",...}}, a line each

Huge pages and locks depend on the system; the words beside a row tell what it gave.

Example: foldbook bench memory --runs 20`,
  takes: ['FILE'],
  options: { ...MEASURE_OPTIONS, orders: { type: 'string' }, runs: { type: 'string' } },
  endsOnSignal: true,
  run: (context) => withWorkFolder((folder) => measure(context, folder)),
};

type Asked = AskedProcess<MemoryQuestions>;

async function measure(context: CommandContext, folder: string): Promise<number> {
  const { output, signal } = context;
  const orders = context.integer('orders', 1, MAX_ORDERS) ?? DEFAULT_ORDERS;
  const runs = context.integer('runs', 0, MAX_RUNS) ?? DEFAULT_RUNS;
  const { v8Flags, core, accounts, group } = measureSettings(context);
  const named = context.positionals[0];
  const { file, name } = await openWorkload(named, context.text('workload'), folder);
  const engineFolder = ownEngineFolder();
  await prepareEngine(engineFolder, signal);
  const asked: Asked = new AskedProcess(MAIN, ['--expose-gc', ...v8Flags], signal);
  let isRight = true;
  try {
    const where = { core, accounts, group, engineFolder, workloadFile: file };
    const pin = await asked.ask('prepare', where);
    if (!pin.pinned) output.say(`not pinned: ${pin.reason}`);
    await measurePools(context, asked);
    await measureFaults(context, asked, orders);
    if (runs > 0) isRight = await measureWorkload(context, asked, { runs, name });
  } finally {
    await asked.stop();
  }
  const topology = readTopology();
  output.say(`method: core ${core}; ${machineWords(thisMachine())}`);
  if (topology !== undefined) output.say(`machine: ${topologyWords(topology)}`);
  return isRight ? 0 : 1;
}

async function measurePools({ output }: CommandContext, asked: Asked): Promise<void> {
  for (const orders of POOL_ORDERS) {
    const measured = await repeat(POOL_RUNS, () => asked.ask('pool', { orders }));
    const freshNs = rounded(median(measured.map((run) => run.freshNs)));
    const againNs = rounded(median(measured.map((run) => run.againNs)));
    output.result(
      { pool: { orders, freshNs, againNs } },
      `an order taken and given back, ${grouped(orders)} at a time: ` +
        `${againNs} ns; from fresh memory ${freshNs} ns`,
    );
  }
  for (const shift of BLOCK_SHIFTS) {
    const measured = await repeat(POOL_RUNS, () => asked.ask('block', { shift }));
    const block = { blockBytes: 2 ** shift, ns: rounded(median(measured.map(({ ns }) => ns))) };
    output.result(
      { block },
      `a block of ${grouped(block.blockBytes)} bytes taken, cleared and given back: ${block.ns} ns`,
    );
  }
}

async function measureFaults(context: CommandContext, asked: Asked, orders: number): Promise<void> {
  const reserveMb = Math.ceil((orders * BYTES_PER_ORDER) / MIB) + 1;
  for (const preparation of PREPARATIONS) {
    const ask = { preparation, orders, reserveMb };
    const measured = await repeat(FAULT_RUNS, () => asked.ask('faults', ask));
    const nsPerOrder = rounded(median(measured.map((run) => run.nsPerOrder)));
    const [first] = measured;
    const { faultsPerMillion, placed } = first ?? {};
    context.output.result(
      { faults: { preparation, orders, faultsPerMillion, nsPerOrder, placed } },
      `${preparation}: ${grouped(faultsPerMillion ?? Number.NaN)} page faults a million orders, ` +
        `${nsPerOrder} ns an order${placed === undefined ? '' : `; ${placedWords(placed)}`}`,
    );
  }
}

/** False if a run ended elsewhere than the workload says. */
async function measureWorkload(
  { output }: CommandContext,
  asked: Asked,
  { runs, name }: { readonly runs: number; readonly name: string },
): Promise<boolean> {
  const samples = new Map<Preparation, MatchRun[]>(PREPARATIONS.map((name) => [name, []]));
  const reserveMb = 64;
  // The first run finds code that is not compiled yet.
  await asked.ask('match', { preparation: 'none', reserveMb });
  for (let run = 0; run < runs; run += 1) {
    for (const [index, preparation] of PREPARATIONS.entries()) {
      output.progress(
        'bench memory',
        run * PREPARATIONS.length + index,
        runs * PREPARATIONS.length,
      );
      samples.get(preparation)?.push(await asked.ask('match', { preparation, reserveMb }));
    }
  }
  const cpuNs = (preparation: Preparation) =>
    (samples.get(preparation) ?? []).map((run) => run.cpuNsPerCommand);
  for (const preparation of PREPARATIONS) {
    const of = samples.get(preparation) ?? [];
    const { ratio, ratioRange, pValue } = comparePairs(cpuNs('none'), cpuNs(preparation));
    const figures = {
      nsPerCommand: rounded(median(of.map((run) => run.nsPerCommand))),
      cpuNsPerCommand: rounded(median(cpuNs(preparation))),
      ratio: rounded(ratio, 1_000),
      ratioRange: ratioRange.map((value) => rounded(value, 1_000)),
      pValue: rounded(pValue, 1_000),
    };
    const [least, most] = figures.ratioRange;
    output.result(
      { w1: { preparation, workload: name, runs, ...figures } },
      `${name}, ${preparation}: ${figures.nsPerCommand} ns a command, ` +
        `${figures.cpuNsPerCommand} of the thread's own; ` +
        `${figures.ratio} of none (${least} to ${most}, p ${figures.pValue})`,
    );
  }
  const mismatches = [...samples.values()].flat().flatMap((run) => run.mismatches);
  for (const mismatch of mismatches) process.stderr.write(`foldbook: ${mismatch}\n`);
  return mismatches.length === 0;
}

async function repeat<Run>(times: number, run: () => Promise<Run>): Promise<Run[]> {
  const runs: Run[] = [];
  for (let index = 0; index < times; index += 1) runs.push(await run());
  return runs;
}

const rounded = (value: number, parts = 10) => Math.round(value * parts) / parts;
