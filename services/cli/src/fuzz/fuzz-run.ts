/** Plays inputs of one format on several threads, and ends those that hang. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { mutatorOf, openFormat, readCorpus } from './formats.ts';
import type { FailedInput, FuzzAnswer, FuzzTask, FuzzThreadData } from './fuzz-messages.ts';

const THREAD = new URL('./fuzz-thread.ts', import.meta.url);
/** Runs of a task: between two of them a thread is heard of. */
const TASK_RUNS = 500;
const LOOK_EVERY_MS = 500;
/** An input that takes longer hangs: this, or so many times what the machine takes on average. */
const LEAST_HANG_MS = 20_000;
const HANG_TIMES = 20_000;
/** Of JavaScript's memory in a thread: an input that takes it all ends the thread. */
const HEAP_MB = 512;

export interface FuzzOptions {
  readonly format: string;
  readonly seed: number;
  /** Inputs to play; the first are those of the corpus. */
  readonly runs: number;
  /** Is played instead of any other. */
  readonly only?: Uint8Array | undefined;
  readonly threads: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onRuns?: (runs: number) => void;
  /** The module of the threads. */
  readonly thread?: URL;
  readonly leastHangMs?: number;
}

export interface FuzzResult {
  readonly runs: number;
  readonly bytes: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failure?: FailedInput | undefined;
}

/** Until an input fails, or the signal is aborted. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { runs, threads } = options;
  const run = new FuzzRun(options);
  const count = Math.min(threads, Math.ceil(runs / TASK_RUNS));
  await Promise.all(Array.from({ length: count }, () => run.work()));
  return run.result();
}

class FuzzRun {
  readonly #options: FuzzOptions;
  readonly #outcomes = new Map<string, number>();
  readonly #startMs = performance.now();
  #next = 0;
  #played = 0;
  #bytes = 0;
  #failure: FailedInput | undefined;

  constructor(options: FuzzOptions) {
    this.#options = options;
  }

  result() {
    const outcomes = [...this.#outcomes].sort(([a], [b]) => a.localeCompare(b));
    return {
      runs: this.#played,
      bytes: this.#bytes,
      outcomes: Object.fromEntries(outcomes),
      failure: this.#failure,
    };
  }

  /** One thread after another: one that hangs or dies has failed, and no other follows it. */
  async work(): Promise<void> {
    const { format, seed, folder, runs, only, signal, thread = THREAD } = this.#options;
    const playing = new SharedArrayBuffer(4);
    const workerData: FuzzThreadData = { format, seed, folder, only, playing };
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB };
    const worker = new Worker(thread, { workerData, resourceLimits });
    try {
      while (this.#next < runs && this.#failure === undefined && !signal.aborted) {
        const first = this.#next;
        const count = Math.min(TASK_RUNS, runs - first);
        this.#next += count;
        const answer = await this.#ask(worker, { first, count }, new Int32Array(playing));
        if (answer === undefined) return;
        if ('runs' in answer) this.#add(answer);
        else this.#failure ??= answer;
      }
    } finally {
      await worker.terminate();
    }
  }

  /** Undefined where it was interrupted. */
  async #ask(
    worker: Worker,
    task: FuzzTask,
    playing: Int32Array,
  ): Promise<FuzzAnswer | FailedInput | undefined> {
    const done = new AbortController();
    const { signal } = done;
    try {
      worker.postMessage(task);
      const answered = once(worker, 'message', { signal }).then(([answer]) => answer as FuzzAnswer);
      const stuck = this.#watch(playing, signal);
      const interrupted = once(this.#options.signal, 'abort', { signal }).then(() => undefined);
      return await Promise.race([answered, stuck, interrupted]);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return this.#failed(Atomics.load(playing, 0), 'ended its thread', message);
    } finally {
      done.abort();
    }
  }

  /** Resolves when the same run is played for too long. */
  #watch(playing: Int32Array, signal: AbortSignal): Promise<FailedInput> {
    const { leastHangMs = LEAST_HANG_MS } = this.#options;
    const stuck = Promise.withResolvers<FailedInput>();
    let last = -1;
    let sinceMs = performance.now();
    const look = () => {
      const run = Atomics.load(playing, 0);
      const nowMs = performance.now();
      if (run !== last) {
        last = run;
        sinceMs = nowMs;
      }
      const meanMs = (nowMs - this.#startMs) / Math.max(1, this.#played);
      const mostMs = Math.max(leastHangMs, this.#played === 0 ? 0 : meanMs * HANG_TIMES);
      if (nowMs - sinceMs < mostMs) return;
      const words = `nothing for ${Math.round(nowMs - sinceMs)} ms`;
      this.#failed(run, 'hangs', words).then(stuck.resolve, stuck.reject);
    };
    const timer = setInterval(look, LOOK_EVERY_MS);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    return stuck.promise;
  }

  /** Of an input that its thread cannot tell of any more: it is made again. */
  async #failed(run: number, kind: string, message: string): Promise<FailedInput> {
    const { format, folder, seed, only } = this.#options;
    if (only !== undefined) return { kind, message, run, bytes: only };
    const mutator = mutatorOf(await openFormat(format, folder), readCorpus(format));
    return { kind, message, run, bytes: mutator.input(seed, run) };
  }

  #add({ runs, bytes, outcomes, failure }: FuzzAnswer): void {
    this.#played += runs;
    this.#bytes += bytes;
    for (const [outcome, count] of outcomes) {
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + count);
    }
    this.#failure ??= failure;
    this.#options.onRuns?.(this.#played);
  }
}
