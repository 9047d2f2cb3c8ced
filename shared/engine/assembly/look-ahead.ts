/**
 * Reads what the next commands will need before they need it. A command is a chain of look-ups,
 * each waiting for the one before; those of different commands are independent, so that a core can
 * wait for many of them at once if it meets them together. Three passes over a few dozen commands,
 * a link of the chain each.
 *
 * What was found by the way is noted: the account and its first session, which stay where they are,
 * and the tag of the order's name. Which order bears the name is a guess, and may have changed by
 * then.
 *
 * ```
 * note  +0       +4       +8   +12
 *       account  session  tag  order
 * ```
 */
import { FIRST_SESSION, accountAt } from './accounts';
import { ORDERS, ORDER_MAP } from './market';
import { guess, tagOfName } from './order-map';
import { levelOf, nextOf, placeOf, previousOf } from './orders';
import {
  COMMAND_ACCOUNT,
  COMMAND_CLIENT_ORDER_ID,
  QUOTE_SIDE,
  RECORD_BYTES,
  SUPPLY_ACCOUNT,
} from './protocol';

/** Commands that are looked at together. */
export const LOOK_AHEAD: usize = 32;
export const NOTE_BYTES: usize = 16;
const SMALL_BOOK: u32 = 4_096;
const SESSION: usize = 4;
const TAG: usize = 8;
const ORDER: usize = 12;

export const notes: usize = memory.data(512);

/** What was read, so that it counts as used. */
export let seen: u32 = 0;

// @ts-ignore: decorator
@inline
export function notedAccount(note: usize): usize {
  return load<u32>(note);
}

// @ts-ignore: decorator
@inline
export function notedSession(note: usize): usize {
  return load<u32>(note, SESSION);
}

// @ts-ignore: decorator
@inline
export function notedTag(note: usize): u32 {
  return load<u32>(note, TAG);
}

/** Notes of the commands between two addresses, at most `LOOK_AHEAD` of them. */
export function lookAhead(market: usize, from: usize, to: usize): void {
  let note = notes;
  for (let command = from; command < to; command += RECORD_BYTES) {
    const owner = load<u32>(command, COMMAND_ACCOUNT);
    const tag = tagOfName(owner, load<u64>(command, COMMAND_CLIENT_ORDER_ID));
    const account = accountAt(market, senderOf(command, owner));
    store<u32>(note, <u32>account);
    store<u32>(note, account != 0 ? load<u32>(account, FIRST_SESSION) : 0, SESSION);
    store<u32>(note, tag, TAG);
    store<u32>(note, <u32>guess(market + ORDER_MAP, tag), ORDER);
    note += NOTE_BYTES;
  }
  // A small book stays in the caches.
  if (load<u32>(market, ORDERS) < SMALL_BOOK) return;
  const end = note;
  let sum: u32 = 0;
  for (note = notes; note < end; note += NOTE_BYTES) {
    sum += <u32>levelOf(load<u32>(note, ORDER)) + load<u32>(load<u32>(note, SESSION));
  }
  for (note = notes; note < end; note += NOTE_BYTES) {
    const order: usize = load<u32>(note, ORDER);
    sum += load<u32>(levelOf(order)) + load<u32>(nextOf(order)) + load<u32>(previousOf(order));
    sum += load<u32>(placeOf(order));
  }
  seen = sum;
}

/** Whose session a command is of: administration belongs to account 0. */
// @ts-ignore: decorator
@inline
export function senderOf(command: usize, owner: u32): u32 {
  return <u32>load<u8>(command) <= QUOTE_SIDE ? owner : SUPPLY_ACCOUNT;
}
