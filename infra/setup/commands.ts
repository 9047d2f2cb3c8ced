import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SetupError } from './steps.ts';

export interface CommandResult {
  readonly exitCode: number;
  /** Standard output and standard error in the order they came. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end and gathers what it prints. A program that cannot be started at all
 * counts as exit code 127, as in a shell.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      output += chunk;
    });
  }
  try {
    const [code] = await once(child, 'close');
    return { exitCode: typeof code === 'number' ? code : 1, output };
  } catch (error) {
    return { exitCode: 127, output: error instanceof Error ? error.message : String(error) };
  }
}

/** As `runCommand`, but a failure is an error that holds the end of the program's output. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: CommandOptions & { readonly shownLines?: number } = {},
): Promise<string> {
  const { shownLines = 15, ...rest } = options;
  const { exitCode, output } = await runCommand(program, args, rest);
  if (exitCode === 0) return output;
  const tail = output.trimEnd().split('\n').slice(-shownLines).join('\n');
  throw new SetupError(`${program} ${args.join(' ')} failed, exit code ${exitCode}:\n${tail}`);
}

/** Runs a program on this terminal, so that its output appears as it comes. */
export async function runVisibly(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<number> {
  const child = spawn(program, args, { ...options, stdio: 'inherit' });
  // Ctrl-C belongs to the program; this process waits for it and then says how it ended.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  const terminate = (): void => {
    child.kill('SIGTERM');
  };
  process.on('SIGTERM', terminate);
  try {
    const [code] = await once(child, 'close');
    return typeof code === 'number' ? code : 1;
  } catch (error) {
    throw new SetupError(`cannot start ${program}: ${String(error)}`);
  } finally {
    process.off('SIGINT', ignore);
    process.off('SIGTERM', terminate);
  }
}
