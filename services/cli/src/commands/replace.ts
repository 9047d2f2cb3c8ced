import { OrderFlag, OrderType } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { accountNumber, orderIdFrom, quantityFrom } from '../order-arguments.ts';
import { readOrder, TERM_HELP, TERM_OPTIONS, TERM_WORDS } from '../order-terms.ts';
import { runTrader, TRADER_HELP, TRADER_OPTIONS } from '../trader-command.ts';

export const replace: CliCommand = {
  name: 'replace',
  summary: 'describe an open order anew: price, quantity and terms',
  help: `
Usage: foldbook replace CLIENT_ORDER_ID QUANTITY [PRICE] --market NAME --account N [options]

The order keeps its side and its client order id, gets a new order id, and is the last of its price
level; it may trade. All else is as the options say, whatever it was before: foldbook amend changes
the quantity alone. QUANTITY is the new open quantity in lots. Exit status 1 if it is rejected: the
order is then as it was.

${TRADER_HELP}
  --keep-priority   stay in place, if nothing changes but the quantity, and that not upwards
${TERM_HELP}
${CONNECTION_HELP}

Example: foldbook replace 42 5 101 --market BTC-USD --account 7
Example: foldbook replace 42 3 101 --keep-priority --market BTC-USD --account 7`,
  takes: ['CLIENT_ORDER_ID', 'QUANTITY', 'PRICE'],
  options: {
    ...CONNECTION_OPTIONS,
    ...TERM_OPTIONS,
    ...TRADER_OPTIONS,
    'keep-priority': { type: 'boolean' },
  },
  wordOptions: TERM_WORDS,
  run: async (context) => {
    const [idText, quantityText, priceText] = context.positionals;
    const id = orderIdFrom('CLIENT_ORDER_ID', idText);
    const terms = readOrder(context, quantityFrom(quantityText), priceText, Date.now());
    const keeps = context.flag('keep-priority');
    if (keeps && terms.orderType !== OrderType.LIMIT) {
      throw new UsageError('--keep-priority is for limit orders: leave it or --type away');
    }
    const account = accountNumber(context);
    const flags = terms.flags | (keeps ? OrderFlag.KEEP_PRIORITY : 0);
    return runTrader(context, account, (trader) => [trader.replace(id, { ...terms, flags })]);
  },
};
