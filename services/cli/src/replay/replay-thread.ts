/** Replays one feed on a core of its own; parallel.ts starts it. */
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
  const { pinned } = pinCurrentThread(core);
  const outcome = await runFeed({
    ...options,
    signal: abort.signal,
    onProgress: (progress) => tell({ type: 'progress', progress }),
  });
  tell({ type: 'ended', outcome, isPinned: pinned });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  tell({ type: 'failed', message, isUsage: error instanceof UsageError });
}
port.close();
