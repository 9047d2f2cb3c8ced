import { askBalance } from '@foldbook/client';
import type { CliCommand } from '../command.ts';
import { eventWords } from '../event-words.ts';
import {
  accountNumber,
  CONNECTION_HELP,
  CONNECTION_OPTIONS,
  withNode,
} from '../node-connection.ts';

export const balance: CliCommand = {
  name: 'balance',
  summary: 'show what an account has, available and held',
  help: `
Usage: foldbook balance --market NAME --account N

  --account N       the account
${CONNECTION_HELP}

Example: foldbook balance --market BTC-USD --account 7`,
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' } },
  run: async (context) => {
    const account = accountNumber(context);
    return withNode(context, async (node) => {
      const answer = await askBalance(node.transport, node.market, account);
      context.output.result({ ...answer }, eventWords(answer));
      return 0;
    });
  },
};
