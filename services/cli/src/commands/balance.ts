import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { askBalance, askOwed } from '@foldbook/client';
import { checkAccountProof } from '@foldbook/verifier';
import { accountProofWords } from '../account-proof-words.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';
import {
  CONNECTION_HELP,
  CONNECTION_OPTIONS,
  type NodeConnection,
  showEvent,
  withNode,
} from '../node-connection.ts';
import { anyAccountNumber } from '../order-arguments.ts';

export const balance: CliCommand = {
  name: 'balance',
  summary: 'show what an account has, available and held',
  help: `
Usage: foldbook balance --market NAME --account N [--prove FILE]

  --account N       the account; 0 is the market's supply account, 1 its fee account
  --prove FILE      ask the prover instead, and keep in FILE what shows that the exchange owes the
                    account its totals under the last proved root, and what it owes in all; check it
                    with "foldbook verify --account FILE"; a FILE that is there is left alone
${CONNECTION_HELP}

Example: foldbook balance --market BTC-USD --account 7
Example: foldbook balance --market BTC-USD --account 7 --prove mine.fba`,
  takes: [],
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' }, prove: { type: 'string' } },
  run: async (context) => {
    const account = anyAccountNumber(context);
    const file = context.text('prove');
    // Before anything is asked: an older proof is evidence, which no later one replaces.
    if (file !== undefined && existsSync(file)) throw isThere(file);
    return withNode(context, async (node) => {
      if (file !== undefined) return prove(context, node, account, file);
      const answer = await askBalance(node.transport, node.market, account);
      showEvent(context, answer);
      return 0;
    });
  },
};

const isThere = (file: string) =>
  new UsageError(`${file} is there already, and a proof is evidence: name another file`);

async function prove(
  context: CommandContext,
  node: NodeConnection,
  account: number,
  file: string,
): Promise<number> {
  const bytes = await askOwed(node.transport, node.market, account);
  const result = checkAccountProof(bytes);
  const isAsked = result.ok && result.account === account && result.market === node.market;
  if (result.ok && isAsked) {
    await writeFile(file, bytes, { flag: 'wx' }).catch((error: unknown) => {
      if (existsSync(file)) throw isThere(file);
      throw new UsageError(`${file} can't be written: ${fileTrouble(error)}; name another file`);
    });
    context.output.result({ ...result, file }, `${accountProofWords(result)}\nkept in ${file}`);
    return 0;
  }
  const words = result.ok ? 'it is of another account' : `${result.code}: ${result.message}`;
  context.output.result({ ok: false, words }, `REFUSED: the prover's answer: ${words}`);
  return 1;
}
