/** Processes that are asked one question at a time; the other end is `answerQuestions`. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Questions, Reply } from '@foldbook/runtime';
import { InterruptedError } from '../cli-error.ts';
import { BenchError } from './bench-error.ts';

export class AskedProcess<Of extends Questions> {
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;

  /**
   * @param main - path of the module that calls `answerQuestions`
   * @param nodeFlags - for this process alone
   * @param cores - that all of its threads keep to, Node's own included; default: all
   */
  constructor(
    main: string,
    nodeFlags: readonly string[],
    signal: AbortSignal,
    cores?: readonly number[],
  ) {
    this.#signal = signal;
    const pinned = ['-c', `${cores?.join(',')}`, process.execPath];
    this.#child = fork(main, [], {
      execPath: cores === undefined ? process.execPath : 'taskset',
      execArgv: [...(cores === undefined ? [] : pinned), ...nodeFlags],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  /** Of the system; 0 if it was not started. */
  get processId(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws BenchError MEASUREMENT_FAILED, with the reason that the process gave */
  async ask<Ask extends keyof Of & string>(
    ask: Ask,
    asked: Of[Ask]['asked'],
  ): Promise<Of[Ask]['answer']> {
    const done = new AbortController();
    const { signal } = done;
    try {
      const answered = once(this.#child, 'message', { signal });
      const ended = once(this.#child, 'exit', { signal });
      const interrupted = once(this.#signal, 'abort', { signal });
      // Whoever loses the race below is told to stop waiting, which rejects.
      for (const waiting of [answered, ended, interrupted]) waiting.catch(() => {});
      if (!this.#signal.aborted) this.#child.send({ ask, asked });
      const first: Reply = await Promise.race([
        answered.then(([reply]) => reply as Reply),
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

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill();
    await exit;
  }
}

const failure = (reason: string) => ({ ok: false, reason }) as const;
