/**
 * Worker threads that keep to one core. The starter calls `startPinnedWorker` with the URL of a
 * module, and the module calls `runPinned` with what builds its loop.
 */
import assert from 'node:assert/strict';
import {
  parentPort,
  receiveMessageOnPort,
  type Transferable,
  Worker,
  workerData,
} from 'node:worker_threads';
import {
  currentThreadId,
  type PinErrorCode,
  type PinResult,
  pinCurrentThread,
} from './affinity.ts';
import type { AgentRunner } from './agent.ts';

export interface PinnedWorkerOptions {
  /** Name of the thread in debuggers and errors. */
  readonly name: string;
  readonly core: number;
  /** For the module; shared memory in it is shared, not copied. */
  readonly workerData: unknown;
  /** Gets what the module says by `tell`. */
  readonly onTold?: (told: unknown) => void;
}

export interface PinnedWorker {
  /** The system's id of the thread, where it has one. */
  readonly threadId: number | undefined;
  /** The core that was asked for. */
  readonly core: number;
  readonly pinned: boolean;
  /** Why it isn't pinned; it runs all the same, on whatever core it is given. */
  readonly pinError: { readonly code: PinErrorCode; readonly reason: string } | undefined;
  /** Hands something to the loop, which finds it by `receive`. */
  post(message: unknown, transfer: readonly Transferable[]): void;
  /** Resolves if the thread ends without having been told to. */
  readonly failed: Promise<Error>;
  /** Tells the loop to end, and waits for the thread to be gone; ends it by force if it hangs. */
  stop(): Promise<void>;
}

/** What the module's loop gets. */
export interface PinnedContext<Data> {
  readonly workerData: Data;
  readonly stopped: () => boolean;
  /** Blocks the thread, but not beyond its being told to stop. */
  readonly pause: (timeMs: number) => void;
  /** The next thing that was handed to it by `post`, or undefined. */
  readonly receive: () => unknown;
  /** Says something to the starter, while the loop is built: later it costs the loop its time. */
  readonly tell: (message: unknown) => void;
}

interface Envelope {
  readonly core: number;
  readonly stopFlag: SharedArrayBuffer;
  readonly data: unknown;
}

interface Report {
  readonly threadId: number | undefined;
  readonly result: PinResult;
}

const STOP_PATIENCE_MS = 5_000;

/** Resolves once the thread has pinned itself, before its loop runs. */
export async function startPinnedWorker(
  moduleUrl: URL,
  options: PinnedWorkerOptions,
): Promise<PinnedWorker> {
  const { name, core } = options;
  const stopFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const flag = new Int32Array(stopFlag);
  const envelope: Envelope = { core, stopFlag, data: options.workerData };
  const worker = new Worker(moduleUrl, { name, workerData: envelope });
  const failure = Promise.withResolvers<Error>();
  worker.on('error', (error) => {
    const text = error instanceof Error ? error.message : String(error);
    failure.resolve(new Error(`the ${name} thread failed: ${text}`, { cause: error }));
  });
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      if (Atomics.load(flag, 0) === 0) {
        failure.resolve(new Error(`the ${name} thread ended by itself, exit code ${code}`));
      }
      resolve();
    });
  });
  const report = new Promise<Report>((resolve) => {
    worker.once('message', (first: Report) => {
      resolve(first);
      worker.on('message', (told) => options.onTold?.(told));
    });
  });
  const first = await Promise.race([report, failure.promise]);
  if (first instanceof Error) throw first;
  const { threadId, result } = first;
  const stop = async () => {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
    const timer = setTimeout(() => void worker.terminate(), STOP_PATIENCE_MS);
    await gone;
    clearTimeout(timer);
  };
  return {
    threadId,
    core,
    pinned: result.pinned,
    pinError: result.pinned ? undefined : { code: result.code, reason: result.reason },
    post: (message, transfer) => worker.postMessage(message, transfer),
    failed: failure.promise,
    stop,
  };
}

/**
 * Runs the calling worker thread: pins it, reports, builds the loop and runs it until told to stop.
 * Only in a module that `startPinnedWorker` started.
 */
export function runPinned<Data>(build: (context: PinnedContext<Data>) => AgentRunner): void {
  assert(parentPort !== null, 'runPinned is for threads that startPinnedWorker started');
  const { core, stopFlag, data } = workerData as Envelope;
  const flag = new Int32Array(stopFlag);
  const report: Report = { threadId: currentThreadId(), result: pinCurrentThread(core) };
  const port = parentPort;
  port.postMessage(report);
  const stopped = () => Atomics.load(flag, 0) !== 0;
  const pause = (timeMs: number) => void Atomics.wait(flag, 0, 0, timeMs);
  const receive = () => receiveMessageOnPort(port)?.message as unknown;
  const tell = (message: unknown) => port.postMessage(message);
  build({ workerData: data as Data, stopped, pause, receive, tell }).run(stopped);
}
