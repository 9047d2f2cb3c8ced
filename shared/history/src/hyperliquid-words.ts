/** What words of a Hyperliquid node mean. Codes as assembly/hyperliquid*.ts have them. */

export const KEYS = {
  coin: 1,
  side: 2,
  px: 3,
  limitPx: 3,
  sz: 4,
  oid: 5,
  time: 6,
  status: 7,
  order: 8,
  raw_book_diff: 9,
  tid: 10,
  crossed: 11,
  tif: 12,
  isTrigger: 13,
  orderType: 14,
  new: 15,
  update: 16,
  newSz: 17,
  triggerCondition: 18,
  block_number: 20,
  block_time: 21,
  events: 22,
  local_time: 23,
  book_orders: 24,
};

/** The word of a difference without a size; orders that never rest; a trigger that came true. */
export const VALUES = {
  remove: 1,
  Ioc: 2,
  FrontendMarket: 2,
  LiquidationMarket: 2,
  Market: 2,
  'Stop Market': 2,
  'Take Profit Market': 2,
  Triggered: 3,
};

/**
 * Statuses of orders by the numbers that events have in their flags, from 1; new ones go to the
 * end. What is not among them is OTHER_STATUS.
 */
export const ORDER_STATUSES = [
  'open',
  'filled',
  'canceled',
  'triggered',
  'rejected',
  'marginCanceled',
  'vaultWithdrawalCanceled',
  'openInterestCapCanceled',
  'selfTradeCanceled',
  'reduceOnlyCanceled',
  'siblingFilledCanceled',
  'delistedCanceled',
  'liquidatedCanceled',
  'scheduledCancel',
  'tickRejected',
  'minTradeNtlRejected',
  'perpMarginRejected',
  'reduceOnlyRejected',
  'badAloPxRejected',
  'iocCancelRejected',
  'badTriggerPxRejected',
  'marketOrderNoLiquidityRejected',
  'positionIncreaseAtOpenInterestCapRejected',
  'positionFlipAtOpenInterestCapRejected',
  'tooAggressiveAtOpenInterestCapRejected',
  'openInterestIncreaseRejected',
  'insufficientSpotBalanceRejected',
  'oracleRejected',
  'perpMaxPositionRejected',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export const OTHER_STATUS = 255;
