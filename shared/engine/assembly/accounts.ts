/**
 * Accounts. A directory that grows with the highest number leads to blocks of 512 accounts, made
 * when the first of them is needed; so an account is two loads away and never moves.
 *
 * ```
 * account  +0              +8         +16              +24
 *          base available  base held  quote available  quote held
 *          +32             +36         +40            +44          +48            +52      +56
 *          place for the   chunks of   first session  open orders  tier           timer's  deadline
 *          next order      orders                                  | number << 8  place + 1
 *          +64               +68          +72              +104
 *          0 (its place      orders left  session          6 x order
 *          among the chunks)              (sessions.ts)    (account-orders.ts)
 * ```
 * An account's first session and its first few orders lie in the account, so that most accounts are
 * two cache lines side by side.
 *
 * Account 0, the supply, keeps what is outstanding where the others keep what is available.
 */
import {
  ACCOUNT_BLOCKS,
  ACCOUNT_DIRECTORY,
  FEES,
  SUPPLY,
  addTerm,
} from './market';
import { allocateBlock, blockShiftFor, freeBlock } from './memory';
import { ifBuy } from './fees';
import { FEES_ACCOUNT, SUPPLY_ACCOUNT } from './protocol';
import { ACCOUNT_TAG, P0, P1, P2, P3, weight1 } from './scramble';

const ACCOUNT_SHIFT: usize = 7;
const BLOCK_ACCOUNTS_SHIFT: u32 = 9;
const BLOCK_ACCOUNTS: u32 = 1 << BLOCK_ACCOUNTS_SHIFT;
const FIRST_BLOCKS: u32 = 16;

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
  store<u32>(market, <u32>allocateBlock(blockShiftFor(FIRST_BLOCKS << 2)), ACCOUNT_DIRECTORY);
  store<u32>(market, FIRST_BLOCKS, ACCOUNT_BLOCKS);
  store<u32>(market, <u32>ensureAccount(market, SUPPLY_ACCOUNT), SUPPLY);
  store<u32>(market, <u32>ensureAccount(market, FEES_ACCOUNT), FEES);
}

/** Address of an account; 0 when no account of its block ever had anything. */
// @ts-ignore: decorator
@inline
export function accountAt(market: usize, id: u32): usize {
  const index = id >> BLOCK_ACCOUNTS_SHIFT;
  if (index >= load<u32>(market, ACCOUNT_BLOCKS)) return 0;
  const block = blockAt(market, index);
  if (block == 0) return 0;
  return block + (<usize>(id & (BLOCK_ACCOUNTS - 1)) << ACCOUNT_SHIFT);
}

/** Address of an account that there is. */
// @ts-ignore: decorator
@inline
export function accountOfOrder(market: usize, id: u32): usize {
  const block = blockAt(market, id >> BLOCK_ACCOUNTS_SHIFT);
  return block + (<usize>(id & (BLOCK_ACCOUNTS - 1)) << ACCOUNT_SHIFT);
}

// @ts-ignore: decorator
@inline
function blockAt(market: usize, index: u32): usize {
  return load<u32>(<usize>load<u32>(market, ACCOUNT_DIRECTORY) + (<usize>index << 2));
}

export function ensureAccount(market: usize, id: u32): usize {
  const index = id >> BLOCK_ACCOUNTS_SHIFT;
  while (index >= load<u32>(market, ACCOUNT_BLOCKS)) growDirectory(market);
  const entry = <usize>load<u32>(market, ACCOUNT_DIRECTORY) + (<usize>index << 2);
  if (load<u32>(entry) == 0) {
    store<u32>(entry, <u32>allocateBlock(BLOCK_ACCOUNTS_SHIFT + <u32>ACCOUNT_SHIFT));
  }
  return accountOfOrder(market, id);
}

function growDirectory(market: usize): void {
  const old: usize = load<u32>(market, ACCOUNT_DIRECTORY);
  const bytes = load<u32>(market, ACCOUNT_BLOCKS) << 2;
  const shift = blockShiftFor(bytes);
  const directory = allocateBlock(shift + 1);
  memory.copy(directory, old, bytes);
  freeBlock(old, shift);
  store<u32>(market, <u32>directory, ACCOUNT_DIRECTORY);
  store<u32>(market, bytes >> 1, ACCOUNT_BLOCKS);
}

/** The first account at `id` or above whose block there is, or 2^32 - 1: for walks. */
export function nextAccount(market: usize, id: u32): u32 {
  const blocks = load<u32>(market, ACCOUNT_BLOCKS);
  let index = id >> BLOCK_ACCOUNTS_SHIFT;
  if (index < blocks && blockAt(market, index) != 0) return id;
  do {
    index += 1;
    if (index >= blocks) return 0xffffffff;
  } while (blockAt(market, index) == 0);
  return index << BLOCK_ACCOUNTS_SHIFT;
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
