import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { accountNumber, deltaFrom, orderIdFrom } from '../order-arguments.ts';
import { runTrader, TRADER_HELP, TRADER_OPTIONS } from '../trader-command.ts';

export const amend: CliCommand = {
  name: 'amend',
  summary: "change an order's open quantity by so many lots",
  help: `
Usage: foldbook amend CLIENT_ORDER_ID DELTA --market NAME --account N

Adds lots to an open order (5 or +5) or takes them off (-5); all else stays. Fewer lots keep the
order's place, more lots make it the last of its price level under a new order id. Taking off all
that is open, or more, cancels it. Exit status 1 if it is rejected.

${TRADER_HELP}
${CONNECTION_HELP}

Example: foldbook amend 42 -2 --market BTC-USD --account 7`,
  takes: ['CLIENT_ORDER_ID', 'DELTA'],
  options: { ...CONNECTION_OPTIONS, ...TRADER_OPTIONS },
  run: async (context) => {
    const [idText, deltaText] = context.positionals;
    const id = orderIdFrom('CLIENT_ORDER_ID', idText);
    const delta = deltaFrom(deltaText);
    const account = accountNumber(context);
    return runTrader(context, account, (trader) => [trader.amend(id, delta)]);
  },
};
