/**
 * The floor: a bare order book in C++ that does the least that can be done with a workload. It is
 * compiled here and run beside the engine, because only figures of the same minutes compare.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from './bench-error.ts';
import { roundedSummary, type Summary, summarize } from './statistics.ts';
import { lastWords, runTool } from './tool.ts';

const SOURCE = 'b_ref.cpp';
const COMPILER = 'g++';
const COMPILER_FLAGS = ['-O3', '-march=native', '-std=c++17'];
/** Runs of one start of the program, which prints their median and best. */
const RUNS = 3;

export class Floor {
  readonly #program: string;
  readonly #core: number;
  readonly #signal: AbortSignal;

  private constructor(program: string, core: number, signal: AbortSignal) {
    this.#program = program;
    this.#core = core;
    this.#signal = signal;
  }

  /**
   * Compiles the floor.
   * @param sourceDir - holds b_ref.cpp and what it includes
   * @param workDir - where the program goes
   * @throws BenchError FLOOR_UNAVAILABLE
   */
  static async build(
    sourceDir: string,
    workDir: string,
    core: number,
    signal: AbortSignal,
  ): Promise<Floor> {
    const unavailable = (words: string) => new BenchError('FLOOR_UNAVAILABLE', words);
    const source = join(sourceDir, SOURCE);
    if (!existsSync(source)) {
      throw unavailable(`no ${source}: name the folder that holds ${SOURCE}`);
    }
    const program = join(workDir, 'floor');
    const compiled = await runTool(COMPILER, [...COMPILER_FLAGS, source, '-o', program], signal);
    if (compiled.status === undefined) {
      throw unavailable(`no ${COMPILER} on this machine: install it, or leave --floor out`);
    }
    if (compiled.status !== 0) {
      throw unavailable(`${source} does not compile: ${lastWords(compiled)}`);
    }
    return new Floor(program, core, signal);
  }

  /** Nanoseconds a command. */
  async run(workloadFile: string): Promise<Summary> {
    const args = [workloadFile, `${RUNS}`];
    let ran = await runTool(
      'taskset',
      ['-c', `${this.#core}`, this.#program, ...args],
      this.#signal,
    );
    // Where threads can't be pinned, ours are not either.
    if (ran.status === undefined) ran = await runTool(this.#program, args, this.#signal);
    const found = / OK +med +([0-9.]+) ns\/cmd .* best +([0-9.]+) /.exec(ran.stdout);
    if (ran.status !== 0 || found === null) {
      const words = ran.stdout.includes(' BAD ') ? 'its checksums are wrong' : lastWords(ran);
      throw new BenchError('FLOOR_FAILED', `the floor can't play ${workloadFile}: ${words}`);
    }
    return { median: Number(found[1]), best: Number(found[2]) };
  }
}

export interface FloorComparison {
  readonly floor: Summary;
  /** How many times as long ours takes; `cpuBest` by its own time, of the floor's best. */
  readonly ratio: Summary & { readonly cpuBest: number };
}

/** Undefined where the floor was not run. */
export function compareWithFloor(
  ours: Summary,
  oursCpu: Summary,
  runs: readonly Summary[],
): FloorComparison | undefined {
  if (runs.length === 0) return undefined;
  const { median } = summarize(runs.map((run) => run.median));
  const best = Math.min(...runs.map((run) => run.best));
  const ratio = roundedSummary({ median: ours.median / median, best: ours.best / best });
  const cpuBest = Number((oursCpu.best / best).toFixed(2));
  return { floor: roundedSummary({ median, best }), ratio: { ...ratio, cpuBest } };
}
