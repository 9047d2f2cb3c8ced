import { askBalance } from '@foldbook/client';
import { Account, FEE_TIERS, MAX_ACCOUNT, MAX_FEE_PPM } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import {
  CONNECTION_HELP,
  CONNECTION_OPTIONS,
  type NodeConnection,
  showEvent,
  withNode,
} from '../node-connection.ts';
import { accountNumber, amountFrom } from '../order-arguments.ts';
import { checkRates } from './create.ts';
import { OPERATOR_NOTE, runOperator } from './operator-command.ts';

const LAST_TIER = FEE_TIERS - 1;

export const setFees: CliCommand = {
  name: 'market set-fees',
  summary: 'set the rates of a fee tier',
  help: `
Usage: foldbook market set-fees --tier T --maker-ppm N --taker-ppm N --market NAME

Holds for trades from the next command on, resting orders included. No rate may be above the highest
that the market was created with, and no maker's rebate of any tier above any taker's fee.
${OPERATOR_NOTE}

  --tier T          0 to ${LAST_TIER}; accounts start in tier 0
  --maker-ppm N     maker fee in parts per million of the quote amount; negative is a rebate
  --taker-ppm N     taker fee
${CONNECTION_HELP}

Example: foldbook market set-fees --tier 1 --maker-ppm -25 --taker-ppm 40 --market BTC-USD`,
  takes: [],
  options: {
    ...CONNECTION_OPTIONS,
    tier: { type: 'string' },
    'maker-ppm': { type: 'string' },
    'taker-ppm': { type: 'string' },
  },
  run: async (context) => {
    const tier = wholeOf(context, 'tier', 0, LAST_TIER);
    const maker = wholeOf(context, 'maker-ppm', -MAX_FEE_PPM, MAX_FEE_PPM);
    const taker = wholeOf(context, 'taker-ppm', -MAX_FEE_PPM, MAX_FEE_PPM);
    checkRates(maker, taker);
    return runOperator(context, (operator) => operator.setFees(tier, maker, taker));
  },
};

export const setTier: CliCommand = {
  name: 'market set-tier',
  summary: 'move an account to a fee tier',
  help: `
Usage: foldbook market set-tier --account N --tier T --market NAME

Holds for trades from the next command on. ${OPERATOR_NOTE}

  --account N       the account (2 to 16777215)
  --tier T          0 to ${LAST_TIER}
${CONNECTION_HELP}

Example: foldbook market set-tier --account 7 --tier 1 --market BTC-USD`,
  takes: [],
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' }, tier: { type: 'string' } },
  run: async (context) => {
    const account = accountNumber(context);
    const tier = wholeOf(context, 'tier', 0, LAST_TIER);
    return runOperator(context, (operator) => operator.setTier(account, tier));
  },
};

export const collectFees: CliCommand = {
  name: 'market collect-fees',
  summary: 'move fees that the market has taken to an account',
  help: `
Usage: foldbook market collect-fees AMOUNT|all --account N --market NAME

Quote units go from the market's fee account to what account N has available. Rebates are never
short of them: each is paid out of the fee of its own trade. What there is to collect: foldbook
balance --account ${Account.FEES}; all is that, asked at once before.
${OPERATOR_NOTE}

  --account N       who gets them (2 to ${MAX_ACCOUNT})
${CONNECTION_HELP}

Example: foldbook market collect-fees 25000 --account 7 --market BTC-USD`,
  takes: ['AMOUNT|all'],
  options: { ...CONNECTION_OPTIONS, account: { type: 'string' } },
  run: async (context) => {
    const [text] = context.positionals;
    const given = text === 'all' ? undefined : amountFrom(text);
    const account = accountNumber(context);
    return withNode(context, async (node) => {
      const amount = given ?? (await feesOf(node));
      if (amount === 0n) {
        context.output.result({ type: 'nothing', account: Account.FEES }, 'no fees to collect');
        return 0;
      }
      const event = await node.operator().collectFees(account, amount);
      showEvent(context, event);
      return event.type === 'rejected' ? 1 : 0;
    });
  },
};

async function feesOf({ transport, market }: NodeConnection): Promise<bigint> {
  const balance = await askBalance(transport, market, Account.FEES);
  return balance.quoteAvailable;
}

/** A number that must be given: there is no usual one. */
function wholeOf(context: CommandContext, name: string, least: number, most: number): number {
  const value = context.integer(name, least, most);
  if (value !== undefined) return value;
  throw new UsageError(`--${name} is missing: give a whole number from ${least} to ${most}`);
}
