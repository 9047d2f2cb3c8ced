import { type MarketEvent, Side } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
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

export const order: CliCommand = {
  name: 'order',
  summary: 'place a limit order and show what became of it',
  help: `
Usage: foldbook order buy|sell QUANTITY PRICE --market NAME --account N [options]

Quantity in lots, price in ticks.

  --account N       the trading account (2 to 16777215)
  --id N            client order id (default: chosen, and printed)
  --time T          gtc (default), ioc or post-only
${CONNECTION_HELP}

Example: foldbook order buy 5 100 --market BTC-USD --account 7`,
  takes: ['buy|sell', 'QUANTITY', 'PRICE'],
  options: {
    ...CONNECTION_OPTIONS,
    account: { type: 'string' },
    id: { type: 'string' },
    time: { type: 'string' },
  },
  run: async (context) => {
    const [sideText, quantityText, priceText] = context.positionals;
    if (sideText !== 'buy' && sideText !== 'sell') {
      throw new UsageError('say the side: foldbook order buy|sell QUANTITY PRICE ...');
    }
    const quantity = quantityFrom(quantityText);
    const price = priceFrom(priceText);
    const account = accountNumber(context);
    const time = timeInForce(context.text('time'));
    const idText = context.text('id');
    const id = idText === undefined ? undefined : orderIdFrom('--id', idText);
    return withNode(context, async (node) => {
      const trader = await node.trader(account);
      const events: MarketEvent[] = [];
      trader.onEvent((event) => events.push(event));
      const placed = trader.place({
        side: sideText === 'buy' ? Side.BUY : Side.SELL,
        quantity,
        price,
        timeInForce: time,
        ...(id === undefined ? {} : { clientOrderId: id }),
      });
      const answer = await answerOf(placed);
      // A command's events come in one batch, so its fills are here as well.
      const own = events.filter((event) => event.sequence === answer.sequence);
      for (const event of own) showEvent(context, event);
      return answer.type === 'rejected' ? 1 : 0;
    });
  },
};
