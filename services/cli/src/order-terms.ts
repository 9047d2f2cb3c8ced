/**
 * What an order asks for, from a command's options. Every combination that the rules of a market
 * refuse whatever its state is refused here, in the user's words, before anything is sent.
 */
import type { ReplaceDraft } from '@foldbook/client';
import {
  MAX_PRICE,
  ORDER_TYPE_NAMES,
  OrderFlag,
  OrderType,
  SELF_TRADE_NAMES,
  TIME_IN_FORCE_NAMES,
  TimeInForce,
} from '@foldbook/protocol';
import { integerIn } from './arguments.ts';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { expireTimeFrom } from './expire-time.ts';
import { anyOf, numberFor, priceFrom, wordFor } from './order-arguments.ts';

const { GTC, IOC, POST_ONLY, FOK, GTT } = TimeInForce;

/** Of orders that may rest: all that a side of a quote can have. */
export const RESTING_OPTIONS = {
  'post-only': { type: 'string' },
  display: { type: 'string' },
  expire: { type: 'string' },
  'self-trade': { type: 'string' },
} as const;

export const TERM_OPTIONS = {
  ...RESTING_OPTIONS,
  type: { type: 'string' },
  stop: { type: 'string' },
  protect: { type: 'string' },
  time: { type: 'string' },
} as const;

/** The word that --post-only alone means comes first. */
export const TERM_WORDS = { 'post-only': ['reject', 'slide'] } as const;

const restingHelp = (ownOrders: string) => `  --post-only [reject|slide]
                    never trades on arrival: is refused instead (default), or priced one tick
                    away from the best opposite price
  --display LOTS    iceberg: only so many lots are seen at a time
  --expire TIME     rests until then: seconds since 1970, +SECONDS from now, or a time like
                    2030-01-31T12:00:00Z
  --self-trade M    when it meets an order of the same account: ${ownOrders}`;

/** A quote that moves through the other side of the same maker takes that off. */
export const QUOTE_HELP = restingHelp(`expire-maker (default: the
                    other one is cancelled), none (they trade), expire-taker, expire-both or
                    decrement`);
export const QUOTE_SELF_TRADE = 'expire-maker';

export const TERM_HELP = `  --type T          limit (default), market, stop or stop-limit
  --stop PRICE      of a stop or stop-limit order: waits until a trade at this price or beyond
  --protect PRICE   of a market or stop order: the worst price it may trade at
  --time T          gtc (default of limit orders), ioc (of market and stop orders), fok, gtt
                    (with --expire) or post-only
${restingHelp(`none (default: they trade),
                    expire-taker, expire-maker, expire-both or decrement`)}`;

interface TypeRules {
  /** Where the command's price comes from. */
  readonly price: 'PRICE' | '--protect';
  readonly waits: boolean;
  readonly times: readonly TimeInForce[];
  readonly usualTime: TimeInForce;
}

const TYPE_RULES: Readonly<Record<OrderType, TypeRules>> = {
  [OrderType.LIMIT]: {
    price: 'PRICE',
    waits: false,
    times: [GTC, IOC, POST_ONLY, FOK, GTT],
    usualTime: GTC,
  },
  [OrderType.MARKET]: { price: '--protect', waits: false, times: [IOC, FOK], usualTime: IOC },
  [OrderType.STOP]: { price: '--protect', waits: true, times: [IOC, FOK], usualTime: IOC },
  [OrderType.STOP_LIMIT]: {
    price: 'PRICE',
    waits: true,
    times: [GTC, GTT, IOC, FOK],
    usualTime: GTC,
  },
};

/** An order's type and what goes with it, for the checks and their words. */
interface Kind extends TypeRules {
  readonly type: OrderType;
  /** "a limit order". */
  readonly words: string;
}

type Options = Pick<CommandContext, 'text'>;

/**
 * An order without its side and name. `priceText` is the argument PRICE; --expire counts from
 * `nowMs`, milliseconds since 1970; `usualSelfTrade` is the mode without --self-trade.
 */
export function readOrder(
  options: Options,
  quantity: bigint,
  priceText: string | undefined,
  nowMs: number,
  usualSelfTrade = 'none',
): Required<ReplaceDraft> {
  const kind = readKind(options);
  const price = readPrice(options, kind, priceText);
  const stopPrice = readStop(options, kind);
  const expireText = options.text('expire');
  const expireTime = expireText === undefined ? 0 : expireTimeFrom(expireText, nowMs);
  const { timeInForce, flags } = readTime(options, kind);
  const displayQuantity = readDisplay(options, kind, timeInForce, quantity);
  const selfTrade = numberFor(
    '--self-trade',
    options.text('self-trade') ?? usualSelfTrade,
    SELF_TRADE_NAMES,
  );
  const { type: orderType } = kind;
  return {
    ...{ orderType, price, quantity, timeInForce, flags, stopPrice, expireTime },
    ...{ displayQuantity, selfTrade },
  };
}

