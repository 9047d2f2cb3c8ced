/**
 * Balances. A directory of 2^15 entries leads to blocks of 512 accounts, made when the first of
 * their accounts gets a deposit; so an account is two loads away and never moves.
 *
 * ```
 * account  +0              +8         +16              +24
 *          base available  base held  quote available  quote held
 * ```
 * Account 0, the supply, keeps what is outstanding where the others keep what is available.
 */
import { PAGE_BYTES, pagesFor, reservePages } from './memory';
import { FEES_ACCOUNT, MAX_ACCOUNT, SUPPLY_ACCOUNT } from './protocol';

const ACCOUNT_BYTES_SHIFT: usize = 5;
const BLOCK_SHIFT: u32 = 9;
const BLOCK_ACCOUNTS: u32 = 1 << BLOCK_SHIFT;
const BLOCK_BYTES: usize = <usize>BLOCK_ACCOUNTS << ACCOUNT_BYTES_SHIFT;
const DIRECTORY_ENTRIES: u32 = (MAX_ACCOUNT + 1) >> BLOCK_SHIFT;

export const BASE_AVAILABLE: usize = 0;
export const BASE_HELD: usize = 8;
export const QUOTE_AVAILABLE: usize = 16;
export const QUOTE_HELD: usize = 24;

let directory: usize = 0;
/** What is left of the page that blocks are cut from. */
let spare: usize = 0;
let spareEnd: usize = 0;

export let supplyAccount: usize = 0;
export let feesAccount: usize = 0;

export function setUpAccounts(): void {
  directory = reservePages(pagesFor(<usize>DIRECTORY_ENTRIES << 2));
  supplyAccount = ensureAccount(SUPPLY_ACCOUNT);
  feesAccount = ensureAccount(FEES_ACCOUNT);
}

/** Address of an account's balances; 0 when no account of its block ever had any. */
// @ts-ignore: decorator
@inline
export function accountAt(id: u32): usize {
  const block: usize = load<u32>(directory + (<usize>(id >> BLOCK_SHIFT) << 2));
  if (block == 0) return 0;
  return block + (<usize>(id & (BLOCK_ACCOUNTS - 1)) << ACCOUNT_BYTES_SHIFT);
}

export function ensureAccount(id: u32): usize {
  const entry = directory + (<usize>(id >> BLOCK_SHIFT) << 2);
  if (load<u32>(entry) == 0) store<u32>(entry, <u32>newBlock());
  return accountAt(id);
}

function newBlock(): usize {
  if (spare == spareEnd) {
    spare = reservePages(1);
    spareEnd = spare + PAGE_BYTES;
  }
  const block = spare;
  spare += BLOCK_BYTES;
  return block;
}

/** Moves an amount from one field to another (of any account). */
// @ts-ignore: decorator
@inline
export function move(from: usize, to: usize, amount: u64): void {
  store<u64>(from, load<u64>(from) - amount);
  store<u64>(to, load<u64>(to) + amount);
}

/** Calls back for each account of the blocks there are, in order of their ids. */
export function forEachAccount(visit: (id: u32, account: usize) => void): void {
  for (let index: u32 = 0; index < DIRECTORY_ENTRIES; index += 1) {
    const block: usize = load<u32>(directory + (<usize>index << 2));
    if (block == 0) continue;
    for (let within: u32 = 0; within < BLOCK_ACCOUNTS; within += 1) {
      const account = block + (<usize>within << ACCOUNT_BYTES_SHIFT);
      visit((index << BLOCK_SHIFT) | within, account);
    }
  }
}
