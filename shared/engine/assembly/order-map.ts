/**
 * From the name of an open order, (account, client order id), to the order: open addressing over
 * entries of 8 bytes, in segments of up to 1,024.
 *
 * ```
 * entry      +0             +4
 *            order address  tag
 * directory  +0               +4
 *            segment address  depth << 24 | entries in use
 * map        +0         +4     +8                 +12
 *            directory  depth  bits of a segment  offset of its last entry
 * ```
 * Growth never takes long: a segment that is a third full is doubled up to 1,024 entries, then
 * split in two, and the directory, which the first `depth` bits of a tag lead into, is doubled
 * (extendible hashing: Fagin et al., ACM TODS 4 (3), 1979). Segments that are not split yet stand
 * in it more than once; the first of these entries counts.
 *
 * The first bits of a tag lead to its segment, its last ones to its home slot, so that deleting
 * (which shifts later entries back) and splitting never touch the orders themselves.
 */
import { allocateBlock, blockShiftFor, freeBlock } from './memory';
import { accountOf, clientOrderIdOf } from './orders';

const DEPTH: usize = 4;
const BITS: usize = 8;
const MASK: usize = 12;
const FIRST_BITS: u32 = 6;
const MOST_BITS: u32 = 10;
const COUNT: usize = 4;
const COUNT_MASK: u32 = 0xffffff;
const DEPTH_SHIFT: u32 = 24;

const SEGMENT_BYTES: usize = 8 << MOST_BITS;
/** What a segment held before it was split. */
const splitting: usize = memory.data(8_192);

let secretA: u64 = 0;
let secretB: u64 = 0;

/**
 * Sets what order names are scrambled with, so that nobody can choose names that collide. It shows
 * in no outcome: nothing walks these maps.
 */
export function setSecret(a: u64, b: u64): void {
  secretA = a;
  secretB = b;
}

export function setUpMap(map: usize): void {
  const directory = allocateBlock(blockShiftFor(8));
  store<u32>(directory, <u32>allocateBlock(FIRST_BITS + 3));
  store<u32>(map, <u32>directory);
  setBits(map, FIRST_BITS);
}

function setBits(map: usize, bits: u32): void {
  store<u32>(map, bits, BITS);
  store<u32>(map, (8 << bits) - 8, MASK);
}

/** Gives back all that a map without entries has. */
export function dropMap(map: usize): void {
  const directory: usize = load<u32>(map);
  const depth = load<u32>(map, DEPTH);
  const shift = load<u32>(map, BITS) + 3;
  const entries: u32 = 1 << depth;
  for (let index: u32 = 0; index < entries; index += 1) {
    const entry = directory + (<usize>index << 3);
    const missing = depth - (load<u32>(entry, COUNT) >> DEPTH_SHIFT);
    // Once for each segment: where it is named first.
    if ((index & ((1 << missing) - 1)) == 0) freeBlock(load<u32>(entry), shift);
  }
  freeBlock(directory, blockShiftFor(entries << 3));
}

// @ts-ignore: decorator
@inline
export function tagOfName(account: u32, clientOrderId: u64): u32 {
  let hash = (clientOrderId ^ secretA) + <u64>account * 0xd6e8feb86659fd93;
  hash ^= hash >> 32;
  hash *= 0x9e3779b97f4a7c15;
  hash ^= secretB ^ (hash >> 29);
  return <u32>((hash * 0xbf58476d1ce4e5b9) >> 32);
}

/** Entry of the directory for a tag. */
// @ts-ignore: decorator
@inline
function directoryEntry(map: usize, tag: u32): usize {
  const index = <usize>((<u64>tag << <u64>load<u32>(map, DEPTH)) >> 32);
  return <usize>load<u32>(map) + (index << 3);
}

/** Byte offset in its segment of the slot that a tag belongs to: its lowest bits. */
// @ts-ignore: decorator
@inline
function homeOf(tag: u32, mask: usize): usize {
  return (<usize>tag << 3) & mask;
}

/** Byte offset of the last entry of a segment: with it a byte offset wraps around. */
// @ts-ignore: decorator
@inline
function maskOf(map: usize): usize {
  return load<u32>(map, MASK);
}

/** What lies in the slot where a tag would be first looked for: mostly the order's address. */
// @ts-ignore: decorator
@inline
export function guess(map: usize, tag: u32): usize {
  return load<u32>(<usize>load<u32>(directoryEntry(map, tag)) + homeOf(tag, maskOf(map)));
}

/** The open order of this name, or 0. */
// @ts-ignore: decorator
@inline
export function findByName(map: usize, tag: u32, account: u32, clientOrderId: u64): usize {
  const segment: usize = load<u32>(directoryEntry(map, tag));
  const mask = maskOf(map);
  let slot = homeOf(tag, mask);
  let entry = load<u64>(segment + slot);
  while (entry != 0) {
    if (<u32>(entry >> 32) == tag) {
      const order = <usize>(<u32>entry);
      if (clientOrderIdOf(order) == clientOrderId && accountOf(order) == account) return order;
    }
    slot = (slot + 8) & mask;
    entry = load<u64>(segment + slot);
  }
  return 0;
}

