/**
 * From prices to levels, and from a level to the next: a tree of six digits of six bits over the
 * 36 bits of a price, so that no operation takes more than six steps, wherever prices go and
 * however far they jump. A node has 64 children and a bit for each that is there.
 *
 * Prices come in clusters, and a cluster is a leaf (64 ticks): each book remembers the leaves of
 * the last 16 clusters, which makes most look-ups a comparison and two loads.
 *
 * ```
 * book  +0    +4      +8    +12     +16   +64
 *       best  levels  root  orders  side  16 x (price >> 6, leaf)
 * node  +0          +16
 *       bits (u64)  64 x child
 * ```
 * A market has four: bids, asks, and the stops that wait to buy and to sell. The best price is the
 * highest bid and the lowest ask, the lowest stop to buy and the highest stop to sell.
 *
 * The replay of market data (shared/history) has prices of 64 bits, which take eleven digits, and
 * remembers leaves by eight bytes of price.
 */
import { IS_REPLAY } from './build-kind';
import { allocateLevel, freeLevel, levelPrice } from './levels';
import { BOOKS } from './market';
import { PAGE_BYTES, reservePages } from './memory';

export const BOOKS_A_MARKET: u32 = 4;
export const BOOK_BYTES: usize = IS_REPLAY ? 320 : 192;
const BEST: usize = 0;
const LEVELS: usize = 4;
const ROOT: usize = 8;
const ORDERS: usize = 12;
/** 0 where the best price is the highest, else 1. */
const DIRECTION: usize = 16;
const CACHE: usize = 64;
const CACHE_MASK: u32 = 15;
const CACHED_SHIFT: usize = IS_REPLAY ? 4 : 3;
const CACHED_LEAF: usize = CACHE + (IS_REPLAY ? 8 : 4);

const NODE_BYTES: usize = 272;
const CHILDREN: usize = 16;
const DIGIT_BITS: u32 = 6;
const DIGITS: u32 = IS_REPLAY ? 11 : 6;
const DIGIT_MASK: u32 = 63;

let fresh: usize = 0;
let freshEnd: usize = 0;
/** Linked through the first child. */
let freeNodes: usize = 0;
/** Nodes from the root to a leaf, while one is removed or a neighbour looked for. */
const path: usize = memory.data(4 * 11);

export function setUpBooks(market: usize): void {
  for (let index: u32 = 0; index < BOOKS_A_MARKET; index += 1) {
    // Bids and stops to sell are best at the highest price.
    setUpBook(bookNumber(market, index), index == 0 || index == 3);
  }
}

/** Makes an empty book of zeroed memory. */
export function setUpBook(book: usize, isBestHighest: bool): void {
  store<u32>(book, <u32>newNode(), ROOT);
  store<u32>(book, isBestHighest ? 0 : 1, DIRECTION);
}

/** Gives back the roots of books without levels. */
export function dropBooks(market: usize): void {
  for (let index: u32 = 0; index < BOOKS_A_MARKET; index += 1) {
    freeNode(load<u32>(bookNumber(market, index), ROOT));
  }
}

// @ts-ignore: decorator
@inline
export function bookNumber(market: usize, index: u32): usize {
  return market + BOOKS + <usize>index * BOOK_BYTES;
}

/** The book of a side's orders. */
// @ts-ignore: decorator
@inline
export function bookAt(market: usize, side: u32): usize {
  return bookNumber(market, side);
}

/** The book of a side's waiting stops. */
// @ts-ignore: decorator
@inline
export function stopBookAt(market: usize, side: u32): usize {
  return bookNumber(market, side + 2);
}

function newNode(): usize {
  const node = freeNodes;
  if (node != 0) {
    freeNodes = load<u32>(node, CHILDREN);
    store<u32>(node, 0, CHILDREN);
    return node;
  }
  if (freshEnd - fresh < NODE_BYTES) {
    fresh = reservePages(1);
    freshEnd = fresh + PAGE_BYTES;
  }
  const made = fresh;
  fresh += NODE_BYTES;
  return made;
}

/** Gives back a node without children. */
function freeNode(node: usize): void {
  store<u32>(node, <u32>freeNodes, CHILDREN);
  freeNodes = node;
}

