/** `keys dev`: development keys, whose secret is public. */
import type { CliCommand, CommandContext } from '../command.ts';
import { CIRCUITS, checkCircuit } from './circuit-names.ts';
import { BUILD, ran } from './circuit-process.ts';

const ALL = 'all';

export const dev: CliCommand = {
  name: 'keys dev',
  summary: 'make development keys: anyone can forge proofs under them',
  help: `
Usage: foldbook keys dev [--circuit NAME]

Compiles the circuits and makes development proving and verifying keys (cached). Their secret is
public by construction, so ANYONE CAN FORGE PROOFS under them: they are for development only, and
every verification says so. The large circuits batch-240 and accounts-16 take minutes each.

  --circuit NAME    ${CIRCUITS.join(', ')}, or ${ALL} of them
                    (default: batch-15 and accounts-4)
  --json            {"ok","keys","insecure"}

Example: foldbook keys dev`,
  takes: [],
  options: { circuit: { type: 'string' } },
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { output } = context;
  const circuit = context.text('circuit');
  if (circuit !== undefined) checkCircuit(circuit, [ALL]);
  const args = circuit === undefined ? [] : [circuit === ALL ? '--all' : circuit];
  const ok = await ran(context, [BUILD, ...args]);
  output.result(
    { keys: 'development', insecure: true, ok },
    ok
      ? 'development keys are ready (INSECURE: their secret is public)'
      : 'the keys could not be made; the reason stands above',
  );
  return ok ? 0 : 1;
}
