/** `check sim`: seeds of the cluster simulator, and what its checkers say. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { AskedProcess } from '../bench/asked-process.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { duration, grouped } from '../output.ts';

const MAIN = fileURLToPath(new URL('../../../simulation/src/main.ts', import.meta.url));
const DEFAULT_SEEDS = 100;
const MAX_SEEDS = 10_000_000;
const MAX_SEED = 2 ** 32 - 1;
const MAX_JOBS = 64;
/**
 * Then a process is replaced: agents that a crash in virtual time cut off keep their worlds alive,
 * some 10 MB a seed, as nothing ever aborts the signals that they listen to (Node holds those).
 */
const SEEDS_A_PROCESS = 64;

export const sim: CliCommand = {
  name: 'check sim',
  summary: 'a market, its broker and its clients in virtual time, with everything going wrong',
  help: `
Usage: foldbook check sim [--seeds N] [--from S] [--jobs N] [--plant NAME]
       foldbook check sim --seed S [--trace]

Runs the market's agents, hosts and the SDK's clients on one thread under a scheduler whose every
choice comes from a seed: two or three nodes with leases, standbys and checkpoints; crashes, pauses
past a lease, kills in the middle of a takeover or a restore, cut lines, messages lost, late and
twice, broker restarts, power failures, spoiled snapshots and clocks that differ. When all is calm
again the checkers ask: is what was acknowledged in the log, ran nothing twice, are sequences,
conservation and the book as they must be after every command, did every account hear all of its
reports once, and is every state, a standby's too, that of the naive engine on the same log? The
same seed gives the same trace.

  --seeds N         how many (default ${DEFAULT_SEEDS})
  --from S          the first; those after it follow (default 1)
  --seed S          this one alone
  --trace           prints everything that happens, with --seed
  --jobs N          processes that share the seeds (default 1)
  --plant NAME      puts a defect in, which some seed has to find: stale-writer, dropped-record,
                    reused-sequence, early-ack, early-settled, early-coverage, lost-tail
  --json            {"ok","seeds","from","hash","events","virtualMs","eventsPerSec",
                    "seedsPerSec","counts","trace","seed","violations","command"}; the last
                    three of a seed that fails

Exit status 1 at the first seed that breaks a rule; with --plant, if none does.

Example: foldbook check sim --seeds 1000 --jobs 2`,
  takes: [],
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string' },
    plant: { type: 'string' },
    trace: { type: 'boolean' },
  },
  endsOnSignal: true,
  run: check,
};

interface SeedResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly coverage: readonly (readonly [string, number])[];
  readonly trace: readonly string[];
}

type SimQuestions = {
  readonly seed: {
    readonly asked: {
      readonly seed: number;
      readonly plant?: string | undefined;
      readonly trace: boolean;
    };
    readonly answer: SeedResult;
  };
  readonly plants: { readonly asked: undefined; readonly answer: Readonly<Record<string, string>> };
};

interface Asked {
  readonly first: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly plant: string | undefined;
  readonly trace: boolean;
}

