import type { CliCommand } from '../command.ts';
import {
  answerOf,
  CONNECTION_HELP,
  CONNECTION_OPTIONS,
  showEvent,
  withNode,
} from '../node-connection.ts';
import {
  accountNumber,
  orderIdFrom,
  priceFrom,
  quantityFrom,
  timeInForce,
} from '../order-arguments.ts';

export const replace: CliCommand = {
  name: 'replace',
  summary: 'give an order a new price and quantity (it loses its priority)',
  help: `
Usage: foldbook replace CLIENT_ORDER_ID QUANTITY PRICE --market NAME --account N

  --account N       the trading account
  --time T          gtc (default), ioc or post-only
${CONNECTION_HELP}

Example: foldbook replace 42 5 101 --market BTC-USD --account 7`,
  takes: ['CLIENT_ORDER_ID', 'QUANTITY', 'PRICE'],
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' }, time: { type: 'string' } },
  run: async (context) => {
    const [idText, quantityText, priceText] = context.positionals;
    const id = orderIdFrom('CLIENT_ORDER_ID', idText);
    const quantity = quantityFrom(quantityText);
    const price = priceFrom(priceText);
    const account = accountNumber(context);
    const time = timeInForce(context.text('time'));
    return withNode(context, async (node) => {
      const trader = await node.trader(account);
      const answer = await answerOf(trader.replace(id, { quantity, price, timeInForce: time }));
      showEvent(context, answer);
      return answer.type === 'rejected' ? 1 : 0;
    });
  },
};
