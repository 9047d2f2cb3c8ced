import type { CliCommand } from '../command.ts';
import {
  answerOf,
  CONNECTION_HELP,
  CONNECTION_OPTIONS,
  showEvent,
  withNode,
} from '../node-connection.ts';
import { accountNumber, orderIdFrom } from '../order-arguments.ts';

export const cancel: CliCommand = {
  name: 'cancel',
  summary: 'cancel an order by its client order id',
  help: `
Usage: foldbook cancel CLIENT_ORDER_ID --market NAME --account N

  --account N       the trading account
${CONNECTION_HELP}

Example: foldbook cancel 42 --market BTC-USD --account 7`,
  takes: ['CLIENT_ORDER_ID'],
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' } },
  run: async (context) => {
    const id = orderIdFrom('CLIENT_ORDER_ID', context.positionals[0]);
    const account = accountNumber(context);
    return withNode(context, async (node) => {
      const answer = await answerOf((await node.trader(account)).cancel(id));
      showEvent(context, answer);
      return answer.type === 'rejected' ? 1 : 0;
    });
  },
};
