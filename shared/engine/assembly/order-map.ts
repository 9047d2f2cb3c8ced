/**
 * (account, clientOrderId) -> order. Open addressing over entries of 8 bytes; four to eight times
 * as many entries as live orders.
 *
 * ```
 * entry  +0             +4
 *        order address  tag (high half of the name's hash)
 * ```
 * The tag also gives the home slot, so that deleting, which shifts later entries back, and growing
 * never touch the orders themselves.
 */
import { pagesFor, releasePages, reservePages } from './memory';
import { accountOf, clientOrderIdOf } from './orders';

const FIRST_BITS: u32 = 13;

let table: usize = 0;
let bits: u32 = FIRST_BITS;
let count: u32 = 0;
/** Byte offset of the last entry: with it a byte offset wraps around. */
let mask: usize = 0;

export function setUpOrderMap(): void {
  table = reservePages(pagesFor(<usize>8 << bits));
  mask = (<usize>8 << bits) - 8;
}

// @ts-ignore: decorator
@inline
function tagOf(account: u32, clientOrderId: u64): u32 {
  let hash = clientOrderId ^ (<u64>account * 0xd6e8feb86659fd93);
  hash ^= hash >> 32;
  return <u32>((hash * 0x9e3779b97f4a7c15) >> 32);
}

/** Byte offset of the slot that a tag belongs to. */
// @ts-ignore: decorator
@inline
function homeOf(tag: u32): usize {
  return <usize>(tag >> (32 - bits)) << 3;
}

/** The live order of this name, or 0. */
// @ts-ignore: decorator
@inline
export function findOrder(account: u32, clientOrderId: u64): usize {
  const tag = tagOf(account, clientOrderId);
  let slot = homeOf(tag);
  let entry = load<u64>(table + slot);
  while (entry != 0) {
    if (<u32>(entry >> 32) == tag) {
      const order = <usize>(<u32>entry);
      if (clientOrderIdOf(order) == clientOrderId && accountOf(order) == account) return order;
    }
    slot = (slot + 8) & mask;
    entry = load<u64>(table + slot);
  }
  return 0;
}

/** Enters an order that is not there. */
// @ts-ignore: decorator
@inline
export function mapOrder(order: usize): void {
  count += 1;
  if (count << 2 > <u32>1 << bits) grow();
  const tag = tagOf(accountOf(order), clientOrderIdOf(order));
  put((<u64>tag << 32) | <u64>order);
}

// @ts-ignore: decorator
@inline
function put(entry: u64): void {
  let slot = homeOf(<u32>(entry >> 32));
  while (load<u64>(table + slot) != 0) slot = (slot + 8) & mask;
  store<u64>(table + slot, entry);
}

/** Takes an order out that is there. */
// @ts-ignore: decorator
@inline
export function unmapOrder(order: usize): void {
  count -= 1;
  let hole = homeOf(tagOf(accountOf(order), clientOrderIdOf(order)));
  while (load<u32>(table + hole) != <u32>order) hole = (hole + 8) & mask;
  let slot = hole;
  for (;;) {
    slot = (slot + 8) & mask;
    const entry = load<u64>(table + slot);
    if (entry == 0) break;
    // An entry may move back into the hole unless its home lies between the two.
    const home = homeOf(<u32>(entry >> 32));
    if (((slot - home) & mask) >= ((slot - hole) & mask)) {
      store<u64>(table + hole, entry);
      hole = slot;
    }
  }
  store<u64>(table + hole, 0);
}

function grow(): void {
  const old = table;
  const oldBytes = <usize>8 << bits;
  bits += 1;
  setUpOrderMap();
  for (let at = old; at < old + oldBytes; at += 8) {
    const entry = load<u64>(at);
    if (entry != 0) put(entry);
  }
  releasePages(old, pagesFor(oldBytes));
}