/** Enters an order that is not there. */
// @ts-ignore: decorator
@inline
export function putOrder(map: usize, tag: u32, order: usize): void {
  let at = firstEntry(map, tag);
  const count = load<u32>(at, COUNT) & COUNT_MASK;
  if (count * 24 > load<u32>(map, MASK)) {
    makeRoom(map, tag);
    at = firstEntry(map, tag);
  }
  store<u32>(at, load<u32>(at, COUNT) + 1, COUNT);
  const mask = maskOf(map);
  put(load<u32>(at), homeOf(tag, mask), mask, (<u64>tag << 32) | <u64>order);
}

/** The directory entry that counts for the segment of a tag. */
// @ts-ignore: decorator
@inline
function firstEntry(map: usize, tag: u32): usize {
  const at = directoryEntry(map, tag);
  const missing = load<u32>(map, DEPTH) - (load<u32>(at, COUNT) >> DEPTH_SHIFT);
  if (missing == 0) return at;
  const directory: usize = load<u32>(map);
  return directory + (((at - directory) >> 3 >> missing << missing) << 3);
}

// @ts-ignore: decorator
@inline
function put(segment: usize, home: usize, mask: usize, entry: u64): void {
  let slot = home;
  while (load<u64>(segment + slot) != 0) slot = (slot + 8) & mask;
  store<u64>(segment + slot, entry);
}

/** Takes an order out that is there. */
// @ts-ignore: decorator
@inline
export function removeOrder(map: usize, tag: u32, order: usize): void {
  const at = firstEntry(map, tag);
  store<u32>(at, load<u32>(at, COUNT) - 1, COUNT);
  const segment: usize = load<u32>(at);
  const mask = maskOf(map);
  let hole = homeOf(tag, mask);
  while (load<u32>(segment + hole) != <u32>order) hole = (hole + 8) & mask;
  let slot = hole;
  for (;;) {
    slot = (slot + 8) & mask;
    const entry = load<u64>(segment + slot);
    if (entry == 0) break;
    // An entry may move back into the hole unless its home lies between the two.
    const home = homeOf(<u32>(entry >> 32), mask);
    if (((slot - home) & mask) >= ((slot - hole) & mask)) {
      store<u64>(segment + hole, entry);
      hole = slot;
    }
  }
  store<u64>(segment + hole, 0);
}

/** Makes the segment of a tag at most half as full. */
function makeRoom(map: usize, tag: u32): void {
  const bits = load<u32>(map, BITS);
  if (bits < MOST_BITS) {
    doubleSegment(map, bits);
    return;
  }
  const local = load<u32>(directoryEntry(map, tag), COUNT) >> DEPTH_SHIFT;
  if (local == load<u32>(map, DEPTH)) doubleDirectory(map, local);
  split(map, firstEntry(map, tag), local);
}

/** As long as there is one segment. */
function doubleSegment(map: usize, bits: u32): void {
  const directory: usize = load<u32>(map);
  const old: usize = load<u32>(directory);
  const segment = allocateBlock(bits + 4);
  store<u32>(directory, <u32>segment);
  setBits(map, bits + 1);
  const mask = maskOf(map);
  for (let at = old; at < old + (<usize>8 << bits); at += 8) {
    const entry = load<u64>(at);
    if (entry != 0) put(segment, homeOf(<u32>(entry >> 32), mask), mask, entry);
  }
  freeBlock(old, bits + 3);
}

function doubleDirectory(map: usize, depth: u32): void {
  const old: usize = load<u32>(map);
  const entries: u32 = 1 << depth;
  const directory = allocateBlock(blockShiftFor(entries << 4));
  for (let index: u32 = 0; index < entries; index += 1) {
    const entry = load<u64>(old + (<usize>index << 3));
    store<u64>(directory + (<usize>index << 4), entry);
    store<u64>(directory + (<usize>index << 4), entry, 8);
  }
  freeBlock(old, blockShiftFor(entries << 3));
  store<u32>(map, <u32>directory);
  store<u32>(map, depth + 1, DEPTH);
}

/** Splits the segment that `first` counts for by the next bit of its tags. */
function split(map: usize, first: usize, local: u32): void {
  const low: usize = load<u32>(first);
  const high = allocateBlock(MOST_BITS + 3);
  memory.copy(splitting, low, SEGMENT_BYTES);
  memory.fill(low, 0, SEGMENT_BYTES);
  const mask = maskOf(map);
  let highCount: u32 = 0;
  for (let at = splitting; at < splitting + SEGMENT_BYTES; at += 8) {
    const entry = load<u64>(at);
    if (entry == 0) continue;
    const tag = <u32>(entry >> 32);
    const isHigh = (tag << local) >> 31;
    highCount += isHigh;
    put(isHigh != 0 ? high : low, homeOf(tag, mask), mask, entry);
  }
  const count = load<u32>(first, COUNT) & COUNT_MASK;
  const deeper = (local + 1) << DEPTH_SHIFT;
  const half = <usize>1 << (load<u32>(map, DEPTH) - local - 1);
  for (let index: usize = 0; index < half; index += 1) {
    store<u32>(first + (index << 3), deeper, COUNT);
    store<u32>(first + ((half + index) << 3), <u32>high);
    store<u32>(first + ((half + index) << 3), deeper, COUNT);
  }
  store<u32>(first, deeper | (count - highCount), COUNT);
  store<u32>(first + (half << 3), deeper | highCount, COUNT);
}
