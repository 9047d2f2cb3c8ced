/** A feed replayed in a thread of its own, while this one hears of signals. */
import { Worker } from 'node:worker_threads';
import { ServiceError, UsageError } from '../cli-error.ts';
import type { FeedRunOptions } from './feed-run.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

const THREAD = new URL('./replay-thread.ts', import.meta.url);

export type ThreadEnd = Extract<FromThread, { type: 'ended' }>;

export interface ThreadRunOptions extends FeedRunOptions {
  /** Results alone go to stdout: what strategies print goes to stderr. */
  readonly json: boolean;
}

/**
 * @param core that the thread keeps to; undefined: none
 * @throws UsageError as `runFeed`, ServiceError where the thread failed
 */
export async function runInThread(
  { module, plan, feed, signal, onProgress, json }: ThreadRunOptions,
  core?: number,
): Promise<ThreadEnd> {
  const data: ThreadData = { core, module, plan, feed };
  const name = `replay ${core ?? ''}`;
  const worker = new Worker(THREAD, { workerData: data, name, stdout: json });
  if (json) worker.stdout.on('data', (printed: Buffer) => process.stderr.write(printed));
  const stop = () => worker.postMessage({ type: 'stop' } satisfies ToThread);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const file = feed.inputs[0]?.name ?? '';
  const ended = Promise.withResolvers<ThreadEnd>();
  worker.on('message', (message: FromThread) => {
    switch (message.type) {
      case 'progress':
        onProgress?.(message.progress);
        return;
      case 'ended':
        ended.resolve(message);
        return;
      case 'failed':
        ended.reject(
          message.isUsage
            ? new UsageError(message.message)
            : new ServiceError(`the thread of ${file}: ${message.message}`),
        );
    }
  });
  worker.once('error', (error) => ended.reject(uncaughtIn(file, error)));
  worker.once('exit', () => ended.reject(new ServiceError(`the thread of ${file} ended`)));
  try {
    return await ended.promise;
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

/** A promise of a strategy that nobody looks at, for one: the stack's first line says where. */
function uncaughtIn(file: string, error: Error): ServiceError {
  const [, place = ''] = error.stack?.split(/\n(?= +at )/) ?? [];
  const words = `the thread of ${file}: ${error.message}, uncaught`;
  return new ServiceError(`${words}\n${place}`.trimEnd());
}
