/**
 * Reads what the next commands will need before they need it. A command is a chain of look-ups, each
 * waiting for the one before; those of different commands are independent, so that a core can wait
 * for many of them at once if it meets them together. Three passes over a few dozen commands, a link
 * of the chain each: it is a guess (an order may be gone by then) and changes nothing.
 */
import { FIRST_SESSION, accountAt } from './accounts';
import { ORDER_MAP } from './market';
import { guess, tagOfName } from './order-map';
import { levelOf, nextOf, placeOf, previousOf } from './orders';
import { COMMAND_ACCOUNT, COMMAND_CLIENT_ORDER_ID, RECORD_BYTES } from './protocol';

/** Commands that are looked at together. */
export const LOOK_AHEAD: usize = 32;
const NOTE_BYTES: usize = 8;
const SESSION: usize = 4;

/** Order and session of each command. */
const notes: usize = memory.data(256);

/** What was read, so that it counts as used. */
export let sum: u32 = 0;

export function lookAhead(market: usize, from: usize, to: usize): void {
  let note = notes;
  for (let command = from; command < to; command += RECORD_BYTES) {
    const id = load<u32>(command, COMMAND_ACCOUNT);
    const account = accountAt(market, id & 0xffffff);
    const tag = tagOfName(id, load<u64>(command, COMMAND_CLIENT_ORDER_ID));
    store<u32>(note, <u32>guess(market + ORDER_MAP, tag));
    store<u32>(note, account != 0 ? load<u32>(account, FIRST_SESSION) : 0, SESSION);
    note += NOTE_BYTES;
  }
  const end = note;
  let seen: u32 = 0;
  for (note = notes; note < end; note += NOTE_BYTES) {
    const order: usize = load<u32>(note);
    seen += <u32>levelOf(order);
    const session: usize = load<u32>(note, SESSION);
    seen += load<u32>(session);
  }
  for (note = notes; note < end; note += NOTE_BYTES) {
    const order: usize = load<u32>(note);
    seen += load<u32>(levelOf(order)) + load<u32>(nextOf(order)) + load<u32>(previousOf(order));
    seen += load<u32>(placeOf(order));
  }
  sum = seen;
}
