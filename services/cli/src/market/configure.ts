import type { MarketLimits } from '@foldbook/client';
import { MAX_BAND_PPM, MAX_PRICE, MAX_QUANTITY } from '@foldbook/protocol';
import { integerIn } from '../arguments.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { OPERATOR_NOTE, runOperator } from './operator-command.ts';

const NAMES = ['min-price', 'max-price', 'max-quantity', 'band-ppm', 'max-open-orders'] as const;
const MAX_ORDERS = 2 ** 32 - 1;

export const configure: CliCommand = {
  name: 'market configure',
  summary: 'set the limits of orders: prices, quantity, band, open orders',
  help: `
Usage: foldbook market configure --market NAME --LIMIT N...

Sets all limits together: one that is not named, or is 0, is none from now on. Open orders are not
judged again. ${OPERATOR_NOTE}

  --min-price N     lowest price of an order, ticks
  --max-price N     highest price
  --max-quantity N  largest order, lots
  --band-ppm N      how far a price may be from the last trade's, in parts per million of it
  --max-open-orders N  of one account
${CONNECTION_HELP}

Example: foldbook market configure --max-quantity 1000 --band-ppm 100000 --market BTC-USD
Example: foldbook market configure --band-ppm 0 --market BTC-USD      # no limits at all`,
  takes: [],
  options: {
    ...CONNECTION_OPTIONS,
    'min-price': { type: 'string' },
    'max-price': { type: 'string' },
    'max-quantity': { type: 'string' },
    'band-ppm': { type: 'string' },
    'max-open-orders': { type: 'string' },
  },
  run: async (context) => {
    const limits = readLimits(context);
    return runOperator(context, (operator) => operator.configure(limits));
  },
};

function readLimits(context: CommandContext): MarketLimits {
  if (NAMES.every((name) => context.text(name) === undefined)) {
    const options = NAMES.map((name) => `--${name}`).join(', ');
    throw new UsageError(`name the limits that shall hold, 0 for none: ${options}`);
  }
  const minPrice = amountOf(context, 'min-price', MAX_PRICE);
  const maxPrice = amountOf(context, 'max-price', MAX_PRICE);
  if (maxPrice !== 0n && minPrice > maxPrice) {
    throw new UsageError(`--min-price ${minPrice} is above --max-price ${maxPrice}`);
  }
  return {
    minPrice,
    maxPrice,
    maxQuantity: amountOf(context, 'max-quantity', MAX_QUANTITY),
    bandPpm: context.integer('band-ppm', 0, MAX_BAND_PPM) ?? 0,
    maxOpenOrders: context.integer('max-open-orders', 0, MAX_ORDERS) ?? 0,
  };
}

const amountOf = (context: CommandContext, name: string, most: bigint) =>
  integerIn(`--${name}`, context.text(name) ?? '0', 0n, most);
