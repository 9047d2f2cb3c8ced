/** What happens to an order that passed every check: it trades, then rests or ends. */
import {
  BASE_AVAILABLE,
  BASE_HELD,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  TIER,
  accountOfOrder,
  credit,
  hold,
  weightOfAccount,
} from './accounts';
import { feeOn, holdPerLot, ifBuy, rebateOn } from './fees';
import * as incoming from './incoming';
import { bestLevel, bookAt, removeLevel } from './ladder';
import {
  dequeue,
  enqueue,
  headOf,
  levelOrders,
  levelPrice,
  reduceLevel,
} from './levels';
import {
  FEES,
  LAST_PRICE,
  MATCH_LIMIT,
  addTerm,
  countRecord,
  makerRate,
  nextArrival,
  takerRate,
} from './market';
import { writeDelta, writeFee, writeRefilled, writeTrade } from './order-events';
import {
  accountOf,
  clientOrderIdOf,
  displayedOf,
  hasTerms,
  orderIdOf,
  setDisplayed,
  setPriority,
} from './orders';
import {
  FEES_ACCOUNT,
  MAKER,
  REASON_IMMEDIATE_OR_CANCEL,
  REASON_MATCH_LIMIT,
  REASON_NO_ROOM,
  TAKER,
} from './protocol';
import { forget, hasLevelRoom, rest } from './resting';
import { P0, P1, P2, P3 } from './scramble';
import { cancelIncoming, preventSelfTrade } from './self-trade';
import { addOrderTerm, dropLots, dropOrderTerm } from './state-hash';
import { displaySizeOf, hiddenOf, setHidden } from './terms';

/** Sets aside what the incoming order may cost. */
// @ts-ignore: decorator
@inline
export function holdIncoming(market: usize): void {
  const amount = incoming.perLot * incoming.open;
  hold(market, incoming.balances, incoming.account(), incoming.side, amount);
}

/** How many more orders the incoming one may meet. */
let mayMeet: u32 = 0;

/**
 * Places the incoming order, which holds what it may cost already. Returns how many orders it met.
 */
export function place(market: usize): u32 {
  const limit = load<u32>(market, MATCH_LIMIT);
  mayMeet = limit;
  takeAll(market);
  if (incoming.open != 0) placeRest(market);
  return limit - mayMeet;
}

/** Trades with level after level, as long as it may. */
// @ts-ignore: decorator
@inline
function takeAll(market: usize): void {
  const side = incoming.side;
  const price = incoming.price;
  const book = bookAt(market, side ^ 1);
  for (;;) {
    const level = bestLevel(book);
    if (level == 0 || !crosses(side, price, levelPrice(level))) return;
    if (mayMeet == 0) {
      cancelIncoming(market, REASON_MATCH_LIMIT);
      return;
    }
    takeFrom(market, book, level);
    if (incoming.open == 0) return;
  }
}

/** What is left of an order that nothing on the book is left for. */
// @ts-ignore: decorator
@inline
function placeRest(market: usize): void {
  const side = incoming.side;
  const price = incoming.price;
  if (!incoming.canRest()) cancelIncoming(market, REASON_IMMEDIATE_OR_CANCEL);
  // Only a triggered stop, which was checked long ago, can find no level.
  else if (hasLevelRoom(market, bookAt(market, side), price, 0)) rest(market);
  else cancelIncoming(market, REASON_NO_ROOM);
}

/** Whether an order of this side and price trades at another price. */
// @ts-ignore: decorator
@inline
export function crosses(side: u32, price: u64, makerPrice: u64): bool {
  const distance = <i64>(price - makerPrice);
  // The distance, or its negative.
  return (distance ^ -<i64>side) + <i64>side >= 0;
}

/** Trades with the orders of a level, first come first served, as far as they go. */
// @ts-ignore: decorator
@inline
function takeFrom(market: usize, book: usize, level: usize): void {
  const price = levelPrice(level);
  let left = mayMeet;
  do {
    left -= 1;
    const maker = headOf(level);
    if (incoming.selfTrade() != 0 && accountOf(maker) == incoming.account()) {
      preventSelfTrade(market, level, maker, price);
      continue;
    }
    const balances = accountOfOrder(market, accountOf(maker));
    const displayed = displayedOf(maker);
    const lots = min(displayed, incoming.open);
    incoming.take(lots);
    trade(market, maker, balances, price, lots);
    if (lots < displayed) {
      dropLots(market, maker, price, lots);
      setDisplayed(maker, displayed - lots);
      reduceLevel(level, lots);
    } else if (hiddenOf(maker) != 0) {
      refill(market, level, maker, price);
    } else {
      dropOrderTerm(market, maker, price);
      dequeue(level, maker);
      forget(market, balances, maker);
    }
  } while (incoming.open != 0 && levelOrders(level) != 0 && left != 0);
  mayMeet = left;
  writeDelta(market, incoming.side ^ 1, level);
  if (levelOrders(level) == 0) removeLevel(book, level);
}

