import { askOpenOrders } from '@foldbook/client';
import { BOTH_SIDES, type OpenOrder, ORDER_TYPE_NAMES, SIDE_NAMES } from '@foldbook/protocol';
import type { CliCommand } from '../command.ts';
import { eventJson } from '../event-json.ts';
import { termWords } from '../event-words.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';
import { accountNumber, anySideFrom, wordFor } from '../order-arguments.ts';
import { table } from '../output.ts';
import { ACCOUNT_HELP } from '../trader-command.ts';

export const orders: CliCommand = {
  name: 'orders',
  summary: 'list the open orders of an account',
  help: `
Usage: foldbook orders --market NAME --account N [--side buy|sell]

Oldest first, as the market has them, waiting stop orders included. Of an iceberg "shown" are the
lots that are seen; the price of a market or stop order is the worst it may trade at.

${ACCOUNT_HELP}
  --side S          those of one side, buy or sell
${CONNECTION_HELP}

Example: foldbook orders --market BTC-USD --account 7`,
  takes: [],
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' }, side: { type: 'string' } },
  run: async (context) => {
    const account = accountNumber(context);
    const side = anySideFrom(context);
    return withNode(context, async (node) => {
      const open = await askOpenOrders(node.transport, node.market, account);
      const wanted = open.filter((one) => side === BOTH_SIDES || one.side === side);
      const { output } = context;
      if (output.json) for (const one of wanted) output.result(eventJson(one), '');
      else if (wanted.length === 0) output.say(`account ${account} has no open orders`);
      else output.say(table([HEADINGS, ...wanted.map(row)]));
      return 0;
    });
  },
};

const HEADINGS = [
  ...['order', 'client order id', 'side', 'type', 'quantity', 'shown', 'price', 'stop', 'terms'],
];

const row = (one: OpenOrder) => [
  `${one.orderId}`,
  `${one.clientOrderId}`,
  wordFor(SIDE_NAMES, one.side),
  wordFor(ORDER_TYPE_NAMES, one.orderType),
  `${one.quantity}`,
  `${one.displayed}`,
  `${one.price}`,
  one.stopPrice === 0n ? '-' : `${one.stopPrice}`,
  termWords(one).join(' ') || '-',
];
