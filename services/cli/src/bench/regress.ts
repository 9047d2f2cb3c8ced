/** `bench regress`: this tree's engine against that of another commit. */
import { dirname, join } from 'node:path';
import type { CliCommand, CommandContext } from '../command.ts';
import { ownEngineFolder, prepareEngine } from './engine-package.ts';
import { machineWords, thisMachine } from './machine.ts';
import { MEASURE_HELP, MEASURE_OPTIONS, measureSettings } from './measure-options.ts';
import { MeasuringProcess } from './measuring-process.ts';
import { Repository } from './revision.ts';
import { type Comparison, comparePairs, MIN_PAIRS, median, summarize } from './statistics.ts';
import { withWorkFolder } from './work-folder.ts';
import { openWorkload, type WorkloadSource } from './workload-source.ts';

const DEFAULT_ROUNDS = 9;
const MAX_ROUNDS = 30;
const RUNS_A_PROCESS = 3;
const SIGNIFICANT = 0.01;
/** What is smaller is not worth a word, however certain. */
const SMALLEST_CHANGE = 0.01;
/** What the engine is made from. */
const ENGINE_PATHS = ['shared/engine', 'shared/protocol'];

export const regress: CliCommand = {
  name: 'bench regress',
  summary: 'is this tree faster or slower than another commit?',
  help: `
Usage: foldbook bench regress [FILE] [--against REV] [options]

Plays a workload through the engine of this tree, as it is on disk, and through that of another
commit, in turns on one core, and tells whether their times differ. A round starts a process of
each, which play it ${RUNS_A_PROCESS} times in turns; its ratio is that of their medians, in the
thread's own time (not what it waits while others have its core). Wilcoxon's signed-rank test judges
the ratios of all rounds: "faster" and "slower" are said
at p < ${SIGNIFICANT} and a change of ${SMALLEST_CHANGE * 100}% or more. Exit status 1 if this tree
is slower, or if a run of either ends elsewhere than the workload says.

  FILE              a workload file, instead of --workload
  --against REV     the other commit (default: HEAD if the engine differs from it, else HEAD~1)
  --rounds N        ${MIN_PAIRS} to ${MAX_ROUNDS} (default ${DEFAULT_ROUNDS})
${MEASURE_HELP}
  --json            {"against","verdict","ratio","pValue","cpuNsPerCommand":{"this","against"},...}

Example: foldbook bench regress --against main`,
  takes: ['FILE'],
  options: { ...MEASURE_OPTIONS, against: { type: 'string' }, rounds: { type: 'string' } },
  endsOnSignal: true,
  compilesAnew: true,
  run: (context) => withWorkFolder((folder) => compare(context, folder)),
};

/** Medians of processes, in nanoseconds a command. */
interface Rounds {
  readonly this: number[];
  readonly against: number[];
  readonly mismatches: Set<string>;
}

async function compare(context: CommandContext, folder: string): Promise<number> {
  const { signal } = context;
  const source = await openWorkload(context.positionals[0], context.text('workload'), folder);
  const engineFolder = ownEngineFolder();
  const repository = new Repository(dirname(dirname(engineFolder)), signal);
  const isChanged = await repository.isChanged(ENGINE_PATHS);
  const against = context.text('against') ?? (isChanged ? 'HEAD' : 'HEAD~1');
  const here = `${await repository.commitOf('HEAD')}${isChanged ? ' with changes' : ''}`;
  const tree = join(folder, 'tree');
  return repository.withRevision(against, tree, engineFolder, async (revision) => {
    const urls = {
      this: await prepareEngine(engineFolder, signal),
      against: await prepareEngine(revision.engineFolder, signal),
    };
    const rounds = await measureRounds(context, source, urls);
    return report(context, source, { here, against: `${against} (${revision.commit})` }, rounds);
  });
}

