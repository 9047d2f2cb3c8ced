import type { Answer, OrderClient } from '@foldbook/client';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { accountNumber, anySideFrom, orderIdFrom } from '../order-arguments.ts';
import { runTrader, TRADER_HELP, TRADER_OPTIONS } from '../trader-command.ts';

export const cancel: CliCommand = {
  name: 'cancel',
  summary: 'cancel an order by either of its ids, or all orders of an account',
  help: `
Usage: foldbook cancel CLIENT_ORDER_ID --market NAME --account N
       foldbook cancel --order ORDER_ID --market NAME --account N
       foldbook cancel --all [--side buy|sell] --market NAME --account N

Exit status 1 if there is no such order; --all may find none. The market cancels 1,024 orders a
command, so --all asks as often as it takes; what is left meanwhile may still trade.

${TRADER_HELP}
  --order ORDER_ID  by the order id that the market gave it
  --all             all open orders of the account, waiting stop orders too
  --side S          with --all: those of one side, buy or sell
${CONNECTION_HELP}

Example: foldbook cancel 42 --market BTC-USD --account 7
Example: foldbook cancel --all --side buy --market BTC-USD --account 7`,
  takes: ['CLIENT_ORDER_ID'],
  options: {
    ...CONNECTION_OPTIONS,
    ...TRADER_OPTIONS,
    order: { type: 'string' },
    all: { type: 'boolean' },
    side: { type: 'string' },
  },
  run: async (context) => {
    const send = readCancel(context);
    return runTrader(context, accountNumber(context), (trader) => [send(trader)]);
  },
};

function readCancel(context: CommandContext): (trader: OrderClient) => Promise<Answer> {
  const [clientIdText] = context.positionals;
  const orderText = context.text('order');
  const isAll = context.flag('all');
  if ([clientIdText !== undefined, orderText !== undefined, isAll].filter(Boolean).length > 1) {
    throw new UsageError('name one: CLIENT_ORDER_ID, --order ORDER_ID or --all');
  }
  if (context.text('side') !== undefined && !isAll) {
    throw new UsageError('--side goes with --all: an order that is named has its side');
  }
  if (isAll) {
    const side = anySideFrom(context);
    return (trader) => trader.cancelAll(side);
  }
  if (orderText !== undefined) {
    const orderId = orderIdFrom('--order', orderText);
    return (trader) => trader.cancelOrder(orderId);
  }
  if (clientIdText === undefined) {
    throw new UsageError('say what to cancel: CLIENT_ORDER_ID, --order ORDER_ID or --all');
  }
  const clientOrderId = orderIdFrom('CLIENT_ORDER_ID', clientIdText);
  return (trader) => trader.cancel(clientOrderId);
}
