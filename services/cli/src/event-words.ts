/** Events in words, for people. */
import {
  Asset,
  describeResult,
  Liquidity,
  MARKET_STATE_NAMES,
  type MarketEvent,
  nameOf,
  Side,
} from '@foldbook/protocol';

const sideWord = (side: Side) => (side === Side.BUY ? 'buy' : 'sell');
const assetWord = (asset: Asset) => (asset === Asset.BASE ? 'base' : 'quote');

export function eventWords(event: MarketEvent): string {
  switch (event.type) {
    case 'accepted':
      return (
        `accepted: ${sideWord(event.side)} ${event.quantity} @ ${event.price}, ` +
        `order ${event.orderId} (client order id ${event.clientOrderId})`
      );
    case 'replaced':
      return `replaced: ${event.quantity} @ ${event.price}, order ${event.orderId}`;
    case 'triggered':
    case 'refilled':
    case 'reduced':
    case 'open-order':
      return (
        `${event.type}: ${sideWord(event.side)} ${event.quantity} @ ${event.price}, ` +
        `order ${event.orderId} (client order id ${event.clientOrderId})`
      );
    case 'cancelled':
      return `cancelled: order ${event.orderId}, ${event.quantity} left unfilled`;
    case 'rejected':
      return `rejected: ${describeResult(event.code)}`;
    case 'result':
      return `done before, at ${event.firstSequence}: ${describeResult(event.code)}`;
    case 'all-cancelled':
      return `all cancelled: ${event.count} orders${event.more ? ', more are left' : ''}`;
    case 'cancel-after-set':
      return event.deadlineNs === 0n ? 'timer off' : `timer at ${event.deadlineNs} ns`;
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
      return `market created: maker ${event.makerFeePpm} ppm, taker ${event.takerFeePpm} ppm`;
    case 'configured':
      return (
        `configured: prices ${event.minPrice} to ${event.maxPrice}, ` +
        `quantities to ${event.maxQuantity}, band ${event.bandPpm} ppm, ` +
        `${event.maxOpenOrders} open orders (0 is no limit)`
      );
    case 'state-changed':
      return `market ${nameOf(MARKET_STATE_NAMES, event.state) ?? event.state}`;
    case 'fees-changed':
      return `tier ${event.tier}: maker ${event.makerFeePpm} ppm, taker ${event.takerFeePpm} ppm`;
    case 'tier-changed':
      return `account ${event.account}: tier ${event.tier}`;
    case 'clock-advanced':
      return `time: ${event.timeNs} ns`;
    default: {
      const unknown: never = event;
      return String(unknown);
    }
  }
}
