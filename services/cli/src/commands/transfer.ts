import { Asset } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, showEvent, withNode } from '../node-connection.ts';
import { accountNumber, amountFrom, checkMarketName, otherAccount } from '../order-arguments.ts';

export const transfer: CliCommand = {
  name: 'transfer',
  summary: "move an account's funds to another market of the venue (operators)",
  help: `
Usage: foldbook transfer base|quote AMOUNT --to OTHER --market NAME --account N

An operator's command: the connection must be allowed to publish to adm.<market>. The account pays
at once; the amount arrives in the other market soon after, or comes back if that has no room for
it, once, whatever dies meanwhile. The other market must have the same asset: a symbol and decimals
alike, as its base or its quote asset. What is on its way: foldbook supply.

  --to OTHER        the market that it goes to
  --account N       the account that pays (2 to 16777215)
  --to-account N    whose it is there (default: the same account)
${CONNECTION_HELP}

Example: foldbook transfer quote 250000 --to ETH-USD --market BTC-USD --account 7`,
  takes: ['base|quote', 'AMOUNT'],
  options: {
    ...CONNECTION_OPTIONS,
    account: { type: 'string' },
    to: { type: 'string' },
    'to-account': { type: 'string' },
  },
  run: async (context) => {
    const [assetText, amountText] = context.positionals;
    if (assetText !== 'base' && assetText !== 'quote') {
      throw new UsageError('say the asset: foldbook transfer base|quote AMOUNT --to OTHER ...');
    }
    const asset = assetText === 'base' ? Asset.BASE : Asset.QUOTE;
    const amount = amountFrom(amountText);
    const account = accountNumber(context);
    const to = checkMarketName(context.required('to'), '--to');
    if (to === context.text('market')) {
      throw new UsageError(`--to ${to}: that is the market that pays; name another one`);
    }
    const toAccount = otherAccount(context, 'to-account') ?? account;
    return withNode(context, async (node) => {
      const draft = { account, asset, amount, to, toAccount };
      const event = await node.operator().transfer(draft);
      showEvent(context, event);
      if (event.type === 'rejected') return 1;
      context.output.say(`on its way to account ${toAccount} in ${to}`);
      return 0;
    });
  },
};
