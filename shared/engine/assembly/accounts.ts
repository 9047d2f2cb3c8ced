/**
 * Accounts. Ten bits of a number lead through the market's directory to one of 512 blocks, and that
 * to one of 32 accounts; each is made when the first account below it is needed. So an account is
 * two loads away and never moves, nothing is ever copied to grow, and a number far from all others
 * costs 6 KiB.
 *
 * ```
 * account  +0              +8         +16              +24
 *          base available  base held  quote available  quote held
 *          +32             +36         +40            +44          +48            +52      +56
 *          place for the   tree of     first session  open orders  tier           timer's  deadline
 *          next order      chunks                                  | number << 8  place + 1
 *          +64               +68          +72              +104
 *          0                 orders left  session          6 x order
 *                                         (sessions.ts)    (account-orders.ts)
 * ```
 * An account's first session and its first few orders lie in the account, so that most accounts are
 * two cache lines side by side.
 *
 * Account 0, the supply, keeps what is outstanding where the others keep what is available.
 */
import {
  ACCOUNT_DIRECTORY,
  DROPPED_UP_TO,
  FEES,
  SUPPLY,
  addTerm,
} from './market';
import { allocateBlock, freeBlock } from './memory';
import { ifBuy } from './fees';
import { FEES_ACCOUNT, SUPPLY_ACCOUNT } from './protocol';
import { ACCOUNT_TAG, P0, P1, P2, P3, weight1 } from './scramble';

const ACCOUNT_SHIFT: usize = 7;
const BLOCK_BITS: u32 = 5;
const BLOCK_MASK: u32 = 31;
const MIDDLE_BITS: u32 = 9;
const MIDDLE_MASK: u32 = 511;
/** Of the directory: what is left of the 24 bits of a number. */
const TOP_BITS: u32 = 10;
const TOP_SHIFT: u32 = BLOCK_BITS + MIDDLE_BITS;
const POINTER_SHIFT: u32 = 2;
const NUMBERS: u32 = 1 << (TOP_SHIFT + TOP_BITS);
const NO_NUMBER: u32 = 0xffffffff;

export const BASE_AVAILABLE: usize = 0;
export const BASE_HELD: usize = 8;
export const QUOTE_AVAILABLE: usize = 16;
export const QUOTE_HELD: usize = 24;
export const NEXT_PLACE: usize = 32;
export const CHUNKS: usize = 36;
export const FIRST_SESSION: usize = 40;
export const OPEN_ORDERS: usize = 44;
export const TIER: usize = 48;
export const TIMER_PLACE: usize = 52;
export const DEADLINE: usize = 56;
/** The chunk of orders in the account, as one of account-orders.ts. */
export const OWN_CHUNK: usize = 64;
export const OWN_SESSION: usize = 72;
export const OWN_PLACES: usize = 104;

export function setUpAccounts(market: usize): void {
  store<u32>(market, <u32>allocateBlock(TOP_BITS + POINTER_SHIFT), ACCOUNT_DIRECTORY);
  store<u32>(market, <u32>ensureAccount(market, SUPPLY_ACCOUNT), SUPPLY);
  store<u32>(market, <u32>ensureAccount(market, FEES_ACCOUNT), FEES);
}

/** Address of an account; 0 when no account of its block ever had anything. */
// @ts-ignore: decorator
@inline
export function accountAt(market: usize, id: u32): usize {
  if (id >= NUMBERS) return 0;
  const middle: usize = load<u32>(topEntry(market, id));
  if (middle == 0) return 0;
  const block: usize = load<u32>(middleEntry(middle, id));
  return block != 0 ? accountIn(block, id) : 0;
}

/** Address of an account that there is. */
// @ts-ignore: decorator
@inline
export function accountOfOrder(market: usize, id: u32): usize {
  return accountIn(load<u32>(middleEntry(load<u32>(topEntry(market, id)), id)), id);
}

// @ts-ignore: decorator
@inline
function topEntry(market: usize, id: u32): usize {
  return <usize>load<u32>(market, ACCOUNT_DIRECTORY) + (<usize>(id >> TOP_SHIFT) << POINTER_SHIFT);
}

// @ts-ignore: decorator
@inline
function middleEntry(middle: usize, id: u32): usize {
  return middle + (<usize>((id >> BLOCK_BITS) & MIDDLE_MASK) << POINTER_SHIFT);
}

// @ts-ignore: decorator
@inline
function accountIn(block: usize, id: u32): usize {
  return block + (<usize>(id & BLOCK_MASK) << ACCOUNT_SHIFT);
}

