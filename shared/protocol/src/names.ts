/** The words that msgpack uses where records have small numbers. */
import { Asset, CancelReason, CommandKind, Liquidity, Side, TimeInForce } from './layout.ts';

export type Names<Value extends number> = Readonly<Record<string, Value>>;

export const SIDE_NAMES = { buy: Side.BUY, sell: Side.SELL } as const satisfies Names<Side>;

export const TIME_IN_FORCE_NAMES = {
  gtc: TimeInForce.GTC,
  ioc: TimeInForce.IOC,
  post_only: TimeInForce.POST_ONLY,
} as const satisfies Names<TimeInForce>;

export const ASSET_NAMES = { base: Asset.BASE, quote: Asset.QUOTE } as const satisfies Names<Asset>;

export const COMMAND_NAMES = {
  new: CommandKind.NEW,
  cancel: CommandKind.CANCEL,
  replace: CommandKind.REPLACE,
  deposit: CommandKind.DEPOSIT,
  withdraw: CommandKind.WITHDRAW,
  create_market: CommandKind.CREATE_MARKET,
  close_epoch: CommandKind.CLOSE_EPOCH,
} as const satisfies Names<CommandKind>;

export const LIQUIDITY_NAMES = {
  maker: Liquidity.MAKER,
  taker: Liquidity.TAKER,
} as const satisfies Names<Liquidity>;

export const CANCEL_REASON_NAMES = {
  requested: CancelReason.REQUESTED,
  immediate_or_cancel: CancelReason.IMMEDIATE_OR_CANCEL,
} as const satisfies Names<CancelReason>;

/** The word for a number, or undefined where this version has none. */
export function nameOf(names: Names<number>, value: number): string | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}

/** The number of a word; words of the language's own objects ("constructor") are none. */
export function numberOf<Value extends number>(
  names: Names<Value>,
  name: unknown,
): Value | undefined {
  return typeof name === 'string' && Object.hasOwn(names, name) ? names[name] : undefined;
}
