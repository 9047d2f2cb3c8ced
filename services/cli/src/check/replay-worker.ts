/** A thread of `check replay`: plays a flow from a snapshot, or from the beginning. */
import { parentPort } from 'node:worker_threads';
import {
  createKernelEngine,
  FLOW_CAPACITY,
  loadKernel,
  type RecordedFlow,
  type ReplayDigest,
  replayFlow,
  restoreKernelEngine,
} from '@foldbook/engine';

export interface ReplayTask {
  readonly flow: RecordedFlow;
  /** The first group to play. */
  readonly from: number;
  /** The state before it; from the beginning if undefined. */
  readonly snapshot: Uint8Array | undefined;
}

const port = parentPort;
if (port === null) throw new Error('replay-worker.ts runs as a worker thread');
const kernel = await loadKernel();
port.on('message', ({ flow, from, snapshot }: ReplayTask) => {
  const engine =
    snapshot === undefined
      ? createKernelEngine(kernel, FLOW_CAPACITY)
      : restoreKernelEngine(kernel, [snapshot]);
  const [digest] = replayFlow(engine, flow, from, [from]) as [ReplayDigest];
  port.postMessage(digest);
});