/** @param id - at most MAX_ACCOUNT */
export function ensureAccount(market: usize, id: u32): usize {
  const top = topEntry(market, id);
  if (load<u32>(top) == 0) store<u32>(top, <u32>allocateBlock(MIDDLE_BITS + POINTER_SHIFT));
  const entry = middleEntry(load<u32>(top), id);
  if (load<u32>(entry) == 0) {
    store<u32>(entry, <u32>allocateBlock(BLOCK_BITS + <u32>ACCOUNT_SHIFT));
  }
  return accountIn(load<u32>(entry), id);
}

/** The first account at `id` or above whose block there is, or 2^32 - 1: for walks. */
export function nextAccount(market: usize, id: u32): u32 {
  let at = id;
  while (at < NUMBERS) {
    const middle: usize = load<u32>(topEntry(market, at));
    if (middle == 0) {
      at = ((at >> TOP_SHIFT) + 1) << TOP_SHIFT;
    } else if (load<u32>(middleEntry(middle, at)) == 0) {
      at = ((at >> BLOCK_BITS) + 1) << BLOCK_BITS;
    } else {
      return at;
    }
  }
  return NO_NUMBER;
}

/**
 * Gives back the next accounts, each of which `drop` empties first. An account takes one of `most`
 * steps, and `drop` says what it leaves of them; 0 if it is to go on with the account. Returns what
 * is left of them: where that is not 0, there are no more accounts.
 */
export function dropSome(market: usize, most: u64, drop: (account: usize, most: u64) => u64): u64 {
  let left = most;
  let id = nextAccount(market, load<u32>(market, DROPPED_UP_TO));
  while (id != NO_NUMBER) {
    const entry = middleEntry(load<u32>(topEntry(market, id)), id);
    const block: usize = load<u32>(entry);
    left = drop(accountIn(block, id), left);
    if (left == 0) break;
    left -= 1;
    if ((id & BLOCK_MASK) == BLOCK_MASK) {
      freeBlock(block, BLOCK_BITS + <u32>ACCOUNT_SHIFT);
      store<u32>(entry, 0);
    }
    id = nextAccount(market, id + 1);
    if (left == 0) break;
  }
  store<u32>(market, id, DROPPED_UP_TO);
  return left;
}

/** Gives back the tables that led to blocks. */
export function dropAccounts(market: usize): void {
  for (let id: u32 = 0; id < NUMBERS; id += 1 << TOP_SHIFT) {
    const middle: usize = load<u32>(topEntry(market, id));
    if (middle != 0) freeBlock(middle, MIDDLE_BITS + POINTER_SHIFT);
  }
  freeBlock(load<u32>(market, ACCOUNT_DIRECTORY), TOP_BITS + POINTER_SHIFT);
}

/** Writes an account's number into it, for those who come from a timer. */
export function noteNumber(account: usize, id: u32): void {
  store<u32>(account, (id << 8) | <u32>load<u8>(account, TIER), TIER);
}

export function notedNumber(account: usize): u32 {
  return load<u32>(account, TIER) >> 8;
}

// @ts-ignore: decorator
@inline
export function weightOfAccount(id: u32): u64 {
  return weight1(ACCOUNT_TAG, id);
}

/** Where what is available to orders of a side stands: quote units to BUY, which is 0, with. */
// @ts-ignore: decorator
@inline
export function availableTo(account: usize, side: u32): usize {
  return account + QUOTE_AVAILABLE - (<usize>side << 4);
}

/** Moves what an order of a side holds from available to held, or back where it is negative. */
// @ts-ignore: decorator
@inline
export function hold(market: usize, account: usize, id: u32, side: u32, amount: u64): void {
  const available = availableTo(account, side);
  store<u64>(available, load<u64>(available) - amount);
  store<u64>(available, load<u64>(available, 8) + amount, 8);
  const ofSell = P1 - P0;
  const factor = ofSell + ((P3 - P2 - ofSell) & ifBuy(side));
  addTerm(market, weightOfAccount(id) * amount * factor);
}

/** Adds to what is available (negative amounts wrap around). */
// @ts-ignore: decorator
@inline
export function credit(market: usize, account: usize, id: u32, isQuote: bool, amount: u64): void {
  const available = account + (isQuote ? QUOTE_AVAILABLE : BASE_AVAILABLE);
  store<u64>(available, load<u64>(available) + amount);
  addTerm(market, weightOfAccount(id) * amount * (isQuote ? P2 : P0));
}

// @ts-ignore: decorator
@inline
export function openOrdersOf(account: usize): u32 {
  return load<u32>(account, OPEN_ORDERS);
}
