/** Self-trade prevention: an incoming order meets one of its own account. RULES.md, section 6. */
import { hold } from './accounts';
import * as incoming from './incoming';
import { dequeue } from './levels';
import { writeCancelled, writeIncoming, writeReduced } from './order-events';
import {
  CANCELLED,
  EXPIRE_BOTH,
  EXPIRE_MAKER,
  EXPIRE_TAKER,
  REASON_SELF_TRADE,
  REDUCED,
} from './protocol';
import { forget, openOf, reduce, release } from './resting';
import { dropOrderTerm } from './state-hash';

/** After this either the resting order or the rest of the incoming one is gone, or both are. */
export function preventSelfTrade(market: usize, level: usize, maker: usize, price: u64): void {
  switch (incoming.selfTrade()) {
    case EXPIRE_TAKER:
      cancelIncoming(market, REASON_SELF_TRADE);
      break;
    case EXPIRE_MAKER:
      cancelMaker(market, level, maker, price);
      break;
    case EXPIRE_BOTH:
      cancelMaker(market, level, maker, price);
      cancelIncoming(market, REASON_SELF_TRADE);
      break;
    default:
      decrement(market, level, maker, price);
  }
}

/** Cancels what is left of the incoming order and frees what it holds. */
export function cancelIncoming(market: usize, reason: u32): void {
  tellIncoming(market, CANCELLED, reason, incoming.open);
  releaseIncoming(market, incoming.open);
}

function tellIncoming(market: usize, kind: u32, reason: u32, quantity: u64): void {
  writeIncoming(
    market,
    kind,
    incoming.side,
    reason,
    incoming.account(),
    incoming.orderId,
    incoming.clientOrderId(),
    incoming.price,
    quantity,
  );
}

function releaseIncoming(market: usize, lots: u64): void {
  const amount = incoming.perLot * lots;
  hold(market, incoming.balances, incoming.account(), incoming.side, 0 - amount);
  incoming.take(lots);
}

/** Its level's new total is told when the incoming order is done with the level. */
function cancelMaker(market: usize, level: usize, maker: usize, price: u64): void {
  const open = openOf(maker);
  writeCancelled(market, maker, REASON_SELF_TRADE, price, open, 0, 0);
  release(market, maker, price, open);
  dropOrderTerm(market, maker, price);
  dequeue(level, maker);
  forget(market, incoming.balances, maker);
}

function decrement(market: usize, level: usize, maker: usize, price: u64): void {
  const makerOpen = openOf(maker);
  const lots = min(makerOpen, incoming.open);
  if (makerOpen == lots) {
    cancelMaker(market, level, maker, price);
    if (incoming.open == lots) {
      cancelIncoming(market, REASON_SELF_TRADE);
    } else {
      releaseIncoming(market, lots);
      tellIncoming(market, REDUCED, REASON_SELF_TRADE, incoming.open);
    }
    return;
  }
  cancelIncoming(market, REASON_SELF_TRADE);
  reduce(market, maker, lots);
  writeReduced(market, maker, REASON_SELF_TRADE, makerOpen - lots);
}
