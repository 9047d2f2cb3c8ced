/** Replays one feed, on a core of its own if asked to; feed-thread.ts starts it. */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { pinCurrentThread } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import { runFeed } from './feed-run.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

const port = parentPort;
assert(port !== null, 'this module is the main one of a worker thread');
const { core, ...options } = workerData as ThreadData;
const tell = (message: FromThread) => port.postMessage(message);
const abort = new AbortController();
port.on('message', (message: ToThread) => {
  if (message.type === 'stop') abort.abort();
});
try {
  const isPinned = core !== undefined && pinCurrentThread(core).pinned;
  const outcome = await runFeed({
    ...options,
    signal: abort.signal,
    onProgress: (progress) => tell({ type: 'progress', progress }),
  });
  await written();
  tell({ type: 'ended', outcome, isPinned });
} catch (error) {
  await written();
  const message = error instanceof Error ? error.message : String(error);
  tell({ type: 'failed', message, isUsage: error instanceof UsageError });
}
port.close();

/** What a strategy printed is with the main thread, which ends this one. */
async function written(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise((resolve) => stream.write('', resolve));
  }
}
