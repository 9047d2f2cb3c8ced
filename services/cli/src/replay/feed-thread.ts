/** A feed replayed in a thread of its own, while this one hears of signals. */
import { Worker } from 'node:worker_threads';
import { ServiceError, UsageError } from '../cli-error.ts';
import type { FeedRunOptions } from './feed-run.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

const THREAD = new URL('./replay-thread.ts', import.meta.url);

export type ThreadEnd = Extract<FromThread, { type: 'ended' }>;

/**
 * @param core that the thread keeps to; undefined: none
 * @throws UsageError as `runFeed`, ServiceError where the thread failed
 */
export async function runInThread(
  { module, plan, feed, signal, onProgress }: FeedRunOptions,
  core?: number,
): Promise<ThreadEnd> {
  const data: ThreadData = { core, module, plan, feed };
  const worker = new Worker(THREAD, { workerData: data, name: `replay ${core ?? ''}` });
  const stop = () => worker.postMessage({ type: 'stop' } satisfies ToThread);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const name = feed.inputs[0]?.name ?? '';
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
            : new ServiceError(`the thread of ${name}: ${message.message}`),
        );
    }
  });
  worker.once('error', ended.reject);
  worker.once('exit', () => ended.reject(new ServiceError(`the thread of ${name} ended`)));
  try {
    return await ended.promise;
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
