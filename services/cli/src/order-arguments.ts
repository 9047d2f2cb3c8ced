/** What the everyday commands take, each checked before anything is sent. */
import {
  Account,
  ANY_SIDE_NAMES,
  type AnySide,
  isMarketName,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_MARKET_NAME,
  MAX_PRICE,
  MAX_QUANTITY,
  type Names,
  nameOf,
  numberOf,
  SIDE_NAMES,
  type Side,
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

export function checkMarketName(market: string, name = '--market'): string {
  if (isMarketName(market)) return market;
  const rule = `1 to ${MAX_MARKET_NAME} of A-Z, 0-9 and -, not - first, like BTC-USD`;
  throw new UsageError(`${name} ${market === '' ? '""' : market}: use ${rule}`);
}

/** The market named by --market. */
export const marketName = (context: CommandContext) => checkMarketName(context.required('market'));

/** An account that somebody owns. */
export const accountNumber = (context: CommandContext) =>
  Number(integerIn('--account', context.required('account'), FIRST_ACCOUNT, LAST_ACCOUNT));

/** Another account, where the option is given. */
export function otherAccount(context: CommandContext, name: string): number | undefined {
  const text = context.text(name);
  if (text === undefined) return undefined;
  return Number(integerIn(`--${name}`, text, FIRST_ACCOUNT, LAST_ACCOUNT));
}

/** Also the two accounts of the market itself: 0 (supply) and 1 (fees). */
export const anyAccountNumber = (context: CommandContext) =>
  Number(integerIn('--account', context.required('account'), 0n, LAST_ACCOUNT));

const FIRST_ACCOUNT = BigInt(Account.FIRST_CLIENT);
const LAST_ACCOUNT = BigInt(MAX_ACCOUNT);

/** A word of the protocol for people: dashes where the wire has underscores. */
export const wordFor = (names: Names<number>, value: number) =>
  (nameOf(names, value) ?? `${value}`).replaceAll('_', '-');

/** The number of a word, written with dashes or as on the wire; UsageError names all words. */
export function numberFor<Value extends number>(
  name: string,
  text: string,
  names: Names<Value>,
): Value {
  const value = numberOf(names, text.replaceAll('-', '_'));
  if (value !== undefined) return value;
  const words = Object.keys(names).map((word) => word.replaceAll('_', '-'));
  throw new UsageError(`${name} ${text.slice(0, 40) || '""'}: use ${anyOf(words)}`);
}

/** "a, b or c". */
export const anyOf = (words: readonly string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** The side of --side; both where it is not given. */
export const anySideFrom = (context: CommandContext): AnySide =>
  numberFor('--side', context.text('side') ?? 'both', ANY_SIDE_NAMES);

/** buy or sell, the first argument of `foldbook order`. */
export function sideFrom(text: string | undefined): Side {
  const side = numberOf(SIDE_NAMES, text);
  if (side !== undefined) return side;
  throw new UsageError('say the side: foldbook order buy|sell QUANTITY [PRICE] ...');
}

/** Lots to add to an order, or with a minus to take off it. */
export function deltaFrom(text: string | undefined): bigint {
  const digits = text?.startsWith('+') ? text.slice(1) : text;
  const delta = integerIn('DELTA', digits, -MAX_QUANTITY, MAX_QUANTITY);
  if (delta !== 0n) return delta;
  throw new UsageError('DELTA 0 changes nothing: give lots to add (5) or to take off (-5)');
}
