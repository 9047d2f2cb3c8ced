/** A process in which one engine is measured on one core. */
import { fileURLToPath } from 'node:url';
import type { PinResult } from '@foldbook/runtime';
import { AskedProcess } from './asked-process.ts';
import type { MeasureOptions, MeasureQuestions } from './match-messages.ts';
import type { LatencyRun, MatchRun } from './match-run.ts';

const MAIN = fileURLToPath(new URL('./measure-main.ts', import.meta.url));
/** Lets a run collect the garbage of the one before it. */
const ALWAYS = ['--expose-gc'];

export class MeasuringProcess {
  readonly #process: AskedProcess<MeasureQuestions>;
  /** Whether the thread keeps to its core, and why not. */
  readonly pin: PinResult;

  private constructor(process: AskedProcess<MeasureQuestions>, pin: PinResult) {
    this.#process = process;
    this.pin = pin;
  }

  /**
   * @param v8Flags - for this process, besides what it always has
   * @throws BenchError MEASUREMENT_FAILED, with the reason that the process gave
   */
  static async start(
    options: MeasureOptions,
    v8Flags: readonly string[],
    signal: AbortSignal,
  ): Promise<MeasuringProcess> {
    const asked = new AskedProcess<MeasureQuestions>(MAIN, [...ALWAYS, ...v8Flags], signal);
    try {
      return new MeasuringProcess(asked, await asked.ask('prepare', options));
    } catch (error) {
      await asked.stop();
      throw error;
    }
  }

  run(): Promise<MatchRun> {
    return this.#process.ask('run', undefined);
  }

  latency(): Promise<LatencyRun> {
    return this.#process.ask('latency', undefined);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