function readKind(options: Options): Kind {
  const type = numberFor('--type', options.text('type') ?? 'limit', ORDER_TYPE_NAMES);
  return { type, words: `a ${wordFor(ORDER_TYPE_NAMES, type)} order`, ...TYPE_RULES[type] };
}

function readPrice(options: Options, kind: Kind, priceText: string | undefined): bigint {
  const protect = options.text('protect');
  if (kind.price === 'PRICE') {
    if (protect === undefined) return priceFrom(priceText);
    throw new UsageError(`--protect is for market and stop orders: ${kind.words} has its PRICE`);
  }
  if (priceText !== undefined) {
    const words = `${kind.words} has no PRICE (${priceText.slice(0, 40)})`;
    throw new UsageError(`${words}: --protect PRICE is the worst it may trade at`);
  }
  if (protect !== undefined) return integerIn('--protect', protect, 1n, MAX_PRICE);
  throw new UsageError(`${kind.words} needs --protect PRICE, the worst price it may trade at`);
}

function readStop(options: Options, kind: Kind): bigint {
  const text = options.text('stop');
  if (text === undefined && !kind.waits) return 0n;
  if (text === undefined) {
    throw new UsageError(`${kind.words} needs --stop PRICE, the trade that it waits for`);
  }
  if (kind.waits) return integerIn('--stop', text, 1n, MAX_PRICE);
  throw new UsageError(`--stop is for --type stop and stop-limit: this is ${kind.words}`);
}

/** Time in force and flags: post-only is the one without an end, and a flag of a GTT order. */
function readTime(options: Options, kind: Kind): { timeInForce: TimeInForce; flags: number } {
  const text = options.text('time');
  const asked = text === undefined ? undefined : numberFor('--time', text, TIME_IN_FORCE_NAMES);
  const expires = options.text('expire') !== undefined;
  const postOnly = readPostOnly(options, asked);
  if (asked === GTT && !expires) throw new UsageError('--time gtt needs --expire TIME');
  if (expires && asked !== undefined && asked !== GTT && asked !== POST_ONLY) {
    throw new UsageError(`--expire makes an order gtt: leave it or --time ${text} away`);
  }
  if (postOnly !== undefined && kind.type !== OrderType.LIMIT) {
    throw new UsageError(`post-only is for limit orders: this is ${kind.words}`);
  }
  const slide = postOnly === 'slide' ? OrderFlag.SLIDE : 0;
  const flag = postOnly === undefined ? 0 : OrderFlag.POST_ONLY;
  if (expires) return { timeInForce: allowed(kind, GTT), flags: flag | slide };
  if (postOnly !== undefined) return { timeInForce: POST_ONLY, flags: slide };
  return { timeInForce: allowed(kind, asked ?? kind.usualTime), flags: 0 };
}

function readPostOnly(
  options: Options,
  asked: TimeInForce | undefined,
): 'reject' | 'slide' | undefined {
  const text = options.text('post-only');
  if (text === undefined) return asked === POST_ONLY ? 'reject' : undefined;
  const known = TERM_WORDS['post-only'].find((word) => word === text);
  if (known === undefined) {
    throw new UsageError(`--post-only=${text.slice(0, 40)}: use ${anyOf(TERM_WORDS['post-only'])}`);
  }
  if (asked !== IOC && asked !== FOK) return known;
  const time = wordFor(TIME_IN_FORCE_NAMES, asked);
  throw new UsageError(`--post-only is for orders that rest: leave it or --time ${time} away`);
}

function allowed(kind: Kind, time: TimeInForce): TimeInForce {
  if (kind.times.includes(time)) return time;
  const words = kind.times.map((one) => wordFor(TIME_IN_FORCE_NAMES, one));
  const asked = wordFor(TIME_IN_FORCE_NAMES, time);
  const why = time === GTT ? `${asked} (--expire)` : asked;
  throw new UsageError(`${kind.words} can be ${anyOf(words)}, not ${why}`);
}

function readDisplay(options: Options, kind: Kind, time: TimeInForce, quantity: bigint): bigint {
  const text = options.text('display');
  if (text === undefined) return 0n;
  if (kind.type !== OrderType.LIMIT) {
    throw new UsageError(`--display is for limit orders: this is ${kind.words}`);
  }
  if (time === IOC || time === FOK) {
    const word = wordFor(TIME_IN_FORCE_NAMES, time);
    throw new UsageError(`--display is for orders that rest: leave it or --time ${word} away`);
  }
  if (quantity > 1n) return integerIn('--display', text, 1n, quantity - 1n);
  throw new UsageError('--display shows less than the quantity: an order of 1 lot has no less');
}
