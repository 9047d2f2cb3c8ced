import { resultTable } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';

type Entry = ReturnType<typeof resultTable>[number];

/** A code's line, and below it what to do. */
function entryWords({ name, code, meaning, remedy }: Entry): string {
  const head = `${`${code}`.padStart(4)}  ${name}: ${meaning}`;
  return remedy === '' ? head : `${head}\n      ${remedy}`;
}

/** The same table as in the documentation of the protocol: it is made of it. */
export const codes: CliCommand = {
  name: 'codes',
  summary: 'result codes: what each means, and what to do about it',
  help: `
Usage: foldbook codes [CODE...]

All result codes, or those named by number or name. 0 is success. 1xx are refused at the edge and
leave no trace in the log. 2xx are the market's own and follow from the log alone, in the order of
checks that shared/engine/RULES.md tells. Numbers never change their meaning.

  --json            one JSON object a code: {"code","name","meaning","remedy"}

Example: foldbook codes INSUFFICIENT_FUNDS 231

${resultTable().map(entryWords).join('\n')}`,
  takes: ['CODE...'],
  options: {},
  run: async ({ positionals, output }) => {
    const wanted = positionals.length === 0 ? resultTable() : positionals.map(entryNamed);
    for (const entry of wanted) {
      const { code, name, meaning, remedy } = entry;
      output.result({ code, name, meaning, remedy }, entryWords(entry));
    }
    return 0;
  },
};

function entryNamed(text: string): Entry {
  const wanted = text.toUpperCase();
  const found = resultTable().find(({ code, name }) => name === wanted || `${code}` === wanted);
  if (found !== undefined) return found;
  throw new UsageError(`no code ${text.slice(0, 40)}; all of them: foldbook codes`);
}
