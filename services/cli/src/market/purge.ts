import { MAX_ACCOUNT, MAX_PURGE } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, showEvent, withNode } from '../node-connection.ts';
import { accountNumber, anySideFrom } from '../order-arguments.ts';
import { OPERATOR_NOTE } from './operator-command.ts';

const EVERYBODY = 0;

export const purge: CliCommand = {
  name: 'market purge',
  summary: "cancel an account's open orders, or everybody's",
  help: `
Usage: foldbook market purge --account N | --everybody [--side buy|sell] --market NAME

Up to ${MAX_PURGE} orders a command, and as many commands as it takes: a line for each. Waiting stop
orders are cancelled too. ${OPERATOR_NOTE}

  --account N       orders of this account (2 to ${MAX_ACCOUNT})
  --everybody       orders of all accounts
  --side S          those of one side, buy or sell
${CONNECTION_HELP}

Example: foldbook market purge --account 7 --market BTC-USD`,
  takes: [],
  options: {
    ...CONNECTION_OPTIONS,
    account: { type: 'string' },
    everybody: { type: 'boolean' },
    side: { type: 'string' },
  },
  run: async (context) => {
    const account = whoseOrders(context);
    const side = anySideFrom(context);
    return withNode(context, async (node) => {
      const operator = node.operator();
      for (;;) {
        const event = await operator.purge(account, side);
        showEvent(context, event);
        if (event.type === 'rejected') return 1;
        if (event.type !== 'all-cancelled' || !event.more) return 0;
      }
    });
  },
};

/** Never everybody's by leaving something out. */
function whoseOrders(context: CommandContext): number {
  const isNamed = context.text('account') !== undefined;
  if (isNamed !== context.flag('everybody')) return isNamed ? accountNumber(context) : EVERYBODY;
  throw new UsageError(
    isNamed
      ? '--everybody and --account exclude each other'
      : 'say whose orders: --account N or --everybody',
  );
}
