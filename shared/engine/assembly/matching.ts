/** What happens to an order that passed every check: it trades, then rests or ends. */
import {
  BASE_AVAILABLE,
  BASE_HELD,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  accountAt,
  feesAccount,
  move,
} from './accounts';
import { cancelledHead, writeCancelled, writeDelta, writeFee, writeTrade } from './events';
import { feeOn, holdPerLot, rebateOn } from './fees';
import { bestLevel, findLevel, insertLevel, removeLevel } from './ladder';
import {
  dequeue,
  enqueue,
  headOf,
  levelOrders,
  levelPrice,
  levelQuantity,
  reduceLevel,
} from './levels';
import { countRecord, makerFeePpm, sequence, takerFeePpm } from './market';
import { mapOrder, unmapOrder } from './order-map';
import {
  accountOf,
  allocateOrder,
  clientOrderIdOf,
  freeOrder,
  levelOf,
  nameOrder,
  nextOf,
  orderIdOf,
  quantityOf,
  setQuantity,
  sideOf,
} from './orders';
import {
  BUY,
  CANCELLED,
  IOC,
  MAKER,
  REASON_IMMEDIATE_OR_CANCEL,
  SELL,
  TAKER,
} from './protocol';

// The incoming order, while its command runs.
let takerSide: u32 = 0;
let takerAccount: u32 = 0;
let takerBalances: usize = 0;
let takerClientOrderId: u64 = 0;
let takerPrice: u64 = 0;
let takerPerLot: u64 = 0;
let takerOpen: u64 = 0;

/** Places an order whose hold is available; its id is the sequence of the command. */
export function place(
  side: u32,
  account: u32,
  clientOrderId: u64,
  price: u64,
  quantity: u64,
  timeInForce: u32,
): void {
  takerSide = side;
  takerAccount = account;
  takerBalances = accountAt(account);
  takerClientOrderId = clientOrderId;
  takerPrice = price;
  takerPerLot = side == BUY ? holdPerLot(price) : 1;
  takerOpen = quantity;
  hold();
  const makerSide = side ^ 1;
  while (takerOpen != 0) {
    const level = bestLevel(makerSide);
    if (level == 0 || !crosses(side, price, levelPrice(level))) break;
    takeFrom(makerSide, level);
  }
  if (takerOpen == 0) return;
  if (timeInForce == IOC) cancelRest();
  else rest();
}

// @ts-ignore: decorator
@inline
export function crosses(side: u32, price: u64, makerPrice: u64): bool {
  return side == BUY ? makerPrice <= price : makerPrice >= price;
}

// @ts-ignore: decorator
@inline
function hold(): void {
  const amount = takerPerLot * takerOpen;
  if (takerSide == BUY) move(takerBalances + QUOTE_AVAILABLE, takerBalances + QUOTE_HELD, amount);
  else move(takerBalances + BASE_AVAILABLE, takerBalances + BASE_HELD, amount);
}

/** Frees the hold of so many lots at a price. */
// @ts-ignore: decorator
@inline
function release(balances: usize, side: u32, price: u64, quantity: u64): void {
  if (side == BUY) {
    move(balances + QUOTE_HELD, balances + QUOTE_AVAILABLE, holdPerLot(price) * quantity);
  } else {
    move(balances + BASE_HELD, balances + BASE_AVAILABLE, quantity);
  }
}

function cancelRest(): void {
  const start = cancelledHead(CANCELLED, takerSide, REASON_IMMEDIATE_OR_CANCEL, takerAccount);
  writeCancelled(start, sequence, takerClientOrderId, takerPrice, takerOpen, 0, 0);
  release(takerBalances, takerSide, takerPrice, takerOpen);
}

// @ts-ignore: decorator
@inline
function rest(): void {
  const order = allocateOrder();
  nameOrder(order, sequence, takerClientOrderId, takerAccount, takerSide);
  setQuantity(order, takerOpen);
  mapOrder(order);
  let level = findLevel(takerSide, takerPrice);
  if (level == 0) level = insertLevel(takerSide, takerPrice);
  enqueue(level, order);
  writeDelta(takerSide, takerPrice, levelQuantity(level), levelOrders(level));
}

