import { Asset } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, showAnswer, withNode } from '../node-connection.ts';
import { accountNumber, amountFrom } from '../order-arguments.ts';

function fundsCommand(name: 'deposit' | 'withdraw', summary: string): CliCommand {
  return {
    name,
    summary,
    help: `
Usage: foldbook ${name} base|quote AMOUNT --market NAME --account N

An operator's command: the connection must be allowed to publish to adm.<market>.

  --account N       the account (2 to 16777215)
${CONNECTION_HELP}

Example: foldbook ${name} quote 1000000 --market BTC-USD --account 7`,
    takes: ['base|quote', 'AMOUNT'],
    options: { ...CONNECTION_OPTIONS, account: { type: 'string' } },
    run: async (context) => {
      const [assetText, amountText] = context.positionals;
      if (assetText !== 'base' && assetText !== 'quote') {
        throw new UsageError(`say the asset: foldbook ${name} base|quote AMOUNT ...`);
      }
      const asset = assetText === 'base' ? Asset.BASE : Asset.QUOTE;
      const amount = amountFrom(amountText);
      const account = accountNumber(context);
      return withNode(context, async (node) => {
        const event = await node.operator()[name](account, asset, amount);
        await showAnswer(context, node, event);
        return event.type === 'rejected' ? 1 : 0;
      });
    },
  };
}

export const deposit = fundsCommand('deposit', 'credit an account (operators)');
export const withdraw = fundsCommand('withdraw', 'debit an account (operators)');
