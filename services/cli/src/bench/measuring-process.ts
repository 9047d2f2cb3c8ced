/** Starts measuring processes and asks them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PinResult } from '@foldbook/runtime';
import { InterruptedError } from '../cli-error.ts';
import { BenchError } from './bench-error.ts';
import type {
  Answers,
  MeasureOptions,
  MeasureReply,
  MeasureRequest,
  Question,
} from './match-messages.ts';
import type { LatencyRun, MatchRun } from './match-run.ts';

const MAIN = fileURLToPath(new URL('./measure-main.ts', import.meta.url));
/** Lets a run collect the garbage of the one before it. */
const ALWAYS = ['--expose-gc'];

export class MeasuringProcess {
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  #pin: PinResult | undefined;

  private constructor(child: ChildProcess, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
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
    const child = fork(MAIN, [], {
      execArgv: [...ALWAYS, ...v8Flags],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const measuring = new MeasuringProcess(child, signal);
    try {
      measuring.#pin = await measuring.#ask('prepare', { ask: 'prepare', options });
    } catch (error) {
      await measuring.stop();
      throw error;
    }
    return measuring;
  }

  /** Whether the thread keeps to its core, and why not. */
  get pin(): PinResult {
    if (this.#pin === undefined) throw new BenchError('MEASUREMENT_FAILED', 'not started');
    return this.#pin;
  }

  run(): Promise<MatchRun> {
    return this.#ask('run', { ask: 'run' });
  }

  latency(): Promise<LatencyRun> {
    return this.#ask('latency', { ask: 'latency' });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill();
    await exit;
  }

  async #ask<Ask extends Question>(ask: Ask, request: MeasureRequest): Promise<Answers[Ask]> {
    const done = new AbortController();
    const { signal } = done;
    try {
      const answered = once(this.#child, 'message', { signal });
      const ended = once(this.#child, 'exit', { signal });
      const interrupted = once(this.#signal, 'abort', { signal });
      // Whoever loses the race below is told to stop waiting, which rejects.
      for (const waiting of [answered, ended, interrupted]) waiting.catch(() => {});
      if (!this.#signal.aborted) this.#child.send(request);
      const first = await Promise.race([
        answered.then(([reply]) => reply as MeasureReply<Ask>),
        ended.then(([code, by]) => failure(`its process ended (${by ?? `status ${code}`})`)),
        interrupted.then(() => failure('interrupted')),
      ]);
      if (this.#signal.aborted) throw new InterruptedError('stopped before the end');
      if (first.ok) return first.answer;
      throw new BenchError('MEASUREMENT_FAILED', `${ask}: ${first.reason}`);
    } finally {
      done.abort();
    }
  }
}

const failure = (reason: string) => ({ ok: false, reason }) as const;
