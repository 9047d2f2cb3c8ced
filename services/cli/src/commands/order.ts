import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { accountNumber, orderIdFrom, quantityFrom, sideFrom } from '../order-arguments.ts';
import { readOrder, TERM_HELP, TERM_OPTIONS, TERM_WORDS } from '../order-terms.ts';
import { ACCOUNT_HELP, RECEIPTS_HELP, runTrader } from '../trader-command.ts';

export const order: CliCommand = {
  name: 'order',
  summary: 'place an order and show what became of it',
  help: `
Usage: foldbook order buy|sell QUANTITY [PRICE] --market NAME --account N [options]

Quantity in lots, prices in ticks. Limit and stop-limit orders have a PRICE, market and stop orders
--protect PRICE. Exit status 1 if the order is rejected.

${ACCOUNT_HELP}
  --id N            client order id (default: chosen, and printed)
${TERM_HELP}
${RECEIPTS_HELP}
${CONNECTION_HELP}

Example: foldbook order buy 5 100 --market BTC-USD --account 7
Example: foldbook order sell 50 101 --display 5 --post-only slide --market BTC-USD --account 7
Example: foldbook order sell 5 --type stop --stop 90 --protect 85 --market BTC-USD --account 7`,
  takes: ['buy|sell', 'QUANTITY', 'PRICE'],
  options: {
    ...CONNECTION_OPTIONS,
    ...TERM_OPTIONS,
    account: { type: 'string' },
    id: { type: 'string' },
    receipts: { type: 'string' },
  },
  wordOptions: TERM_WORDS,
  run: async (context) => {
    const [sideText, quantityText, priceText] = context.positionals;
    const side = sideFrom(sideText);
    const terms = readOrder(context, quantityFrom(quantityText), priceText, Date.now());
    const account = accountNumber(context);
    const idText = context.text('id');
    const name = idText === undefined ? {} : { clientOrderId: orderIdFrom('--id', idText) };
    return runTrader(context, account, (trader) => [trader.place({ side, ...terms, ...name })]);
  },
};