// @ts-ignore: decorator
@inline
function digitAt(price: u64, height: u32): u32 {
  return <u32>(price >> <u64>(height * DIGIT_BITS)) & DIGIT_MASK;
}

// @ts-ignore: decorator
@inline
function bit(index: u32): u64 {
  return (<u64>1) << <u64>index;
}

// @ts-ignore: decorator
@inline
function childAt(node: usize, digit: u32): usize {
  return load<u32>(node + (<usize>digit << 2), CHILDREN);
}

// @ts-ignore: decorator
@inline
function setChild(node: usize, digit: u32, child: usize): void {
  store<u32>(node + (<usize>digit << 2), <u32>child, CHILDREN);
  store<u64>(node, load<u64>(node) | bit(digit));
}

// @ts-ignore: decorator
@inline
function clearChild(node: usize, digit: u32): void {
  store<u32>(node + (<usize>digit << 2), 0, CHILDREN);
  store<u64>(node, load<u64>(node) & ~bit(digit));
}

// @ts-ignore: decorator
@inline
function cacheAt(book: usize, price: u64): usize {
  return book + (<usize>(<u32>(price >> DIGIT_BITS) & CACHE_MASK) << CACHED_SHIFT);
}

/** Is it the leaf of this price that is remembered there, if any is? */
// @ts-ignore: decorator
@inline
function isCached(cached: usize, price: u64): bool {
  if (IS_REPLAY) return load<u64>(cached, CACHE) == price >> DIGIT_BITS;
  return load<u32>(cached, CACHE) == <u32>(price >> DIGIT_BITS);
}

/** The leaf of a price, or 0. */
// @ts-ignore: decorator
@inline
function findLeaf(book: usize, price: u64): usize {
  const cached = cacheAt(book, price);
  const leaf: usize = load<u32>(cached, CACHED_LEAF);
  if (leaf != 0 && isCached(cached, price)) return leaf;
  return descend(book, price);
}

function descend(book: usize, price: u64): usize {
  let node: usize = load<u32>(book, ROOT);
  for (let height = DIGITS - 1; height != 0 && node != 0; height -= 1) {
    node = childAt(node, digitAt(price, height));
  }
  if (node != 0) rememberLeaf(book, price, node);
  return node;
}

// @ts-ignore: decorator
@inline
function rememberLeaf(book: usize, price: u64, leaf: usize): void {
  const cached = cacheAt(book, price);
  if (IS_REPLAY) store<u64>(cached, price >> DIGIT_BITS, CACHE);
  else store<u32>(cached, <u32>(price >> DIGIT_BITS), CACHE);
  store<u32>(cached, <u32>leaf, CACHED_LEAF);
}

/** The leaf of a price, made where there is none. */
function ensureLeaf(book: usize, price: u64): usize {
  let node: usize = load<u32>(book, ROOT);
  for (let height = DIGITS - 1; height != 0; height -= 1) {
    const digit = digitAt(price, height);
    let child = childAt(node, digit);
    if (child == 0) {
      child = newNode();
      setChild(node, digit, child);
    }
    node = child;
  }
  rememberLeaf(book, price, node);
  return node;
}

/** The best level, or 0. */
// @ts-ignore: decorator
@inline
export function bestLevel(book: usize): usize {
  return load<u32>(book, BEST);
}

// @ts-ignore: decorator
@inline
export function levelCount(book: usize): u32 {
  return load<u32>(book, LEVELS);
}

/** Orders of all levels. */
// @ts-ignore: decorator
@inline
export function ordersIn(book: usize): u32 {
  return load<u32>(book, ORDERS);
}

// @ts-ignore: decorator
@inline
export function countOrders(book: usize, change: i32): void {
  store<u32>(book, ordersIn(book) + change, ORDERS);
}

/** The level at a price, or 0. */
// @ts-ignore: decorator
@inline
export function findLevel(book: usize, price: u64): usize {
  const leaf = findLeaf(book, price);
  return leaf != 0 ? childAt(leaf, digitAt(price, 0)) : 0;
}

// @ts-ignore: decorator
@inline
function isBetter(book: usize, price: u64, than: u64): bool {
  return load<u32>(book, DIRECTION) == 0 ? price > than : price < than;
}

/** The level at a price, made where there is none. */
// @ts-ignore: decorator
@inline
export function ensureLevel(book: usize, price: u64): usize {
  const level = findLevel(book, price);
  return level != 0 ? level : insertLevel(book, price);
}

