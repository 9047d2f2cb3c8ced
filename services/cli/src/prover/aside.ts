/** `prover aside`: proofs that could not be made. */
import type { CliCommand } from '../command.ts';
import { ASIDE_HELP, ASIDE_OPTIONS, asideFiles, expectAllRead } from './aside-files.ts';

export const aside: CliCommand = {
  name: 'prover aside',
  summary: 'lists proofs that could not be made, with the reason of each',
  help: `
Usage: foldbook prover aside [--store DIR] [--market M]

A proof that fails after all its tries is set aside: its epoch and those behind it wait for it, all
else goes on. Exit status 1 if there are any.

${ASIDE_HELP}
  --json            {"market","epoch","part","circuit","reason","since","path"} a proof

Example: foldbook prover aside --market BTC-USD`,
  takes: [],
  options: ASIDE_OPTIONS,
  run: async (context) => {
    const found = await asideFiles(context);
    const { files } = found;
    for (const file of files) {
      const { market, epoch, part, circuit, reason, since } = file;
      const words = `${market} epoch ${epoch} ${part} (${circuit}) since ${since}: ${reason}`;
      context.output.result({ ...file }, words);
    }
    expectAllRead(found);
    if (files.length === 0) context.output.say('no proof is set aside');
    return files.length === 0 ? 0 : 1;
  },
};
