/** The words that msgpack uses where records have small numbers. */
import {
  Asset,
  BOTH_SIDES,
  CancelReason,
  CommandKind,
  Liquidity,
  MarketState,
  OrderFlag,
  OrderType,
  SelfTrade,
  Side,
  TimeInForce,
} from './layout.ts';

export type Names<Value extends number> = Readonly<Record<string, Value>>;

/** What CANCEL_ALL and PURGE take. */
export type AnySide = Side | typeof BOTH_SIDES;

export const SIDE_NAMES = { buy: Side.BUY, sell: Side.SELL } as const satisfies Names<Side>;

export const ANY_SIDE_NAMES = { ...SIDE_NAMES, both: BOTH_SIDES } as const satisfies Names<AnySide>;

export const TIME_IN_FORCE_NAMES = {
  gtc: TimeInForce.GTC,
  ioc: TimeInForce.IOC,
  post_only: TimeInForce.POST_ONLY,
  fok: TimeInForce.FOK,
  gtt: TimeInForce.GTT,
} as const satisfies Names<TimeInForce>;

export const ORDER_TYPE_NAMES = {
  limit: OrderType.LIMIT,
  market: OrderType.MARKET,
  stop: OrderType.STOP,
  stop_limit: OrderType.STOP_LIMIT,
} as const satisfies Names<OrderType>;

export const SELF_TRADE_NAMES = {
  none: SelfTrade.NONE,
  expire_taker: SelfTrade.EXPIRE_TAKER,
  expire_maker: SelfTrade.EXPIRE_MAKER,
  expire_both: SelfTrade.EXPIRE_BOTH,
  decrement: SelfTrade.DECREMENT,
} as const satisfies Names<SelfTrade>;

/** Each flag is a key of its own, true or false. */
export const ORDER_FLAG_NAMES = {
  postOnly: OrderFlag.POST_ONLY,
  slide: OrderFlag.SLIDE,
  keepPriority: OrderFlag.KEEP_PRIORITY,
} as const satisfies Names<number>;

export const ASSET_NAMES = { base: Asset.BASE, quote: Asset.QUOTE } as const satisfies Names<Asset>;

export const MARKET_STATE_NAMES = {
  open: MarketState.OPEN,
  halted: MarketState.HALTED,
  cancel_only: MarketState.CANCEL_ONLY,
} as const satisfies Names<MarketState>;

export const COMMAND_NAMES = {
  new: CommandKind.NEW,
  cancel: CommandKind.CANCEL,
  replace: CommandKind.REPLACE,
  amend: CommandKind.AMEND,
  cancel_order: CommandKind.CANCEL_ORDER,
  cancel_all: CommandKind.CANCEL_ALL,
  cancel_after: CommandKind.CANCEL_AFTER,
  quote: CommandKind.QUOTE,
  deposit: CommandKind.DEPOSIT,
  withdraw: CommandKind.WITHDRAW,
  collect_fees: CommandKind.COLLECT_FEES,
  create_market: CommandKind.CREATE_MARKET,
  close_epoch: CommandKind.CLOSE_EPOCH,
  set_fees: CommandKind.SET_FEES,
  set_tier: CommandKind.SET_TIER,
  configure: CommandKind.CONFIGURE,
  set_state: CommandKind.SET_STATE,
  clock: CommandKind.CLOCK,
  purge: CommandKind.PURGE,
} as const satisfies Names<CommandKind>;

export const LIQUIDITY_NAMES = {
  maker: Liquidity.MAKER,
  taker: Liquidity.TAKER,
} as const satisfies Names<Liquidity>;

export const CANCEL_REASON_NAMES = {
  requested: CancelReason.REQUESTED,
  immediate_or_cancel: CancelReason.IMMEDIATE_OR_CANCEL,
  expired: CancelReason.EXPIRED,
  self_trade: CancelReason.SELF_TRADE,
  cancel_after: CancelReason.CANCEL_AFTER,
  operator: CancelReason.OPERATOR,
  fill_or_kill: CancelReason.FILL_OR_KILL,
  no_room: CancelReason.NO_ROOM,
  match_limit: CancelReason.MATCH_LIMIT,
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
