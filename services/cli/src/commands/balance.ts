import { askBalance } from '@foldbook/client';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, showEvent, withNode } from '../node-connection.ts';
import { anyAccountNumber } from '../order-arguments.ts';

export const balance: CliCommand = {
  name: 'balance',
  summary: 'show what an account has, available and held',
  help: `
Usage: foldbook balance --market NAME --account N

  --account N       the account; 0 is the market's supply account, 1 its fee account
${CONNECTION_HELP}

Example: foldbook balance --market BTC-USD --account 7`,
  takes: [],
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' } },
  run: async (context) => {
    const account = anyAccountNumber(context);
    return withNode(context, async (node) => {
      const answer = await askBalance(node.transport, node.market, account);
      showEvent(context, answer);
      return 0;
    });
  },
};
