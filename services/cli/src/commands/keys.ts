import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CERTIFY_HELP, runCertify } from '../certify-command.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';

/** A process of its own: the circuits are GPL-3.0, this command is not. */
const BUILD = fileURLToPath(new URL('../../../../circuits/build.ts', import.meta.url));

export const keys: CliCommand = {
  name: 'keys',
  summary: 'make the development proving keys; certify the key of a node',
  help: `
Usage: foldbook keys dev

Compiles the circuits and makes development proving and verifying keys (cached). Their secret is
public by construction, so ANYONE CAN FORGE PROOFS under them: they are for development only, and
every verification says so.

${CERTIFY_HELP}

  --operator-key F  the operator's secret key, operator.key beside the proofs
  --out FILE        where the certificate goes
  --json            one JSON object at the end

Example: foldbook keys dev`,
  takes: ['dev|certify', 'KEY'],
  options: { 'operator-key': { type: 'string' }, out: { type: 'string' } },
  run: async (context) => {
    const [what, key] = context.positionals;
    if (what === 'certify') return runCertify(context);
    if (what !== 'dev' || key !== undefined) {
      throw new UsageError('say what: foldbook keys dev, or keys certify KEY');
    }
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
