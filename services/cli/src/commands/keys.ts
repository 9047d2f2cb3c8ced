import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';

/** A process of its own: the circuits are GPL-3.0, this command is not. */
const BUILD = fileURLToPath(new URL('../../../../circuits/build.ts', import.meta.url));

export const keys: CliCommand = {
  name: 'keys',
  summary: 'make the development proving keys',
  help: `
Usage: foldbook keys dev

Compiles the circuits and makes development proving and verifying keys (cached). Their secret is
public by construction, so ANYONE CAN FORGE PROOFS under them: they are for development only, and
every verification says so.

  --json            one JSON object at the end

Example: foldbook keys dev`,
  takes: ['dev'],
  options: {},
  run: async (context) => {
    if (context.positionals[0] !== 'dev') throw new UsageError('say what: foldbook keys dev');
    const stdio = context.output.json ? ['ignore', 'ignore', 'inherit'] : 'inherit';
    const child = spawn(process.execPath, [BUILD], { stdio: stdio as 'inherit' });
    const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    context.output.result(
      { keys: 'development', insecure: true, ok: status === 0 },
      status === 0
        ? 'development keys are ready (INSECURE: their secret is public)'
        : 'the keys could not be made; the reason stands above',
    );
    return status === 0 ? 0 : 1;
  },
};