async function check(context: CommandContext): Promise<number> {
  const asked = whatIsAsked(context);
  const processes = Array.from(
    { length: Math.min(asked.jobs, asked.seeds) },
    () => new SeedProcess(context.signal),
  );
  try {
    await checkPlant(processes[0], asked.plant);
    const startMs = performance.now();
    const results = await runSeeds(context, asked, processes);
    return tell(context, asked, results, performance.now() - startMs);
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

function whatIsAsked(context: CommandContext): Asked {
  const seed = context.integer('seed', 0, MAX_SEED);
  const trace = context.flag('trace');
  if (trace && seed === undefined) throw new UsageError('--trace is of one seed: give --seed');
  const many = ['seeds', 'from', 'jobs'].find((name) => context.text(name) !== undefined);
  if (seed !== undefined && many !== undefined) {
    throw new UsageError(`--seed is one seed alone: leave it or --${many} away`);
  }
  return {
    first: seed ?? context.integer('from', 0, MAX_SEED) ?? 1,
    seeds: seed !== undefined ? 1 : (context.integer('seeds', 1, MAX_SEEDS) ?? DEFAULT_SEEDS),
    jobs: context.integer('jobs', 1, MAX_JOBS) ?? 1,
    plant: context.text('plant'),
    trace,
  };
}

/** Runs seeds, in a process that is replaced from time to time. */
class SeedProcess {
  readonly #signal: AbortSignal;
  #process: AskedProcess<SimQuestions>;
  #seeds = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    this.#process = new AskedProcess(MAIN, [], signal);
  }

  plants(): Promise<Readonly<Record<string, string>>> {
    return this.#process.ask('plants', undefined);
  }

  async run(asked: SimQuestions['seed']['asked']): Promise<SeedResult> {
    if (this.#seeds === SEEDS_A_PROCESS) {
      await this.#process.stop();
      this.#process = new AskedProcess(MAIN, [], this.#signal);
      this.#seeds = 0;
    }
    this.#seeds += 1;
    return this.#process.ask('seed', asked);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

async function checkPlant(
  process: SeedProcess | undefined,
  plant: string | undefined,
): Promise<void> {
  if (plant === undefined || process === undefined) return;
  const plants = await process.plants();
  if (Object.hasOwn(plants, plant)) return;
  throw new UsageError(`no plant "${plant}"; there are: ${Object.keys(plants).join(', ')}`);
}

/** One seed after the other for each process, until one breaks a rule; in order of the seeds. */
async function runSeeds(
  { output }: CommandContext,
  { first, seeds, plant, trace }: Asked,
  processes: readonly SeedProcess[],
): Promise<SeedResult[]> {
  const results: SeedResult[] = [];
  let next = 0;
  let hasFailed = false;
  const work = async (process: SeedProcess) => {
    while (next < seeds && !hasFailed) {
      const seed = (first + next) % (MAX_SEED + 1);
      next += 1;
      const result = await process.run({ seed, plant, trace });
      results.push(result);
      hasFailed ||= result.violations.length > 0;
      output.progress('seeds', results.length, seeds);
    }
  };
  await Promise.all(processes.map(work));
  output.endProgress();
  return results.sort((a, b) => a.seed - b.seed);
}

function tell(
  { output }: CommandContext,
  { first, plant, trace }: Asked,
  results: readonly SeedResult[],
  tookMs: number,
): number {
  const failed = results.find(({ violations }) => violations.length > 0);
  const lines = results.flatMap((result) => result.trace);
  const counted = { seeds: results.length, from: first, ...figuresOf(results, tookMs) };
  const figures = trace ? { ...counted, trace: lines } : counted;
  const words = summary(figures, tookMs);
  if (failed === undefined) {
    const isRight = plant === undefined;
    const verdict = isRight ? 'every rule held' : `nobody noticed ${plant}`;
    output.result({ ok: isRight, ...figures }, [...lines, verdict, words].join('\n'));
    return isRight ? 0 : 1;
  }
  const { seed, violations } = failed;
  const planted = plant === undefined ? '' : ` --plant ${plant}`;
  const command = `foldbook check sim --seed ${seed}${planted} --trace`;
  const broken = violations.map((violation) => `  ${violation}`);
  const verdict = [`seed ${seed} broke a rule:`, ...broken, `to see it again: ${command}`];
  const isCaught = plant !== undefined;
  output.result(
    { ok: isCaught, ...figures, seed, violations, command },
    [...lines, ...verdict, words].join('\n'),
  );
  return isCaught ? 0 : 1;
}

function figuresOf(results: readonly SeedResult[], tookMs: number) {
  const counts = new Map<string, number>();
  const hash = createHash('sha256');
  let events = 0;
  let virtualMs = 0;
  for (const result of results) {
    events += result.events;
    virtualMs += result.virtualMs;
    hash.update(result.traceHash);
    for (const [what, count] of result.coverage) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    hash: results.length === 1 ? results[0]?.traceHash : hash.digest('hex'),
    events,
    virtualMs: Math.round(virtualMs),
    eventsPerSec: Math.round((events / tookMs) * 1_000),
    seedsPerSec: Math.round((results.length / tookMs) * 100_000) / 100,
    counts: Object.fromEntries(sorted),
  };
}

function summary(
  figures: ReturnType<typeof figuresOf> & { readonly seeds: number; readonly from: number },
  tookMs: number,
): string {
  const { seeds, from, hash, events, virtualMs, eventsPerSec, seedsPerSec, counts } = figures;
  const counted = Object.entries(counts).map(([what, count]) => `${grouped(count)} ${what}`);
  return [
    `seeds     ${grouped(seeds)} from ${from}, ${duration(virtualMs)} of virtual time in ` +
      `${duration(tookMs)}, ${seedsPerSec} a second`,
    `events    ${grouped(events)}, ${grouped(eventsPerSec)} a second`,
    `happened  ${counted.join(', ')}`,
    `trace     ${hash}`,
  ].join('\n');
}
