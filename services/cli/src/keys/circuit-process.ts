/** Programs of the circuits, in processes of their own: these are GPL-3.0, this command is not. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandContext } from '../command.ts';

export const BUILD = program('build.ts');
export const IMPORT = program('import-key.ts');
export const CEREMONY = program('ceremony.ts');

function program(name: string): string {
  return fileURLToPath(new URL(`../../../../circuits/${name}`, import.meta.url));
}

/** Whether it ended well; what went wrong it says itself. */
export async function ran({ output }: CommandContext, args: readonly string[]): Promise<boolean> {
  const stdio = output.json ? ['ignore', 'ignore', 'inherit'] : 'inherit';
  const child = spawn(process.execPath, args, { stdio: stdio as 'inherit' });
  return (await new Promise((done) => child.once('exit', done))) === 0;
}
