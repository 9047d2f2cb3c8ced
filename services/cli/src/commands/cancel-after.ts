import { integerIn } from '../arguments.ts';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { accountNumber } from '../order-arguments.ts';
import { runTrader, TRADER_HELP, TRADER_OPTIONS } from '../trader-command.ts';

const MAX_SECONDS = 2n ** 32n - 1n;

export const cancelAfter: CliCommand = {
  name: 'cancel-after',
  summary: "cancel all of an account's orders unless this is said again in time",
  help: `
Usage: foldbook cancel-after SECONDS|off --market NAME --account N

Sets the account's timer, in place of what it was; off stops it. When it runs out, all open orders
of the account are cancelled, those that came later too. It holds even while the market is halted.
Above 1,024 orders the rest go with the market's next commands.

${TRADER_HELP}
${CONNECTION_HELP}

Example: foldbook cancel-after 30 --market BTC-USD --account 7`,
  takes: ['SECONDS|off'],
  options: { ...CONNECTION_OPTIONS, ...TRADER_OPTIONS },
  run: async (context) => {
    const [text] = context.positionals;
    const seconds = text === 'off' ? 0 : Number(integerIn('SECONDS', text, 1n, MAX_SECONDS));
    const account = accountNumber(context);
    return runTrader(context, account, (trader) => [trader.cancelAfter(seconds)]);
  },
};
