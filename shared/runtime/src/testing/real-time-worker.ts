/** A thread that asks for real time, and tells what the system says of it. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { currentThreadId } from '../affinity.ts';
import { setRealTime } from '../real-time.ts';

/** In /proc's `stat`, counted from the first field after the name. */
const POLICY_FIELD = 38;

function policy(): number {
  const threadId = currentThreadId();
  if (threadId === undefined) return -1;
  const stat = readFileSync(`/proc/self/task/${threadId}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[POLICY_FIELD]);
}

const result = setRealTime(Number(workerData));
parentPort?.postMessage({ result, policy: policy() });