/** Trades with the orders of a level, first come first served, as far as they go. */
// @ts-ignore: decorator
@inline
function takeFrom(makerSide: u32, level: usize): void {
  const price = levelPrice(level);
  let maker = headOf(level);
  while (maker != 0 && takerOpen != 0) {
    const open = quantityOf(maker);
    const quantity = min(open, takerOpen);
    takerOpen -= quantity;
    trade(maker, price, quantity);
    if (quantity < open) {
      setQuantity(maker, open - quantity);
      reduceLevel(level, quantity);
      break;
    }
    const next = nextOf(maker);
    unmapOrder(maker);
    dequeue(level, maker);
    freeOrder(maker);
    maker = next;
  }
  writeDelta(makerSide, price, levelQuantity(level), levelOrders(level));
  if (maker == 0) removeLevel(makerSide, level);
}

// @ts-ignore: decorator
@inline
function trade(maker: usize, price: u64, quantity: u64): void {
  const account = accountOf(maker);
  const balances = accountAt(account);
  const orderId = orderIdOf(maker);
  const clientOrderId = clientOrderIdOf(maker);
  const quoteAmount = price * quantity;
  writeTrade(takerSide, takerAccount, orderId, price, quantity, clientOrderId, account);
  countRecord();
  if (takerSide == BUY) exchange(takerBalances, balances, takerPerLot, quoteAmount, quantity);
  else exchange(balances, takerBalances, holdPerLot(price), quoteAmount, quantity);
  if (takerFeePpm != 0) {
    const id = takerClientOrderId;
    charge(TAKER, takerFeePpm, takerBalances, quoteAmount, takerAccount, sequence, id);
  }
  if (makerFeePpm != 0) {
    charge(MAKER, makerFeePpm, balances, quoteAmount, account, orderId, clientOrderId);
  }
}

/** Lots out of the seller's hold for quote units out of the buyer's, whose surplus comes free. */
// @ts-ignore: decorator
@inline
function exchange(
  buyer: usize,
  seller: usize,
  buyerPerLot: u64,
  quoteAmount: u64,
  quantity: u64,
): void {
  move(seller + BASE_HELD, buyer + BASE_AVAILABLE, quantity);
  move(buyer + QUOTE_HELD, buyer + QUOTE_AVAILABLE, buyerPerLot * quantity);
  move(buyer + QUOTE_AVAILABLE, seller + QUOTE_AVAILABLE, quoteAmount);
}

/**
 * Moves a fee or a rebate. A taker's rebate may take the fee account below zero until the maker's
 * fee of the same trade, which is at least as high, is in: sums wrap, so that the order of the two
 * moves does not show.
 */
function charge(
  liquidity: u32,
  ratePpm: i32,
  balances: usize,
  quoteAmount: u64,
  account: u32,
  orderId: u64,
  clientOrderId: u64,
): void {
  const isRebate = ratePpm < 0;
  const amount = isRebate
    ? rebateOn(quoteAmount, <u64>-ratePpm)
    : feeOn(quoteAmount, <u64>ratePpm);
  if (amount == 0) return;
  const trader = balances + QUOTE_AVAILABLE;
  const fees = feesAccount + QUOTE_AVAILABLE;
  if (isRebate) move(fees, trader, amount);
  else move(trader, fees, amount);
  writeFee(liquidity, <u32>isRebate, account, orderId, clientOrderId, amount);
  countRecord();
}

/** Removes a resting order, frees what it held and tells the level's new total. */
export function takeOff(order: usize): void {
  const side = sideOf(order);
  const level = levelOf(order);
  const price = levelPrice(level);
  release(accountAt(accountOf(order)), side, price, quantityOf(order));
  unmapOrder(order);
  dequeue(level, order);
  freeOrder(order);
  writeDelta(side, price, levelQuantity(level), levelOrders(level));
  if (levelOrders(level) == 0) removeLevel(side, level);
}
