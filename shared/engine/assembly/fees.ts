/**
 * Fees in parts per million of the quote amount: fees round up, rebates round down. A quote amount
 * goes to 2^63 - 1, so it is split at a million: no product passes 2^60.
 */
import { MAX_FEE_PPM } from './market';
import { MAX_AMOUNT, PPM } from './protocol';

/** Half of 2^64 over the highest rate: below it amount x rate + 999,999 does not wrap. */
const SMALL_AMOUNT: u64 = 1 << 46;

// @ts-ignore: decorator
@inline
export function feeOn(quoteAmount: u64, ratePpm: u64): u64 {
  if (quoteAmount < SMALL_AMOUNT) return (quoteAmount * ratePpm + (PPM - 1)) / PPM;
  const millions = quoteAmount / PPM;
  const rest = quoteAmount - millions * PPM;
  return ratePpm * millions + (ratePpm * rest + PPM - 1) / PPM;
}

// @ts-ignore: decorator
@inline
export function rebateOn(quoteAmount: u64, ratePpm: u64): u64 {
  if (quoteAmount < SMALL_AMOUNT) return (quoteAmount * ratePpm) / PPM;
  const millions = quoteAmount / PPM;
  const rest = quoteAmount - millions * PPM;
  return ratePpm * millions + (ratePpm * rest) / PPM;
}

/** Quote units that a purchase holds for each lot: its price and the highest fee a lot may cost. */
// @ts-ignore: decorator
@inline
export function holdPerLot(market: usize, price: u64): u64 {
  const highest = <u64>load<u32>(market, MAX_FEE_PPM);
  // At most 10^5 x 2^36.
  return highest != 0 ? price + (highest * price + (PPM - 1)) / PPM : price;
}

/**
 * What an order holds for each lot: quote units, or the lot itself. That no branch depends on the
 * side is worth more than what is calculated in vain: nobody can foretell it.
 */
// @ts-ignore: decorator
@inline
export function heldPerLot(market: usize, side: u32, price: u64): u64 {
  return (holdPerLot(market, price) & ifBuy(side)) | <u64>side;
}

/** The quote units that a lot may cost its buyer, or bring its seller. */
// @ts-ignore: decorator
@inline
export function valuePerLot(market: usize, side: u32, price: u64): u64 {
  return price + ((holdPerLot(market, price) - price) & ifBuy(side));
}

/** All bits for BUY, which is 0; none for SELL, which is 1. */
// @ts-ignore: decorator
@inline
export function ifBuy(side: u32): u64 {
  return <u64>side - 1;
}

/** Whether `perLot` x `quantity` reaches 2^63; the quantity is not zero. */
// @ts-ignore: decorator
@inline
export function isTooLarge(perLot: u64, quantity: u64): bool {
  // Bits that fit surely need no division.
  if (clz(perLot) + clz(quantity) >= 65) return false;
  return perLot > MAX_AMOUNT / quantity;
}
