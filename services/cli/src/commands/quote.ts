import { createInterface } from 'node:readline';
import type { QuoteDraft } from '@foldbook/client';
import { MAX_COMMANDS_PER_MESSAGE, SIDE_NAMES } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { accountNumber, numberFor, orderIdFrom, quantityFrom } from '../order-arguments.ts';
import {
  QUOTE_HELP,
  QUOTE_SELF_TRADE,
  RESTING_OPTIONS,
  readOrder,
  TERM_WORDS,
} from '../order-terms.ts';
import { runTrader, TRADER_HELP, TRADER_OPTIONS } from '../trader-command.ts';

export const quote: CliCommand = {
  name: 'quote',
  summary: 'place, replace or take off many quotes in one message',
  help: `
Usage: foldbook quote ID:buy|sell:QUANTITY:PRICE... --market NAME --account N [options]
       foldbook quote - --market NAME --account N < FILE

Each quote is one side: a limit order under the client order id ID, placed if there is none of that
name, else replaced (in its place, if the price is the same and the quantity not larger). ID:off
takes it off. A quote that moves to where the other one still is cancels that (see --self-trade). A
refused quote leaves the old one as it was and keeps the others from nothing. With - quotes are read
from standard input, a line each, also as "ID buy QUANTITY PRICE"; empty lines and what follows # do
not count. All go in one message and execute back to back, so that there are at
most ${MAX_COMMANDS_PER_MESSAGE}. Exit status 1 if one is rejected.

${TRADER_HELP}
${QUOTE_HELP}
${CONNECTION_HELP}

Example: foldbook quote 1:buy:5:99 2:sell:5:101 --post-only --market BTC-USD --account 7
Example: foldbook quote 1:off 2:off --market BTC-USD --account 7`,
  takes: ['QUOTE...'],
  options: { ...CONNECTION_OPTIONS, ...RESTING_OPTIONS, ...TRADER_OPTIONS },
  wordOptions: TERM_WORDS,
  run: async (context) => {
    const account = accountNumber(context);
    const isPiped = context.positionals.length === 1 && context.positionals[0] === '-';
    const lines = isPiped ? await quoteLines(process.stdin) : context.positionals;
    const quotes = readQuotes(context, lines, Date.now());
    return runTrader(context, account, (trader) => quotes.map((draft) => trader.quote(draft)));
  },
};

/** Lines that hold a quote; no more of them than one message and one line take. */
async function quoteLines(input: NodeJS.ReadableStream): Promise<string[]> {
  const quotes: string[] = [];
  for await (const line of createInterface({ input })) {
    const text = line.split('#', 1)[0]?.trim() ?? '';
    if (text !== '') quotes.push(text);
    if (quotes.length > MAX_COMMANDS_PER_MESSAGE) break;
  }
  return quotes;
}

type Options = Pick<CommandContext, 'text'>;

/** Quotes as they are sent. UsageError for what is none, two of a name, none at all, too many. */
export function readQuotes(
  options: Options,
  texts: readonly string[],
  nowMs: number,
): QuoteDraft[] {
  if (texts.length === 0) {
    throw new UsageError('name at least one quote: ID:buy|sell:QUANTITY:PRICE or ID:off');
  }
  if (texts.length > MAX_COMMANDS_PER_MESSAGE) {
    throw new UsageError(`more than ${MAX_COMMANDS_PER_MESSAGE} quotes: send them in parts`);
  }
  const quotes = texts.map((text) => readQuote(options, text, nowMs));
  const names = new Set<bigint>();
  for (const { clientOrderId } of quotes) {
    if (names.has(clientOrderId)) throw new UsageError(`quote ${clientOrderId} is named twice`);
    names.add(clientOrderId);
  }
  return quotes;
}

function readQuote(options: Options, text: string, nowMs: number): QuoteDraft {
  const [idText, sideText = '', quantityText, priceText, surplus] = text.split(/[\s:]+/);
  try {
    const clientOrderId = orderIdFrom('ID', idText);
    if (sideText === 'off' && quantityText === undefined) {
      return { clientOrderId, side: SIDE_NAMES.buy, price: 0n, quantity: 0n };
    }
    const side = numberFor('side', sideText, SIDE_NAMES);
    const quantity = quantityFrom(quantityText);
    const terms = readOrder(options, quantity, priceText, nowMs, QUOTE_SELF_TRADE);
    if (surplus === undefined) return { clientOrderId, side, ...terms };
    throw new UsageError('write it ID:buy|sell:QUANTITY:PRICE or ID:off');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`quote "${text.slice(0, 60)}": ${error.message}`);
  }
}
