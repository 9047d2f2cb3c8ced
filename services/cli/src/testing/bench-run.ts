/** Benchmarks as a user runs them, on workloads that take no time. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WORKLOADS } from '../bench/workload-generator.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** What takes longer hangs: it is told to end, and the test says which command it was. */
const LONGEST_MS = 150_000;
export const SHORT_WORKLOAD = { ...WORKLOADS.w1, prefill: 100, commands: 2_000, targetOrders: 100 };
export const SHORT_FEED = { ...WORKLOADS['w2-100'], books: 3, commands: 9_000, targetOrders: 300 };

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command, with `path` for its PATH if there is one. */
export function foldbook(args: readonly string[], path?: string): Promise<Ended> {
  const env = path === undefined ? process.env : { ...process.env, PATH: path };
  return new Promise((resolve) => {
    const options = { env, timeout: LONGEST_MS };
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : Number(error.code);
      const hung = error?.killed === true ? `did not end: foldbook ${args.join(' ')}` : '';
      resolve({ status, stdout, stderr: `${stderr}${hung}` });
    });
  });
}

/** What the command, which ends well, prints with --json: a row each line. */
export async function benchRows(args: readonly string[]) {
  const { status, stdout, stderr } = await foldbook(args);
  assert.equal(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}
