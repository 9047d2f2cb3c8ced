/** What the everyday commands take, each checked before anything is sent. */
import {
  Account,
  isMarketName,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_MARKET_NAME,
  MAX_PRICE,
  MAX_QUANTITY,
  TimeInForce,
} from '@foldbook/protocol';
import { integerIn } from './arguments.ts';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';

const MAX_ORDER_ID = 2n ** 64n - 1n;

export const quantityFrom = (text: string | undefined) =>
  integerIn('QUANTITY', text, 1n, MAX_QUANTITY);
export const priceFrom = (text: string | undefined) => integerIn('PRICE', text, 1n, MAX_PRICE);
export const amountFrom = (text: string | undefined) => integerIn('AMOUNT', text, 1n, MAX_AMOUNT);
export const orderIdFrom = (name: string, text: string | undefined) =>
  integerIn(name, text, 0n, MAX_ORDER_ID);

export function checkMarketName(market: string): string {
  if (isMarketName(market)) return market;
  const rule = `1 to ${MAX_MARKET_NAME} of A-Z, 0-9 and -, not - first, like BTC-USD`;
  throw new UsageError(`--market ${market === '' ? '""' : market}: use ${rule}`);
}

/** The market named by --market. */
export const marketName = (context: CommandContext) => checkMarketName(context.required('market'));

/** An account that somebody owns. */
export const accountNumber = (context: CommandContext) =>
  Number(integerIn('--account', context.required('account'), FIRST_ACCOUNT, LAST_ACCOUNT));

/** Also the two accounts of the market itself: 0 (supply) and 1 (fees). */
export const anyAccountNumber = (context: CommandContext) =>
  Number(integerIn('--account', context.required('account'), 0n, LAST_ACCOUNT));

const FIRST_ACCOUNT = BigInt(Account.FIRST_CLIENT);
const LAST_ACCOUNT = BigInt(MAX_ACCOUNT);

const TIMES = new Map<string, TimeInForce>([
  ['gtc', TimeInForce.GTC],
  ['ioc', TimeInForce.IOC],
  ['post-only', TimeInForce.POST_ONLY],
  // As it is called on the wire, and in what --json prints.
  ['post_only', TimeInForce.POST_ONLY],
]);

export function timeInForce(text: string | undefined): TimeInForce {
  const value = TIMES.get(text ?? 'gtc');
  if (value !== undefined) return value;
  throw new UsageError(`--time ${text}: use gtc, ioc or post-only`);
}