/** Shows the next part of an iceberg, at the end of the queue. */
function refill(market: usize, level: usize, maker: usize, price: u64): void {
  dropOrderTerm(market, maker, price);
  dequeue(level, maker);
  const hidden = hiddenOf(maker);
  const shown = min(displaySizeOf(maker), hidden);
  setHidden(maker, hidden - shown);
  setDisplayed(maker, shown);
  setPriority(maker, nextArrival(market));
  enqueue(level, maker);
  addOrderTerm(market, maker, price);
  writeRefilled(market, maker, price, shown);
}

// @ts-ignore: decorator
@inline
function trade(market: usize, maker: usize, balances: usize, price: u64, lots: u64): void {
  const id = accountOf(maker);
  const quote = price * lots;
  writeTrade(market, incoming.side, incoming.account(), incoming.orderId, maker, price, lots);
  countRecord(market);
  store<u64>(market, price, LAST_PRICE);
  settle(market, balances, id, price, quote, lots);
  const takerPpm = takerRate(market, load<u8>(incoming.balances, TIER));
  if (takerPpm != 0) {
    const name = incoming.clientOrderId();
    const owner = incoming.account();
    charge(market, TAKER, takerPpm, incoming.balances, quote, owner, incoming.orderId, name);
  }
  const makerPpm = makerRate(market, load<u8>(balances, TIER));
  if (makerPpm != 0) {
    const name = clientOrderIdOf(maker);
    charge(market, MAKER, makerPpm, balances, quote, id, orderIdOf(maker), name);
  }
}

/** Moves what a trade moves between the incoming order's account and the maker's. */
// @ts-ignore: decorator
@inline
function settle(
  market: usize,
  balances: usize,
  id: u32,
  price: u64,
  quote: u64,
  lots: u64,
): void {
  // Without a branch, like all that depends on the side.
  const buys = ifBuy(incoming.side);
  const both = <usize>incoming.balances ^ balances;
  const bothIds = incoming.account() ^ id;
  const buyer = balances ^ (both & <usize>buys);
  const buyerId = id ^ (bothIds & <u32>buys);
  const makerPerLot = holdPerLot(market, price);
  const perLot = makerPerLot ^ ((makerPerLot ^ incoming.perLot) & buys);
  buy(market, buyer, buyerId, perLot * lots, quote, lots);
  sell(market, both ^ buyer, bothIds ^ buyerId, quote, lots);
}

/** Lots for quote units out of what was held for them; what was held above that comes free. */
// @ts-ignore: decorator
@inline
function buy(market: usize, buyer: usize, id: u32, held: u64, quote: u64, lots: u64): void {
  store<u64>(buyer, load<u64>(buyer, BASE_AVAILABLE) + lots, BASE_AVAILABLE);
  store<u64>(buyer, load<u64>(buyer, QUOTE_HELD) - held, QUOTE_HELD);
  store<u64>(buyer, load<u64>(buyer, QUOTE_AVAILABLE) + (held - quote), QUOTE_AVAILABLE);
  addTerm(market, weightOfAccount(id) * (lots * P0 - held * P3 + (held - quote) * P2));
}

// @ts-ignore: decorator
@inline
function sell(market: usize, seller: usize, id: u32, quote: u64, lots: u64): void {
  store<u64>(seller, load<u64>(seller, BASE_HELD) - lots, BASE_HELD);
  store<u64>(seller, load<u64>(seller, QUOTE_AVAILABLE) + quote, QUOTE_AVAILABLE);
  addTerm(market, weightOfAccount(id) * (quote * P2 - lots * P1));
}

/**
 * Moves a fee or a rebate. A taker's rebate may take the fee account below zero until the maker's
 * fee of the same trade, which is at least as high, is in: sums wrap, so that the order of the two
 * moves does not show.
 */
function charge(
  market: usize,
  liquidity: u32,
  ratePpm: i32,
  balances: usize,
  quote: u64,
  account: u32,
  orderId: u64,
  clientOrderId: u64,
): void {
  const isRebate = ratePpm < 0;
  const amount = isRebate ? rebateOn(quote, <u64>-ratePpm) : feeOn(quote, <u64>ratePpm);
  if (amount == 0) return;
  const fee = isRebate ? 0 - amount : amount;
  credit(market, load<u32>(market, FEES), FEES_ACCOUNT, true, fee);
  credit(market, balances, account, true, 0 - fee);
  writeFee(market, liquidity, <u32>isRebate, account, orderId, clientOrderId, amount);
  countRecord(market);
}