async function measureRounds(
  context: CommandContext,
  source: WorkloadSource,
  urls: { readonly this: string; readonly against: string },
): Promise<Rounds> {
  const { v8Flags, ...settings } = measureSettings(context);
  const count = context.integer('rounds', MIN_PAIRS, MAX_ROUNDS) ?? DEFAULT_ROUNDS;
  const rounds: Rounds = { this: [], against: [], mismatches: new Set() };
  const start = (engineUrl: string) => {
    const options = { ...settings, workloadFile: source.file, engineUrl };
    return MeasuringProcess.start(options, v8Flags, context.signal);
  };
  for (let round = 0; round < count; round += 1) {
    context.output.progress(source.name, round, count);
    const ours = await start(urls.this);
    try {
      const theirs = await start(urls.against);
      try {
        await measureRound(rounds, ours, theirs, round % 2 === 0);
      } finally {
        await theirs.stop();
      }
    } finally {
      await ours.stop();
    }
  }
  return rounds;
}

/** Who goes first changes from round to round. */
async function measureRound(
  rounds: Rounds,
  ours: MeasuringProcess,
  theirs: MeasuringProcess,
  oursFirst: boolean,
): Promise<void> {
  const samples = { this: [] as number[], against: [] as number[] };
  const sides = [
    { name: 'this', measuring: ours },
    { name: 'against', measuring: theirs },
  ] as const;
  const inTurn = oursFirst ? sides : sides.toReversed();
  for (const { measuring } of inTurn) await measuring.run();
  for (let run = 0; run < RUNS_A_PROCESS; run += 1) {
    for (const { name, measuring } of inTurn) {
      const { cpuNsPerCommand, mismatches } = await measuring.run();
      samples[name].push(cpuNsPerCommand);
      for (const mismatch of mismatches) rounds.mismatches.add(`${name}: ${mismatch}`);
    }
  }
  rounds.this.push(median(samples.this));
  rounds.against.push(median(samples.against));
}

type Verdict = 'faster' | 'slower' | 'no difference';

function verdictOf({ ratio, pValue }: Comparison): Verdict {
  if (pValue >= SIGNIFICANT || Math.abs(ratio - 1) < SMALLEST_CHANGE) return 'no difference';
  return ratio < 1 ? 'faster' : 'slower';
}

/** 1.02 -> "+2.0%". */
function change(ratio: number): string {
  const percent = ((ratio - 1) * 100).toFixed(1);
  return `${ratio >= 1 ? '+' : ''}${percent}%`;
}

function report(
  context: CommandContext,
  source: WorkloadSource,
  trees: { readonly here: string; readonly against: string },
  rounds: Rounds,
): number {
  const comparison = comparePairs(rounds.against, rounds.this);
  const verdict = verdictOf(comparison);
  const ours = summarize(rounds.this);
  const theirs = summarize(rounds.against);
  const machine = thisMachine();
  const [lowest, highest] = comparison.ratioRange.map(change);
  const mismatches = [...rounds.mismatches];
  const { v8Flags, accounts, group, core } = measureSettings(context);
  context.output.result(
    {
      workload: source.name,
      this: trees.here,
      against: trees.against,
      verdict,
      ...comparison,
      cpuNsPerCommand: { this: ours, against: theirs },
      checksumsOk: mismatches.length === 0,
      rounds: rounds.this.length,
      ...{ accounts, group, core, v8Flags, machine },
    },
    [
      `${source.name}: this tree (${trees.here}) against ${trees.against}: ${verdict}`,
      `  this     ${ours.median.toFixed(2)} ns median, ${ours.best.toFixed(2)} ns best a command`,
      `  against  ${theirs.median.toFixed(2)} ns median, ${theirs.best.toFixed(2)} ns best`,
      `  change   ${change(comparison.ratio)} (rounds from ${lowest} to ${highest}), ` +
        `p = ${comparison.pValue.toPrecision(2)}, ${rounds.this.length} rounds`,
      `  machine  ${machineWords(machine)}`,
    ].join('\n'),
  );
  for (const mismatch of mismatches) process.stderr.write(`foldbook: ${mismatch}\n`);
  return verdict === 'slower' || mismatches.length > 0 ? 1 : 0;
}
