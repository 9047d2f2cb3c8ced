/** Programs that a benchmark runs and waits for. */
import { spawn } from 'node:child_process';
import { InterruptedError } from '../cli-error.ts';

export interface ToolResult {
  /** Undefined when the program isn't there. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; it is killed, and InterruptedError thrown, when `signal` aborts. */
export async function runTool(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<ToolResult> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  child.on('error', (error: NodeJS.ErrnoException) => {
    if (error.name === 'AbortError') reject(new InterruptedError('stopped before the end'));
    else if (error.code === 'ENOENT') resolve(undefined);
    else reject(error);
  });
  child.on('close', (code) => resolve(code ?? 1));
  return { status: await promise, stdout, stderr };
}

/** The last line that a program wrote to say what went wrong, and where there is none, so much. */
export function lastWords(result: ToolResult): string {
  return result.stderr.trim().split('\n').at(-1) || `status ${result.status}`;
}
