/**
 * Prices as keys of a ladder. A feed's prices are whole numbers of tiny units, its ticks are many
 * of these; a ladder is quick where ticks are neighbours. So the key of a price is how many units
 * it is above a base, where the unit is the largest one in which all prices met so far can be
 * said. A price that cannot be makes the unit smaller, and the ladders are built again: at most 64
 * times, as each unit divides the one before. Any i64 has a key, and keys rise with prices.
 *
 * Whether a number is a multiple of `unit` = odd x 2^shift, and which, one multiplication tells:
 * the number times the inverse of `odd` modulo 2^64, rotated right by `shift`, is the quotient if
 * it is at most the largest quotient there is, and there is none if not (Granlund and Montgomery,
 * "Division by invariant integers using multiplication", 1994, section 9).
 */
import { attachLevel, bestLevel, detachLevel, levelCount } from '../../engine/assembly/ladder';
import { bookOf, levelPrice, setBookOf, setLevelPrice } from '../../engine/assembly/levels';
import { BUY, SELL } from './event';
import { Instrument, ladderOf } from './replay-book';

/** Turns the order of i64 into that of u64. */
const SIGN: u64 = 0x8000000000000000;
const ALL_ONES: u64 = 0xffffffffffffffff;

/** Is the price one that can be said in the unit? */
// @ts-ignore: decorator
@inline
export function hasKey(it: Instrument, price: i64): bool {
  const unsigned = <u64>price ^ SIGN;
  return unsigned >= it.base && quotient(it, unsigned - it.base) <= it.most;
}

/** Of a price that has one. */
// @ts-ignore: decorator
@inline
export function keyOf(it: Instrument, price: i64): u64 {
  return quotient(it, (<u64>price ^ SIGN) - it.base);
}

// @ts-ignore: decorator
@inline
function quotient(it: Instrument, difference: u64): u64 {
  return rotr<u64>(difference * it.inverse, <u64>it.shift);
}

/** The key of a price, whatever it takes. */
// @ts-ignore: decorator
@inline
export function ensureKey(it: Instrument, price: i64): u64 {
  if (!hasKey(it, price)) adoptPrice(it, <u64>price ^ SIGN);
  return keyOf(it, price);
}

// @ts-ignore: decorator
@inline
export function priceOfKey(it: Instrument, key: u64): i64 {
  return <i64>((it.base + key * it.unit) ^ SIGN);
}

/** A unit in which this price and all before can be said. */
function adoptPrice(it: Instrument, price: u64): void {
  const bids = ladderOf(changetype<usize>(it), BUY);
  const asks = ladderOf(changetype<usize>(it), SELL);
  if (levelCount(bids) + levelCount(asks) == 0) {
    onlyPrice(it, price);
    return;
  }
  const oldBase = it.base;
  const oldUnit = it.unit;
  const distance = price > oldBase ? price - oldBase : oldBase - price;
  const unit = greatestDivisor(oldUnit, distance);
  it.base = oldBase % unit;
  it.unit = unit;
  it.shift = <u32>ctz(unit);
  it.inverse = inverseOf(unit >> <u64>it.shift);
  it.most = ALL_ONES / unit;
  rebuild(it, bids, oldBase, oldUnit);
  rebuild(it, asks, oldBase, oldUnit);
}

/** The one price has key 0; no other has any. A new instrument, all zeros but `inverse`, too. */
function onlyPrice(it: Instrument, price: u64): void {
  it.base = price;
  it.unit = 0;
  it.inverse = 1;
  it.most = 0;
  it.shift = 0;
}

function greatestDivisor(first: u64, second: u64): u64 {
  let a = first;
  let b = second;
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** Of an odd number, modulo 2^64: each of Newton's steps doubles the bits that are right. */
function inverseOf(odd: u64): u64 {
  let inverse = (odd * 3) ^ 2;
  for (let bits: u32 = 5; bits < 64; bits <<= 1) inverse *= 2 - odd * inverse;
  return inverse;
}

/**
 * Enters all levels again, with the keys that they have now. In between they are linked through
 * what names their book: memory for a list of them, given back, would only serve as single pages.
 */
function rebuild(it: Instrument, ladder: usize, oldBase: u64, oldUnit: u64): void {
  let first: usize = 0;
  while (levelCount(ladder) != 0) {
    const level = bestLevel(ladder);
    detachLevel(ladder, level);
    setLevelPrice(level, oldBase + levelPrice(level) * oldUnit);
    setBookOf(level, first);
    first = level;
  }
  while (first != 0) {
    const level = first;
    first = bookOf(level);
    setBookOf(level, ladder);
    setLevelPrice(level, (levelPrice(level) - it.base) / it.unit);
    attachLevel(ladder, level);
  }
}
