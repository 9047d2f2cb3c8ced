/** Measurements of the prover: processes of their own, since the prover's license is another. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { InterruptedError, ServiceError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

const FOLDER = new URL('../../../prover/src/bench/', import.meta.url);

interface Line {
  readonly row: Record<string, unknown>;
  readonly words: string;
}

/**
 * Runs one of the prover's measuring programs, which prints {"row","words"} a line.
 *
 * @returns the rows
 * @throws ServiceError when it ends otherwise than well
 */
export function runProverBench(
  program: 'prove-main.ts' | 'router-main.ts',
  options: Record<string, unknown>,
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
): Promise<Record<string, unknown>[]> {
  return proverRows(program, options, signal, ({ row, words }) => output.result(row, words));
}

/** As `runProverBench`, and prints nothing. */
export async function proverRows(
  program: 'prove-main.ts' | 'router-main.ts',
  options: Record<string, unknown>,
  signal: AbortSignal,
  onLine: (line: Line) => void = () => undefined,
): Promise<Record<string, unknown>[]> {
  const main = fileURLToPath(new URL(program, FOLDER));
  const child = spawn(process.execPath, [main, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => void child.kill();
  signal.addEventListener('abort', stop);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const rows: Record<string, unknown>[] = [];
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      const line = JSON.parse(text) as Line;
      onLine(line);
      rows.push(line.row);
    }
    const status = await ended;
    if (signal.aborted) throw new InterruptedError('interrupted');
    if (status !== 0) throw new ServiceError(`${program} ended with ${status}`);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
  return rows;
}
