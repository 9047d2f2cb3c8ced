/** Strategies in threads of their own, over one ring of frames. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FeaturePlan } from '../features/feature-plan.ts';
import type { Frame } from '../features/frame.ts';
import type { HistoryKernel } from '../kernel/history-kernel.ts';
import { FrameWriter, MAX_READERS, ringBytes } from './frame-ring.ts';
import { StrategyError, type StrategyErrorCode } from './strategy.ts';
import type { FromStrategy, StrategyData, StrategyGo, ToStrategy } from './strategy-messages.ts';

const THREAD = new URL('./strategy-thread.ts', import.meta.url);
/** So far the fastest strategy may be before the slowest; a power of two. */
const FRAMES = 4;
const GRACE_MS = 2_000;

export interface FeedUnits {
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
}

interface Thread {
  readonly path: string;
  readonly worker: Worker;
  readonly features: readonly string[];
  readonly ended: Promise<unknown>;
}

export class StrategyThreads {
  readonly #kernel: HistoryKernel;
  readonly #threads: readonly Thread[];
  #writer: FrameWriter | undefined;
  #known = 0;

  private constructor(kernel: HistoryKernel, threads: readonly Thread[]) {
    this.#kernel = kernel;
    this.#threads = threads;
  }

  /**
   * Loads each file in a thread of its own.
   * @throws StrategyError
   */
  static async load(kernel: HistoryKernel, paths: readonly string[]): Promise<StrategyThreads> {
    assert(paths.length <= MAX_READERS, `${paths.length} strategies`);
    const threads = await Promise.all(paths.map((path) => loadThread(kernel, path)));
    return new StrategyThreads(kernel, threads);
  }

  /** What all of them ask for, each once. */
  get features(): readonly string[] {
    return [...new Set(this.#threads.flatMap(({ features }) => features))];
  }

  /** @param plan - of `features`, and others behind them if need be */
  start(plan: FeaturePlan, { priceDecimals, quantityDecimals }: FeedUnits): void {
    const frames = Array.from({ length: FRAMES }, () => plan.newFrame());
    const bytes = ringBytes(this.#threads.length);
    const ring = this.#kernel.reserve(bytes).address;
    const words = new Int32Array(this.#kernel.memory.buffer, ring, bytes / 4);
    this.#writer = new FrameWriter(words, frames, this.#threads.length);
    const labels = plan.features.map(({ label }) => label);
    for (const [reader, { worker, features }] of this.#threads.entries()) {
      const go: StrategyGo = {
        ...{ ring, ringBytes: bytes, frames: frames.map(({ address }) => address), reader },
        ...{ featureCount: labels.length, columns: features.map((one) => labels.indexOf(one)) },
        ...{ priceDecimals, quantityDecimals },
      };
      worker.postMessage({ type: 'go', go } satisfies ToStrategy);
    }
  }

  /** The frame to fill next; waits for the slowest. Undefined when one of them has failed. */
  next(): Frame | undefined {
    assert(this.#writer !== undefined, 'not started');
    return this.#writer.next();
  }

  /** @param instruments - all that the feed has named so far */
  publish(instruments: readonly string[]): void {
    assert(this.#writer !== undefined, 'not started');
    if (instruments.length !== this.#known) {
      this.#known = instruments.length;
      const message: ToStrategy = { type: 'instruments', names: [...instruments] };
      for (const { worker } of this.#threads) worker.postMessage(message);
    }
    this.#writer.publish();
  }

  /**
   * After the last frame: what each came to, in the order of the files.
   *
   * @param signal when it is aborted, strategies have two seconds left to come to their end
   * @throws StrategyError STRATEGY_FAILED
   */
  async results(signal?: AbortSignal): Promise<readonly unknown[]> {
    this.#writer?.end();
    const timers: NodeJS.Timeout[] = [];
    const giveUp = () => {
      timers.push(setTimeout(() => void this.stop(), GRACE_MS));
    };
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.all(this.#threads.map(({ ended }) => ended));
    } finally {
      signal?.removeEventListener('abort', giveUp);
      for (const timer of timers) clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    this.#writer?.end();
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

async function loadThread(kernel: HistoryKernel, path: string): Promise<Thread> {
  const data: StrategyData = { path, memory: kernel.memory };
  const worker = new Worker(THREAD, { workerData: data, name: path });
  const [first]: FromStrategy[] = await Promise.race([
    once(worker, 'message'),
    once(worker, 'exit').then(() => []),
  ]);
  if (first?.type !== 'ready') {
    await worker.terminate();
    throw failureOf(path, first);
  }
  const ended = new Promise<unknown>((resolve, reject) => {
    worker.once('message', (message: FromStrategy) => {
      if (message.type === 'ended') resolve(message.result);
      else reject(failureOf(path, message));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(failureOf(path, undefined)));
  });
  // Whoever asks for the results hears of it.
  ended.catch(() => {});
  return { path, worker, features: first.features, ended };
}

function failureOf(path: string, message: FromStrategy | undefined): StrategyError {
  if (message?.type !== 'failed') {
    const words = 'its thread was ended, by itself or because it did not come to its end';
    return new StrategyError('STRATEGY_FAILED', `${path}: ${words}`);
  }
  const known: readonly string[] = ['STRATEGY_NOT_FOUND', 'NOT_A_STRATEGY'];
  const code = known.includes(message.code)
    ? (message.code as StrategyErrorCode)
    : 'STRATEGY_FAILED';
  return new StrategyError(code, message.message.replace(/^[A-Z_]+: /, ''));
}
