/** `prover retry`: once the cause is gone, another try of what was set aside. */
import { rm } from 'node:fs/promises';
import type { CliCommand } from '../command.ts';
import { plural } from '../output.ts';
import { ASIDE_HELP, ASIDE_OPTIONS, asideFiles, expectAllRead } from './aside-files.ts';

export const retry: CliCommand = {
  name: 'prover retry',
  summary: 'has proofs that were set aside tried again',
  help: `
Usage: foldbook prover retry [--store DIR] [--market M]

Removes the files of proofs that were set aside, which a prover that runs takes for the wish to try
them again; one that is started later does so in any case.

${ASIDE_HELP}
  --json            {"market","epoch","part","circuit","reason","since","path"} a proof

Example: foldbook prover retry --market BTC-USD`,
  takes: [],
  options: ASIDE_OPTIONS,
  run: async (context) => {
    const found = await asideFiles(context);
    const { files } = found;
    for (const file of files) {
      await rm(file.path, { force: true });
      context.output.result({ ...file }, `${file.market} epoch ${file.epoch} ${file.part}`);
    }
    context.output.say(`${plural(files.length, 'proof')} to be tried again`);
    expectAllRead(found);
    return 0;
  },
};
