/** Attacks that run in processes of their own, and the counts that come of them. */
import { spawn } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { InterruptedError, ServiceError } from '../cli-error.ts';
import { duration, grouped, type Output, table } from '../output.ts';

export interface Group {
  /** A circuit, "verifier" or "stark". */
  readonly of: string;
  readonly group: string;
  readonly tried: number;
  readonly refused: number;
  /** What was not refused as it should have been, some of it. */
  readonly failures: readonly string[];
}

const SHOWN_FAILURES = 10;

/**
 * Runs a program that prints a line of JSON for each group of attacks, and for progress.
 *
 * @returns the groups, as `of` has them
 * @throws ServiceError when it ends before its work does
 */
export async function runAttacks(
  program: string,
  args: readonly string[],
  of: string,
  output: Output,
  signal: AbortSignal,
): Promise<Group[]> {
  const groups: Group[] = [];
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => void child.kill();
  signal.addEventListener('abort', stop);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said: unknown = JSON.parse(line);
      if (isProgress(said)) output.progress(said.progress, said.done, said.total);
      else if (isGroup(said)) {
        const { group, tried, refused, failures } = said;
        groups.push({ of, group, tried, refused, failures });
      }
    }
    const status = await ended;
    if (signal.aborted) throw new InterruptedError('interrupted');
    if (status !== 0) {
      const which = `${basename(dirname(program))}/${basename(program)}`;
      throw new ServiceError(`the attacks of ${which} ended with ${status}`);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
  return groups;
}

function isGroup(said: unknown): said is Omit<Group, 'of'> {
  return typeof said === 'object' && said !== null && 'group' in said && 'tried' in said;
}

function isProgress(said: unknown): said is { progress: string; done: number; total: number } {
  return typeof said === 'object' && said !== null && 'progress' in said;
}

/** What the checks found, and the exit status. */
export function tellGroups(
  output: Output,
  groups: readonly Group[],
  seed: number,
  ms: number,
  msOf: Readonly<Record<string, number>>,
): number {
  const sum = (of: 'tried' | 'refused') => groups.reduce((all, group) => all + group[of], 0);
  const [tried, refused] = [sum('tried'), sum('refused')];
  const failures = groups.flatMap((group) => group.failures);
  const ok = tried === refused && failures.length === 0;
  const rows = groups.map(({ of, group, ...counts }) => [
    of,
    group,
    `${grouped(counts.refused)} of ${grouped(counts.tried)} refused`,
  ]);
  const times = Object.entries(msOf).map(([name, each]) => `${name} ${duration(each)}`);
  const words = [
    table(rows),
    ...failures.slice(0, SHOWN_FAILURES).map((failure) => `NOT REFUSED ${failure}`),
    `${grouped(refused)} of ${grouped(tried)} refused (${duration(ms)}; seed ${seed})`,
    `  ${times.join(', ')}`,
  ];
  output.result({ ok, seed, tried, refused, groups, ms, msOf }, words.join('\n'));
  return ok ? 0 : 1;
}