function insertLevel(book: usize, price: u64): usize {
  const level = allocateLevel(book, price);
  attachLevel(book, level);
  return level;
}

/** Puts a level in where there is none at its price. */
export function attachLevel(book: usize, level: usize): void {
  const price = levelPrice(level);
  let leaf = findLeaf(book, price);
  if (leaf == 0) leaf = ensureLeaf(book, price);
  setChild(leaf, digitAt(price, 0), level);
  const best = bestLevel(book);
  if (best == 0 || isBetter(book, price, levelPrice(best))) store<u32>(book, <u32>level, BEST);
  store<u32>(book, levelCount(book) + 1, LEVELS);
}

/** Removes a level that has no orders any more. */
export function removeLevel(book: usize, level: usize): void {
  detachLevel(book, level);
  freeLevel(level);
}

/** Takes a level out as it is. */
export function detachLevel(book: usize, level: usize): void {
  const price = levelPrice(level);
  const leaf = findLeaf(book, price);
  clearChild(leaf, digitAt(price, 0));
  store<u32>(book, levelCount(book) - 1, LEVELS);
  if (bestLevel(book) == level) store<u32>(book, <u32>nextWorse(book, price), BEST);
  if (load<u64>(leaf) == 0) removeLeaf(book, price);
}

function removeLeaf(book: usize, price: u64): void {
  const cached = cacheAt(book, price);
  if (isCached(cached, price)) store<u32>(cached, 0, CACHED_LEAF);
  walkTo(book, price);
  for (let height: u32 = 0; height < DIGITS - 1; height += 1) {
    const node = pathAt(height);
    // The first node that is still needed; the root always is.
    if (load<u64>(node) != 0) return;
    freeNode(node);
    clearChild(pathAt(height + 1), digitAt(price, height + 1));
  }
}

/** Writes the nodes on the way to a price to `path`, 0 from where there are none. */
function walkTo(book: usize, price: u64): void {
  let node: usize = load<u32>(book, ROOT);
  for (let height = DIGITS - 1; height != 0; height -= 1) {
    store<u32>(path + (<usize>height << 2), <u32>node);
    if (node != 0) node = childAt(node, digitAt(price, height));
  }
  store<u32>(path, <u32>node);
}

// @ts-ignore: decorator
@inline
function pathAt(height: u32): usize {
  return load<u32>(path + (<usize>height << 2));
}

/** The best level that is worse than a price, or 0. */
export function nextWorse(book: usize, price: u64): usize {
  const down = load<u32>(book, DIRECTION) == 0;
  const leaf = findLeaf(book, price);
  if (leaf != 0) {
    const bits = beyond(load<u64>(leaf), digitAt(price, 0), down);
    if (bits != 0) return childAt(leaf, nearest(bits, down));
  }
  walkTo(book, price);
  for (let height: u32 = 1; height < DIGITS; height += 1) {
    let node = pathAt(height);
    if (node == 0) continue;
    let bits = beyond(load<u64>(node), digitAt(price, height), down);
    if (bits == 0) continue;
    for (let left = height; left != 0; left -= 1) {
      node = childAt(node, nearest(bits, down));
      bits = load<u64>(node);
    }
    return childAt(node, nearest(bits, down));
  }
  return 0;
}

/** The level furthest from the best, or 0. */
export function worstLevel(book: usize): usize {
  const isLowest = load<u32>(book, DIRECTION) == 0;
  let node: usize = load<u32>(book, ROOT);
  for (let height = DIGITS; height != 0; height -= 1) {
    const bits = load<u64>(node);
    if (bits == 0) return 0;
    node = childAt(node, nearest(bits, !isLowest));
  }
  return node;
}

/** The bits below a digit, or above it. */
// @ts-ignore: decorator
@inline
function beyond(bits: u64, digit: u32, down: bool): u64 {
  // Shifted twice, as a shift by 64 would be one by 0.
  return down ? bits & (bit(digit) - 1) : bits & ((~(<u64>0) << <u64>digit) << 1);
}

// @ts-ignore: decorator
@inline
function nearest(bits: u64, down: bool): u32 {
  return down ? 63 - <u32>clz(bits) : <u32>ctz(bits);
}
