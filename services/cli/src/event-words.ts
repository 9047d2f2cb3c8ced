/** Events in words, for people. */
import {
  type Accepted,
  Asset,
  type Balance,
  type BookDelta,
  CANCEL_REASON_NAMES,
  CancelReason,
  type ClockAdvanced,
  type Configured,
  type EpochMark,
  type FeesChanged,
  type Funds,
  Liquidity,
  MARKET_STATE_NAMES,
  type MarketCreated,
  type MarketEvent,
  type OpenOrder,
  ORDER_TYPE_NAMES,
  OrderType,
  type Replaced,
  SELF_TRADE_NAMES,
  SelfTrade,
  Side,
  type StateChanged,
  TIME_IN_FORCE_NAMES,
  type TierChanged,
  TimeInForce,
} from '@foldbook/protocol';
import { wordFor } from './order-arguments.ts';
import { plural } from './output.ts';
import { codeWords } from './refusal-words.ts';

type OfMarket =
  | Balance
  | BookDelta
  | ClockAdvanced
  | Configured
  | EpochMark
  | FeesChanged
  | Funds
  | MarketCreated
  | StateChanged
  | TierChanged;

const sideWord = (side: Side) => (side === Side.BUY ? 'buy' : 'sell');
const assetWord = (asset: Asset) => (asset === Asset.BASE ? 'base' : 'quote');

export function eventWords(event: MarketEvent): string {
  switch (event.type) {
    case 'accepted':
      return (
        `accepted: ${sideWord(event.side)} ${event.quantity} @ ${event.price}, ` +
        `order ${event.orderId} (client order id ${event.clientOrderId})${terms(event)}`
      );
    case 'replaced':
      return (
        `replaced: ${event.quantity} @ ${event.price}, order ${event.orderId}` +
        `${event.keptPriority ? ', in its place' : ''}${terms(event)}`
      );
    case 'triggered':
    case 'refilled':
    case 'reduced':
    case 'open-order':
      return (
        `${event.type}: ${sideWord(event.side)} ${event.quantity} @ ${event.price}, ` +
        `order ${event.orderId} (client order id ${event.clientOrderId})`
      );
    case 'cancelled':
      return (
        `cancelled: order ${event.orderId} (client order id ${event.clientOrderId}), ` +
        `${event.quantity} left unfilled${reason(event.reason)}`
      );
    case 'rejected':
      return `rejected: ${codeWords(event.code)}`;
    case 'result':
      return `asked before, answered at ${event.firstSequence}: ${codeWords(event.code)}`;
    case 'all-cancelled':
      return `all cancelled: ${plural(event.count, 'order')}${event.more ? ', more are left' : ''}`;
    case 'cancel-after-set':
      return event.deadlineNs === 0n
        ? 'cancel-after: off'
        : `cancel-after: all orders are cancelled at ${momentOf(event.deadlineNs)}`;
    case 'trade':
      return (
        `trade ${event.sequence}: ${event.quantity} @ ${event.price}, ` +
        `taker ${event.takerSide === Side.BUY ? 'bought' : 'sold'}`
      );
    case 'fill':
      return (
        `fill: ${sideWord(event.side)} ${event.quantity} @ ${event.price}, ` +
        `${event.liquidity === Liquidity.MAKER ? 'maker' : 'taker'}, order ${event.orderId}`
      );
    case 'fee':
      return `${event.rebate ? 'rebate' : 'fee'}: ${event.amount} quote, order ${event.orderId}`;
    default:
      return marketWords(event);
  }
}

/** Events of the market itself, its levels and balances. */
function marketWords(event: OfMarket): string {
  switch (event.type) {
    case 'funds':
      return (
        `account ${event.account}: ${event.amount} ${assetWord(event.asset)} moved; ` +
        `available ${event.available}, held ${event.held}`
      );
    case 'balance':
      return (
        `account ${event.account} at sequence ${event.sequence}\n` +
        `  base   available ${event.baseAvailable}, held ${event.baseHeld}\n` +
        `  quote  available ${event.quoteAvailable}, held ${event.quoteHeld}`
      );
    case 'delta':
      return (
        `level: ${sideWord(event.side)} ${event.quantity} @ ${event.price} ` +
        `(${event.orders} orders)`
      );
    case 'epoch':
      return `epoch ${event.epoch} closed: ${event.recordCount} settlement records`;
    case 'market-created':
      return createdWords(event);
    case 'configured':
      return (
        `configured: prices ${event.minPrice} to ${event.maxPrice}, ` +
        `quantities to ${event.maxQuantity}, band ${event.bandPpm} ppm, ` +
        `${event.maxOpenOrders} open orders (0 is no limit)`
      );
    case 'state-changed':
      return `market: ${wordFor(MARKET_STATE_NAMES, event.state)}`;
    case 'fees-changed':
      return `tier ${event.tier}: maker ${event.makerFeePpm} ppm, taker ${event.takerFeePpm} ppm`;
    case 'tier-changed':
      return `account ${event.account}: tier ${event.tier}`;
    case 'clock-advanced':
      return `time: ${momentOf(event.timeNs)}`;
    default: {
      const unknown: never = event;
      return String(unknown);
    }
  }
}

/** What an order asks for that a plain limit order does not, a word or two each. */
export function termWords(event: Accepted | Replaced | OpenOrder): string[] {
  const words: string[] = [];
  if (event.timeInForce !== TimeInForce.GTC) {
    words.push(wordFor(TIME_IN_FORCE_NAMES, event.timeInForce));
  }
  if (event.expireTime > 0) {
    words.push(`until ${new Date(event.expireTime * 1_000).toISOString().replace('.000Z', 'Z')}`);
  }
  if (event.postOnly) words.push('post-only');
  if (event.slide) words.push('slide');
  if ('selfTrade' in event && event.selfTrade !== SelfTrade.NONE) {
    words.push(wordFor(SELF_TRADE_NAMES, event.selfTrade));
  }
  return words;
}

function terms(event: Accepted | Replaced): string {
  const isTyped = event.type === 'accepted' && event.orderType !== OrderType.LIMIT;
  const words = isTyped ? [wordFor(ORDER_TYPE_NAMES, event.orderType)] : [];
  words.push(...termWords(event));
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}

const reason = (value: CancelReason) =>
  value === CancelReason.REQUESTED ? '' : ` (${wordFor(CANCEL_REASON_NAMES, value)})`;

/** Nanoseconds since 1970 as a time, to the millisecond; as they are where no calendar reaches. */
function momentOf(timeNs: bigint): string {
  const moment = new Date(Number(timeNs / 1_000_000n));
  return Number.isNaN(moment.getTime()) ? `${timeNs} ns` : moment.toISOString();
}

function createdWords(event: MarketCreated): string {
  const symbols = [event.baseSymbol, event.quoteSymbol].map((symbol) => symbol || '-').join('/');
  return (
    `market created: maker ${event.makerFeePpm} ppm, taker ${event.takerFeePpm} ppm, ` +
    `at most ${event.maxFeePpm} ppm; ${symbols}, decimals of prices ${event.priceDecimals}, ` +
    `of quantities ${event.quantityDecimals}`
  );
}
