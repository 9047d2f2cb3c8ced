import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { accountNumber, orderIdFrom, quantityFrom, sideFrom } from '../order-arguments.ts';
import { readOrder, TERM_HELP, TERM_OPTIONS, TERM_WORDS } from '../order-terms.ts';
import { placeAndWait, WAIT_HELP } from '../order-wait.ts';
import { TRADER_HELP, TRADER_OPTIONS } from '../trader-command.ts';

export const order: CliCommand = {
  name: 'order',
  summary: 'place an order and show what became of it',
  help: `
Usage: foldbook order buy|sell QUANTITY [PRICE] --market NAME --account N [options]

Quantity in lots, prices in ticks. Limit and stop-limit orders have a PRICE, market and stop orders
--protect PRICE. Exit status 1 if the order is rejected. An epoch closes by the number or the age
of its settlement records: until something trades, or funds move, there is nothing to prove. What
the proofs show, and under which keys, is said by "foldbook verify".

${TRADER_HELP}
  --id N            client order id (default: chosen, and printed)
${WAIT_HELP}
${TERM_HELP}
${CONNECTION_HELP}

Example: foldbook order buy 5 100 --market BTC-USD --account 7
Example: foldbook order sell 50 101 --display 5 --post-only slide --market BTC-USD --account 7
Example: foldbook order buy 5 100 --wait proved --market BTC-USD --account 7
Example: foldbook order sell 5 --type stop --stop 90 --protect 85 --market BTC-USD --account 7`,
  takes: ['buy|sell', 'QUANTITY', 'PRICE'],
  options: {
    ...CONNECTION_OPTIONS,
    ...TERM_OPTIONS,
    ...TRADER_OPTIONS,
    id: { type: 'string' },
    wait: { type: 'string' },
  },
  wordOptions: TERM_WORDS,
  endsOnSignal: true,
  run: async (context) => {
    const [sideText, quantityText, priceText] = context.positionals;
    const side = sideFrom(sideText);
    const terms = readOrder(context, quantityFrom(quantityText), priceText, Date.now());
    const account = accountNumber(context);
    const idText = context.text('id');
    const name = idText === undefined ? {} : { clientOrderId: orderIdFrom('--id', idText) };
    return placeAndWait(context, account, { side, ...terms, ...name });
  },
};
