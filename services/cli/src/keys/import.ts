/** `keys import`: the proving key of a ceremony, where it is the one that is pinned. */
import type { CliCommand, CommandContext } from '../command.ts';
import { CIRCUITS, checkCircuit } from './circuit-names.ts';
import { BUILD, IMPORT, ran } from './circuit-process.ts';
import { checkKeyFile } from './key-file.ts';

export const importKey: CliCommand = {
  name: 'keys import',
  summary: 'take the proving key of a ceremony, if it is the one that is pinned',
  help: `
Usage: foldbook keys import --circuit NAME --zkey FILE

Takes the proving key of a ceremony, if it is the one that circuits/digests.json pins: see
docs/ceremony.md.

  --circuit NAME    ${CIRCUITS.join(', ')}
  --zkey FILE       proving key of a ceremony
  --json            {"ok","circuit","insecure"}

Example: foldbook keys import --circuit batch-15 --zkey batch-15.zkey`,
  takes: [],
  options: { circuit: { type: 'string' }, zkey: { type: 'string' } },
  run,
};

async function run(context: CommandContext): Promise<number> {
  const circuit = checkCircuit(context.required('circuit'));
  const zkey = await checkKeyFile('zkey', context.required('zkey'));
  const isTaken = await ran(context, [IMPORT, circuit, zkey]);
  const ok = isTaken && (await ran(context, [BUILD, circuit]));
  const words = ok
    ? `${circuit}: the key is ready`
    : 'the key was not taken; the reason stands above';
  context.output.result({ ok, circuit, insecure: false }, words);
  return ok ? 0 : 1;
}
