import { MAX_DECIMALS, MAX_FEE_PPM, MAX_SYMBOL } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { OPERATOR_NOTE, runOperator } from './operator-command.ts';

export const create: CliCommand = {
  name: 'market create',
  summary: 'create a market',
  help: `
Usage: foldbook market create --market BTC-USD [options]

${OPERATOR_NOTE}

  --maker-ppm N     maker fee in parts per million of the quote amount, from -${MAX_FEE_PPM} to
                    ${MAX_FEE_PPM} (default 0); negative is a rebate
  --taker-ppm N     taker fee (default 0); maker + taker must not be negative
  --max-fee-ppm N   the highest rate that a tier may ever have, which buy orders hold (default: the
                    higher of the two rates, or 0); it never changes
  --base-symbol S   what is traded, up to ${MAX_SYMBOL} of A-Z, 0-9, "." and "-" (default: none)
  --quote-symbol S  what it is paid in
  --price-decimals N     how people are shown prices: a tick is 10^-N (default 0)
  --quantity-decimals N  how people are shown quantities: a lot is 10^-N (default 0; up to 18)
${CONNECTION_HELP}

Example: foldbook market create --market BTC-USD --maker-ppm -20 --taker-ppm 50
Example: foldbook market create --market BTC-USD --base-symbol BTC --quote-symbol USD \\
           --price-decimals 2 --quantity-decimals 6 --taker-ppm 50 --max-fee-ppm 500`,
  takes: [],
  options: {
    ...CONNECTION_OPTIONS,
    'maker-ppm': { type: 'string' },
    'taker-ppm': { type: 'string' },
    'max-fee-ppm': { type: 'string' },
    'base-symbol': { type: 'string' },
    'quote-symbol': { type: 'string' },
    'price-decimals': { type: 'string' },
    'quantity-decimals': { type: 'string' },
  },
  run: async (context) => {
    const { makerFeePpm, takerFeePpm, maxFeePpm } = readRates(context);
    const baseSymbol = symbolOf(context, 'base-symbol');
    const quoteSymbol = symbolOf(context, 'quote-symbol');
    if (baseSymbol !== '' && baseSymbol === quoteSymbol) {
      throw new UsageError(`--base-symbol and --quote-symbol are both ${baseSymbol}`);
    }
    const priceDecimals = context.integer('price-decimals', 0, MAX_DECIMALS) ?? 0;
    const quantityDecimals = context.integer('quantity-decimals', 0, MAX_DECIMALS) ?? 0;
    const terms = { maxFeePpm, baseSymbol, quoteSymbol, priceDecimals, quantityDecimals };
    return runOperator(context, (operator) =>
      operator.createMarket(makerFeePpm, takerFeePpm, terms),
    );
  },
};

function readRates(context: CommandContext) {
  const makerFeePpm = context.integer('maker-ppm', -MAX_FEE_PPM, MAX_FEE_PPM) ?? 0;
  const takerFeePpm = context.integer('taker-ppm', -MAX_FEE_PPM, MAX_FEE_PPM) ?? 0;
  const maxFeePpm = context.integer('max-fee-ppm', 0, MAX_FEE_PPM) ?? 0;
  checkRates(makerFeePpm, takerFeePpm);
  const highest = Math.max(makerFeePpm, takerFeePpm);
  if (maxFeePpm !== 0 && maxFeePpm < highest) {
    throw new UsageError(`--max-fee-ppm ${maxFeePpm} is below a rate: give at least ${highest}`);
  }
  return { makerFeePpm, takerFeePpm, maxFeePpm };
}

/** UsageError if a rebate is above the other side's fee. */
export function checkRates(makerFeePpm: number, takerFeePpm: number): void {
  if (makerFeePpm + takerFeePpm >= 0) return;
  const rates = `--maker-ppm ${makerFeePpm} and --taker-ppm ${takerFeePpm}`;
  throw new UsageError(`${rates}: a rebate must not be above the other side's fee`);
}

function symbolOf(context: CommandContext, name: string): string {
  const symbol = context.text(name) ?? '';
  if (/^[A-Z0-9.-]*$/.test(symbol) && symbol.length <= MAX_SYMBOL) return symbol;
  const given = symbol.slice(0, 40);
  throw new UsageError(`--${name} ${given}: use up to ${MAX_SYMBOL} of A-Z, 0-9, "." and "-"`);
}
