/**
 * From the name of a live order, (instrument, id), to the order: chunks of one cache line, so that
 * a look-up waits for memory once. A chunk has a byte of the hash of each order in it, all of which
 * are compared at once, and the orders' addresses.
 *
 * ```
 * chunk  +0         +12  +15       +16
 *        12 x tag   0    overflow  12 x order address
 * ```
 * A tag is never 0: that is a free place. An order whose chunk is full goes to the next that is
 * not; `overflow` counts those that passed by, so that who looks for one knows when to stop, and
 * nothing has to move when an order leaves (F14: Bronson and Shi, "Open-sourcing F14", 2019).
 *
 * The engine's map (order-map.ts) grows without pauses, has no need of the orders for it, and pays
 * with four times the memory. Nobody waits for a replay's next event, but it meets so many orders
 * that the size of the map decides: see ARCHITECTURE.md.
 */
import { allocateBlock, blockShiftFor, freeBlock } from '../../engine/assembly/memory';
import { accountOf, clientOrderIdOf } from '../../engine/assembly/orders';

export class OrderMap {
  chunks: usize;
  /** Chunks are 2^(64 - shift). */
  shift: u32;
  count: u32;
  /** Orders from which on there are twice as many chunks. */
  most: u32;
}

const CHUNK_SHIFT: u32 = 6;
const SPARE: usize = 12;
const OVERFLOW: usize = 15;
const PLACES: usize = 16;
const PLACES_MASK: u32 = 0xfff;
const FIRST_BITS: u32 = 4;
/** Once it is reached, nobody knows how many passed by. */
const MANY: u8 = 255;
/** Of 12 places, how many are taken when a map is to grow. */
const TAKEN: u32 = 7;

export function setUpOrderMap(map: OrderMap): void {
  map.count = 0;
  setChunks(map, FIRST_BITS);
}

function setChunks(map: OrderMap, bits: u32): void {
  map.chunks = allocateBlock(bits + CHUNK_SHIFT);
  map.shift = 64 - bits;
  map.most = TAKEN << bits;
}

/** Its first bits say the chunk, those after it the tag. */
// @ts-ignore: decorator
@inline
export function hashOf(instrument: u32, id: u64): u64 {
  const mixed = (id ^ (<u64>instrument << 40)) * 0x9e3779b97f4a7c15;
  return (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93;
}

// @ts-ignore: decorator
@inline
function chunkOf(map: OrderMap, hash: u64): usize {
  return map.chunks + (<usize>(hash >> <u64>map.shift) << CHUNK_SHIFT);
}

// @ts-ignore: decorator
@inline
function tagIn(hash: u64): u8 {
  return <u8>(hash >> 24) | 1;
}

// @ts-ignore: decorator
@inline
function nextChunk(map: OrderMap, chunk: usize): usize {
  const end = ((<usize>1 << (64 - map.shift)) - 1) << CHUNK_SHIFT;
  return map.chunks + ((chunk + (1 << CHUNK_SHIFT) - map.chunks) & end);
}

/** Bits of the places that have a tag. */
// @ts-ignore: decorator
@inline
function placesOf(chunk: usize, tag: u8): u32 {
  return i8x16.bitmask(i8x16.eq(v128.load(chunk), i8x16.splat(<i8>tag))) & PLACES_MASK;
}

/**
 * The chunk of a hash, which is fetched into the cache for writing without waiting for it: a zero
 * is written that is there.
 */
// @ts-ignore: decorator
@inline
export function fetchChunk(map: OrderMap, hash: u64): usize {
  const chunk = chunkOf(map, hash);
  store<u8>(chunk, 0, SPARE);
  return chunk;
}

/** The order of a chunk that probably has this hash, without a look at it, or 0. */
// @ts-ignore: decorator
@inline
export function guessOrder(chunk: usize, hash: u64): usize {
  const places = placesOf(chunk, tagIn(hash));
  // Where there is none, ctz is 32.
  const order: usize = load<u32>(chunk + ((<usize>ctz(places) & 15) << 2), PLACES);
  return places != 0 ? order : 0;
}

/** Address of the place of an order, or 0. */
// @ts-ignore: decorator
@inline
export function findPlace(map: OrderMap, hash: u64, instrument: u32, id: u64): usize {
  const home = chunkOf(map, hash);
  const tag = tagIn(hash);
  let chunk = home;
  do {
    for (let places = placesOf(chunk, tag); places != 0; places &= places - 1) {
      const place = chunk + PLACES + (<usize>ctz(places) << 2);
      const order: usize = load<u32>(place);
      if (clientOrderIdOf(order) == id && accountOf(order) == instrument) return place;
    }
    if (load<u8>(chunk, OVERFLOW) == 0) return 0;
    chunk = nextChunk(map, chunk);
  } while (chunk != home);
  return 0;
}

// @ts-ignore: decorator
@inline
export function orderIn(place: usize): usize {
  return load<u32>(place);
}

/** Enters an order that is not there. */
// @ts-ignore: decorator
@inline
export function enterOrder(map: OrderMap, hash: u64, order: usize): void {
  if (map.count == map.most) grow(map);
  map.count += 1;
  put(map, hash, order);
}

// @ts-ignore: decorator
@inline
function put(map: OrderMap, hash: u64, order: usize): void {
  let chunk = chunkOf(map, hash);
  let free = placesOf(chunk, 0);
  while (free == 0) {
    const passed = load<u8>(chunk, OVERFLOW);
    if (passed != MANY) store<u8>(chunk, passed + 1, OVERFLOW);
    chunk = nextChunk(map, chunk);
    free = placesOf(chunk, 0);
  }
  const index = <usize>ctz(free);
  store<u8>(chunk + index, tagIn(hash));
  store<u32>(chunk + (index << 2), <u32>order, PLACES);
}

/** Takes out the order of a place. */
// @ts-ignore: decorator
@inline
export function leavePlace(map: OrderMap, hash: u64, place: usize): void {
  map.count -= 1;
  const last = place & ~((<usize>1 << CHUNK_SHIFT) - 1);
  store<u8>(last + ((place - PLACES - last) >> 2), 0);
  for (let chunk = chunkOf(map, hash); chunk != last; chunk = nextChunk(map, chunk)) {
    const passed = load<u8>(chunk, OVERFLOW);
    if (passed != MANY) store<u8>(chunk, passed - 1, OVERFLOW);
  }
}

/** Twice the chunks. */
function grow(map: OrderMap): void {
  const old = map.chunks;
  const bits = 64 - map.shift;
  setChunks(map, bits + 1);
  const end = old + (<usize>1 << (bits + CHUNK_SHIFT));
  for (let chunk = old; chunk < end; chunk += 1 << CHUNK_SHIFT) {
    for (let taken = placesOf(chunk, 0) ^ PLACES_MASK; taken != 0; taken &= taken - 1) {
      const order: usize = load<u32>(chunk + (<usize>ctz(taken) << 2), PLACES);
      put(map, hashOf(accountOf(order), clientOrderIdOf(order)), order);
    }
  }
  freeBlock(old, bits + CHUNK_SHIFT);
}
