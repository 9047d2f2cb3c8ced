/** Processor time of processes of this machine, by thread where that says something; Linux. */
import { readdirSync } from 'node:fs';
import { readThreadUsage } from '@foldbook/runtime';

export interface ProcessCpu {
  /** Of the process's first thread, s. */
  readonly main: number;
  /** Of all others: a market's hosts, Node's own helpers, a server's workers. */
  readonly others: number;
}

/** Undefined where the system does not tell. Threads that have ended are left out. */
export function readProcessCpu(processId: number): ProcessCpu | undefined {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${processId}/task`);
  } catch {
    return undefined;
  }
  let main = 0;
  let others = 0;
  for (const thread of threads) {
    const runNs = readThreadUsage(processId, Number(thread))?.runNs;
    if (runNs === undefined) continue;
    if (Number(thread) === processId) main += runNs / 1e9;
    else others += runNs / 1e9;
  }
  return { main, others };
}
