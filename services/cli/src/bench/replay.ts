/** `bench replay`: what an event costs the replay book, next to a bare book in C++. */
import { fileURLToPath } from 'node:url';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import { compileKernel, ownHistoryFolder } from './engine-package.ts';
import { compareWithFloor, Floor } from './floor.ts';
import { machineWords, thisMachine } from './machine.ts';
import { chooseCore, v8Flags } from './measure-options.ts';
import type { ReplayQuestions } from './replay-messages.ts';
import type { ReplayRun } from './replay-run.ts';
import { roundedSummary, type Summary, summarize } from './statistics.ts';
import { withWorkFolder } from './work-folder.ts';
import { openWorkload, type WorkloadSource } from './workload-source.ts';

const MAIN = fileURLToPath(new URL('./replay-main.ts', import.meta.url));
const DEFAULT_RUNS = 7;
const MAX_RUNS = 1_000;

export const replay: CliCommand = {
  name: 'bench replay',
  summary: 'nanoseconds an event of the replay book, and the same of a bare C++ book',
  help: `
Usage: foldbook bench replay [FILE] [options]

Plays a feed's events (orders added, cancelled, modified and executed, by 64-bit ids) through the
replay book with all queues kept, and checks the live orders, the best prices and the sum over all
levels against the file's header. A first run warms up and does not count; each run begins with
empty books. The file's records become events of 48 bytes before the clock starts: decoding is not
in the figure, reading the events is. Exit status 1 if a run ends elsewhere than the header says.

  FILE              a workload file; without one the workload is generated, with the same bytes
  --workload NAME   w2-1 (default: one book of about 10,000 orders) or w2-100 (100 books, 200,000)
  --core N          core that the measuring thread keeps to (default: the last one)
  --v8 FLAGS        V8 flags of the measuring process, e.g. "--no-liftoff" (default: none)
  --runs N          runs that count (default ${DEFAULT_RUNS})
  --floor DIR       also compile DIR/b_ref.cpp with g++ and run it in turns with the book
  --json            {"eventsPerSec","nsPerEvent":{"median","best"},"checksumsOk",...}

nsPerEvent is of the clock; cpuNsPerEvent leaves out what the thread waited while others had its
core, and says more on a machine that is shared.

Example: foldbook bench replay --workload w2-100 --floor ../shared/bench`,
  takes: ['FILE'],
  options: {
    workload: { type: 'string' },
    core: { type: 'string' },
    v8: { type: 'string' },
    runs: { type: 'string' },
    floor: { type: 'string' },
  },
  endsOnSignal: true,
  run: (context) => withWorkFolder((folder) => measure(context, folder)),
};

interface Measured {
  readonly runs: readonly ReplayRun[];
  readonly floor: readonly Summary[];
}

async function measure(context: CommandContext, folder: string): Promise<number> {
  const { output, signal } = context;
  const core = chooseCore(context);
  const flags = v8Flags(context);
  const runs = context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS;
  const floorDir = context.text('floor');
  const [file] = context.positionals;
  const source = await openWorkload(file, context.text('workload'), folder, 'mbo');
  const floor =
    floorDir === undefined ? undefined : await Floor.build(floorDir, folder, core, signal);
  await compileKernel(ownHistoryFolder(), 'buildHistory', signal);
  const machine = thisMachine();
  const asked = new AskedProcess<ReplayQuestions>(MAIN, ['--expose-gc', ...flags], signal);
  try {
    const pin = await asked.ask('prepare', { workloadFile: source.file, core });
    const measured = await interleave(context, asked, floor, source, runs);
    const report = { ...reportOf(source, measured), core, v8Flags: flags };
    output.result({ ...report, pinned: pin.pinned, machine }, words(report, machineWords(machine)));
    if (!pin.pinned) output.say(`not pinned: ${pin.reason}`);
    for (const mismatch of report.mismatches) process.stderr.write(`foldbook: ${mismatch}\n`);
    return report.checksumsOk ? 0 : 1;
  } finally {
    await asked.stop();
  }
}

/** Book and floor in turns: what else the machine does meets both. */
async function interleave(
  { output }: CommandContext,
  asked: AskedProcess<ReplayQuestions>,
  floor: Floor | undefined,
  source: WorkloadSource,
  count: number,
): Promise<Measured> {
  const runs: ReplayRun[] = [];
  const floorRuns: Summary[] = [];
  await asked.ask('run', undefined);
  while (runs.length < count) {
    output.progress(source.name, runs.length + 1, count + 1);
    runs.push(await asked.ask('run', undefined));
    if (floor !== undefined) floorRuns.push(await floor.run(source.file));
  }
  return { runs, floor: floorRuns };
}

function reportOf(source: WorkloadSource, { runs, floor }: Measured) {
  const { books, commands } = source.workload;
  const nsPerEvent = summarize(runs.map((run) => run.nsPerEvent));
  const cpuNsPerEvent = summarize(runs.map((run) => run.cpuNsPerEvent));
  const mismatches = [...new Set(runs.flatMap((run) => run.mismatches))];
  const compared = compareWithFloor(nsPerEvent, cpuNsPerEvent, floor);
  return {
    workload: source.name,
    nsPerEvent: roundedSummary(nsPerEvent),
    cpuNsPerEvent: roundedSummary(cpuNsPerEvent),
    eventsPerSec: Math.round(1e9 / nsPerEvent.median),
    checksumsOk: mismatches.length === 0,
    mismatches,
    ...(compared && { floor: { nsPerEvent: compared.floor }, ratio: compared.ratio }),
    events: commands,
    books,
    runs: runs.length,
  };
}

type Report = ReturnType<typeof reportOf> & { readonly core: number };

function words(report: Report, machine: string): string {
  const { nsPerEvent, cpuNsPerEvent, floor, ratio } = report;
  const share = ({ median, best }: Summary, unit: string) =>
    `${median}${unit} median, ${best}${unit} best`;
  return [
    `${report.workload}: ${grouped(report.events)} events, ${report.books} books`,
    `  book     ${share(nsPerEvent, ' ns')} an event; ${grouped(report.eventsPerSec)}/s`,
    `  cpu      ${share(cpuNsPerEvent, ' ns')} of the thread's own time`,
    ...(floor === undefined ? [] : [`  floor    ${share(floor.nsPerEvent, ' ns')}`]),
    ...(ratio === undefined
      ? []
      : [`  ratio    ${share(ratio, 'x')}, ${ratio.cpuBest}x best of cpu`]),
    `  checks   ${report.checksumsOk ? 'as the workload says' : report.mismatches.join('; ')}`,
    `  method   ${report.runs} runs, events laid before the clock starts, core ${report.core}`,
    `  machine  ${machine}`,
  ].join('\n');
}
