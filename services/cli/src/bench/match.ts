/** `bench match`: what a command costs the engine, next to a bare book in C++. */
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { ownEngineFolder, prepareEngine } from './engine-package.ts';
import { compareWithFloor, Floor } from './floor.ts';
import { machineWords, thisMachine } from './machine.ts';
import type { LatencyRun, MatchRun } from './match-run.ts';
import {
  MEASURE_HELP,
  MEASURE_OPTIONS,
  type MeasureSettings,
  measureSettings,
} from './measure-options.ts';
import { MeasuringProcess } from './measuring-process.ts';
import { roundedSummary, type Summary, summarize } from './statistics.ts';
import { withWorkFolder } from './work-folder.ts';
import { openWorkload, type WorkloadSource } from './workload-source.ts';

const DEFAULT_RUNS = 7;
const MAX_RUNS = 1_000;

export const match: CliCommand = {
  name: 'bench match',
  summary: 'nanoseconds a command, and the same of a bare C++ book',
  help: `
Usage: foldbook bench match [FILE] [options]

Plays a workload through the engine (funded accounts, holds, requests, events, state hash) and
checks trades, quantities and the final book against the file's header. Timed are the commands
after the prefill, each run on a fresh engine; a first run warms up and does not count. Every
event is read. Fees are zero. Exit status 1 if a run ends elsewhere than the header says.

  FILE              a workload file; without one the workload is generated, with the same bytes
${MEASURE_HELP}
  --runs N          runs that count (default ${DEFAULT_RUNS})
  --floor DIR       also compile DIR/b_ref.cpp with g++ and run it in turns with the engine
  --json            {"nsPerCommand":{"median","best"},"commandsPerSec","trades","checksumsOk",
                    "latencyNs":{...},...}

nsPerCommand is of the clock; cpuNsPerCommand leaves out what the thread waited while others had
its core, and says more on a machine that is shared. latencyNs is of single commands, one a
call, in a run of its own; what reading the clock takes (clockNs) is subtracted.

Example: foldbook bench match --workload w1-lit --runs 5`,
  takes: ['FILE'],
  options: { ...MEASURE_OPTIONS, runs: { type: 'string' }, floor: { type: 'string' } },
  endsOnSignal: true,
  run: (context) => withWorkFolder((folder) => measure(context, folder)),
};

interface Measured {
  readonly runs: readonly MatchRun[];
  readonly floor: readonly Summary[];
  readonly latency: LatencyRun;
}

async function measure(context: CommandContext, folder: string): Promise<number> {
  const { output, signal } = context;
  const settings = measureSettings(context);
  const runs = context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS;
  const floorDir = context.text('floor');
  const source = await openWorkload(context.positionals[0], context.text('workload'), folder);
  const floor =
    floorDir === undefined ? undefined : await Floor.build(floorDir, folder, settings.core, signal);
  const engineUrl = await prepareEngine(ownEngineFolder(), signal);
  const machine = thisMachine();
  const { v8Flags, ...where } = settings;
  const options = { ...where, workloadFile: source.file, engineUrl };
  const measuring = await MeasuringProcess.start(options, v8Flags, signal);
  try {
    const measured = await interleave(context, measuring, floor, source, runs);
    const report = reportOf(source, settings, measured);
    const { pin } = measuring;
    output.result({ ...report, pinned: pin.pinned, machine }, words(report, machineWords(machine)));
    if (!pin.pinned) output.say(`not pinned: ${pin.reason}`);
    for (const mismatch of report.mismatches) process.stderr.write(`foldbook: ${mismatch}\n`);
    return report.checksumsOk ? 0 : 1;
  } finally {
    await measuring.stop();
  }
}

/** Engine and floor in turns: what else the machine does meets both. */
async function interleave(
  { output }: CommandContext,
  measuring: MeasuringProcess,
  floor: Floor | undefined,
  source: WorkloadSource,
  count: number,
): Promise<Measured> {
  const runs: MatchRun[] = [];
  const floorRuns: Summary[] = [];
  const total = count + 2;
  await measuring.run();
  while (runs.length < count) {
    output.progress(source.name, runs.length + 1, total);
    runs.push(await measuring.run());
    if (floor !== undefined) floorRuns.push(await floor.run(source.file));
  }
  output.progress(source.name, total - 1, total);
  return { runs, floor: floorRuns, latency: await measuring.latency() };
}

function reportOf(source: WorkloadSource, settings: MeasureSettings, measured: Measured) {
  const { runs, latency } = measured;
  const { prefill, commands } = source.workload;
  const nsPerCommand = summarize(runs.map((run) => run.nsPerCommand));
  const cpuNsPerCommand = summarize(runs.map((run) => run.cpuNsPerCommand));
  const compared = compareWithFloor(nsPerCommand, cpuNsPerCommand, measured.floor);
  const mismatches = [
    ...new Set([...runs.flatMap((run) => run.mismatches), ...latency.mismatches]),
  ];
  return {
    workload: source.name,
    nsPerCommand: roundedSummary(nsPerCommand),
    cpuNsPerCommand: roundedSummary(cpuNsPerCommand),
    commandsPerSec: Math.round(1e9 / nsPerCommand.median),
    trades: runs[0]?.trades ?? 0,
    checksumsOk: mismatches.length === 0,
    mismatches,
    latencyNs: latency.latencyNs,
    clockNs: latency.clockNs,
    ...(compared && { floor: { nsPerCommand: compared.floor }, ratio: compared.ratio }),
    commands,
    prefill,
    eventsPerCommand: Number(((runs[0]?.events ?? 0) / commands).toFixed(2)),
    runs: runs.length,
    ...settings,
  };
}

function words(report: ReturnType<typeof reportOf>, machine: string): string {
  const { nsPerCommand, cpuNsPerCommand, latencyNs, floor, ratio } = report;
  const share = (summary: Summary, unit: string) =>
    `${summary.median}${unit} median, ${summary.best}${unit} best`;
  const latency = Object.entries(latencyNs).map(([name, ns]) => `${name} ${ns}`);
  const flags = report.v8Flags.length === 0 ? '' : `, ${report.v8Flags.join(' ')}`;
  return [
    `${report.workload}: ${grouped(report.commands)} commands after ${grouped(report.prefill)}, ` +
      `${grouped(report.trades)} trades, ${report.eventsPerCommand} events a command`,
    `  engine   ${share(nsPerCommand, ' ns')} a command; ${grouped(report.commandsPerSec)}/s`,
    `  cpu      ${share(cpuNsPerCommand, ' ns')} of the thread's own time`,
    ...(floor === undefined ? [] : [`  floor    ${share(floor.nsPerCommand, ' ns')}`]),
    ...(ratio === undefined
      ? []
      : [`  ratio    ${share(ratio, 'x')}, ${ratio.cpuBest}x best of cpu`]),
    `  latency  ${latency.join('  ')} ns (one a call; ${report.clockNs} ns of clock subtracted)`,
    `  checks   ${report.checksumsOk ? 'as the workload says' : report.mismatches.join('; ')}`,
    `  method   ${report.runs} runs, ${grouped(report.accounts)} accounts, groups of ` +
      `${report.group}, core ${report.core}${flags}`,
    `  machine  ${machine}`,
  ].join('\n');
}
