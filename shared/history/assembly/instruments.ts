/**
 * Names of instruments to small numbers, in the order in which they were met. A name is up to 32
 * bytes: a ticker, a coin, or the four bytes of a feed's own number.
 *
 * ```
 * table  +0     +4     +8 ...
 *        count  slots  slots x u32: 1 + number, or 0
 * entry  +0      +4   +8
 *        length  tag  name
 * ```
 */
import { allocateBlock, blockShiftFor, freeBlock } from '../../engine/assembly/memory';

export const MAX_INSTRUMENTS: u32 = 65_536;
export const MAX_NAME_BYTES: u32 = 32;
export const NO_INSTRUMENT: u32 = 0xffffffff;

const ENTRY_SHIFT: u32 = 6;
const NAME: usize = 8;
const FIRST_SLOTS: u32 = 64;

/** A table of a decoder's. */
export class Instruments {
  count: u32;
  slots: u32;
  slotsAt: usize;
  entriesAt: usize;
  entriesShift: u32;
}

export function newInstruments(): usize {
  const table = allocateBlock(blockShiftFor(offsetof<Instruments>()));
  const it = changetype<Instruments>(table);
  it.slots = FIRST_SLOTS;
  it.slotsAt = allocateBlock(blockShiftFor(FIRST_SLOTS << 2));
  it.entriesShift = 31 - <u32>clz(FIRST_SLOTS << ENTRY_SHIFT);
  it.entriesAt = allocateBlock(it.entriesShift);
  return table;
}

export function instrumentCount(table: usize): u32 {
  return changetype<Instruments>(table).count;
}

/** Address of an instrument's entry: its length, and its name 8 bytes behind. */
export function instrumentAt(table: usize, number: u32): usize {
  return changetype<Instruments>(table).entriesAt + (<usize>number << ENTRY_SHIFT);
}

/** The number of a name; NO_INSTRUMENT where it is too long or there are too many. */
export function instrumentOf(table: usize, name: usize, length: u32): u32 {
  if (length > MAX_NAME_BYTES) return NO_INSTRUMENT;
  const it = changetype<Instruments>(table);
  const tag = tagOf(name, length);
  const mask = it.slots - 1;
  let slot = tag & mask;
  for (;;) {
    const found = load<u32>(it.slotsAt + (<usize>slot << 2));
    if (found == 0) break;
    const entry = instrumentAt(table, found - 1);
    if (
      load<u32>(entry) == length &&
      load<u32>(entry, 4) == tag &&
      memory.compare(entry + NAME, name, length) == 0
    ) {
      return found - 1;
    }
    slot = (slot + 1) & mask;
  }
  return enter(table, name, length, tag);
}

function enter(table: usize, name: usize, length: u32, tag: u32): u32 {
  const it = changetype<Instruments>(table);
  if (it.count == MAX_INSTRUMENTS) return NO_INSTRUMENT;
  if (it.count << 1 >= it.slots) grow(it);
  const number = it.count;
  it.count += 1;
  const entry = instrumentAt(table, number);
  store<u32>(entry, length);
  store<u32>(entry, tag, 4);
  memory.copy(entry + NAME, name, length);
  putSlot(it, tag, number);
  return number;
}

function putSlot(it: Instruments, tag: u32, number: u32): void {
  const mask = it.slots - 1;
  let slot = tag & mask;
  while (load<u32>(it.slotsAt + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask;
  store<u32>(it.slotsAt + (<usize>slot << 2), number + 1);
}

/** Twice the slots, and as many entries as half of them. */
function grow(it: Instruments): void {
  const oldEntries = it.entriesAt;
  it.entriesAt = allocateBlock(it.entriesShift + 1);
  memory.copy(it.entriesAt, oldEntries, <usize>it.count << ENTRY_SHIFT);
  freeBlock(oldEntries, it.entriesShift);
  it.entriesShift += 1;
  freeBlock(it.slotsAt, blockShiftFor(it.slots << 2));
  it.slots <<= 1;
  it.slotsAt = allocateBlock(blockShiftFor(it.slots << 2));
  for (let number: u32 = 0; number < it.count; number += 1) {
    putSlot(it, load<u32>(it.entriesAt + (<usize>number << ENTRY_SHIFT), 4), number);
  }
}

/** FNV-1a, its bits mixed once more. */
function tagOf(name: usize, length: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let at: u32 = 0; at < length; at += 1) {
    hash = (hash ^ load<u8>(name + at)) * 0x01000193;
  }
  return (hash ^ (hash >> 15)) * 0x85ebca6b;
}
