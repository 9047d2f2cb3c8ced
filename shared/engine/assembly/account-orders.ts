/**
 * The open orders of an account in order of their ids: 6 in the account itself, more in chunks of
 * 14. Orders come at the end and leave anywhere. Chunks are numbered as they come, and a tree leads
 * to them by the hexadecimal digits of their numbers: so nothing is ever copied, however many there
 * are. A chunk without orders goes, and so does a node without children. When the last order
 * leaves, all is as it was in the beginning.
 *
 * ```
 * chunk  +0      +4           +8                              (the account's own: the last 6 only)
 *        number  orders left  14 x order, 0 where one left
 * tree   +0    +4      +8
 *        root  height  number of the next chunk
 * node   +0        +8                                    +136
 *        children  16 x no id below the child is lower   16 x child, a chunk in the lowest nodes
 *        (a bit
 *        for each)
 * ```
 */
import {
  CHUNKS,
  NEXT_PLACE,
  OPEN_ORDERS,
  OWN_CHUNK,
  OWN_PLACES,
  openOrdersOf,
} from './accounts';
import { allocateBlock, freeBlock } from './memory';
import { orderIdOf, placeOf, setPlace } from './orders';

const CHUNK_SHIFT: u32 = 6;
const CHUNK_MASK: usize = 63;
const LEFT: usize = 4;
const PLACES: usize = 8;

const TREE_SHIFT: u32 = 5;
const HEIGHT: usize = 4;
const NEXT_NUMBER: usize = 8;
const MOST_HEIGHT: u32 = 8;

const NODE_SHIFT: u32 = 8;
const FIRST_IDS: usize = 8;
const CHILDREN: usize = 136;
const DIGIT_BITS: u32 = 4;
const DIGIT_MASK: u32 = 15;

/** The nodes from the lowest up to the root, on the way to a chunk. */
const path: usize = memory.data(32);

/** Adds an order whose id is above all others of the account. */
// @ts-ignore: decorator
@inline
export function listOrder(account: usize, order: usize): void {
  let place: usize = load<u32>(account, NEXT_PLACE);
  // Where a chunk ends, or there is none, the address is a multiple of its size.
  if ((place & CHUNK_MASK) == 0) place = addChunk(account, order);
  store<u32>(place, <u32>order);
  setPlace(order, place);
  store<u32>(account, <u32>place + 4, NEXT_PLACE);
  const chunk = place & ~CHUNK_MASK;
  store<u32>(chunk, load<u32>(chunk, LEFT) + 1, LEFT);
  store<u32>(account, openOrdersOf(account) + 1, OPEN_ORDERS);
}

// @ts-ignore: decorator
@inline
export function unlistOrder(account: usize, order: usize): void {
  const place = placeOf(order);
  store<u32>(place, 0);
  const chunk = place & ~CHUNK_MASK;
  const left = load<u32>(chunk, LEFT) - 1;
  store<u32>(chunk, left, LEFT);
  store<u32>(account, openOrdersOf(account) - 1, OPEN_ORDERS);
  if (left == 0) dropChunk(account, chunk);
}

// @ts-ignore: decorator
@inline
function firstPlaceOf(account: usize, chunk: usize): usize {
  return chunk == account + OWN_CHUNK ? account + OWN_PLACES : chunk + PLACES;
}

// @ts-ignore: decorator
@inline
function digitOf(number: u32, level: u32): u32 {
  return (number >> (level * DIGIT_BITS)) & DIGIT_MASK;
}

// @ts-ignore: decorator
@inline
function childAt(node: usize, digit: u32): usize {
  return load<u32>(node + (<usize>digit << 2), CHILDREN);
}

// @ts-ignore: decorator
@inline
function firstIdAt(node: usize, digit: u32): u64 {
  return load<u64>(node + (<usize>digit << 3), FIRST_IDS);
}

function setChild(node: usize, digit: u32, firstId: u64, child: usize): void {
  store<u32>(node, load<u32>(node) | (1 << digit));
  store<u64>(node + (<usize>digit << 3), firstId, FIRST_IDS);
  store<u32>(node + (<usize>digit << 2), <u32>child, CHILDREN);
}

function clearChild(node: usize, digit: u32): void {
  store<u32>(node, load<u32>(node) & ~(1 << digit));
  store<u32>(node + (<usize>digit << 2), 0, CHILDREN);
}

// @ts-ignore: decorator
@inline
function pathAt(level: u32): usize {
  return load<u32>(path + (<usize>level << 2));
}

/** The first place of the account's own chunk, if there was none yet, or of a new one. */
function addChunk(account: usize, order: usize): usize {
  if (load<u32>(account, NEXT_PLACE) == 0) return account + OWN_PLACES;
  let tree: usize = load<u32>(account, CHUNKS);
  if (tree == 0) {
    tree = allocateBlock(TREE_SHIFT);
    store<u32>(account, <u32>tree, CHUNKS);
  }
  const number = load<u32>(tree, NEXT_NUMBER);
  store<u32>(tree, number + 1, NEXT_NUMBER);
  const chunk = allocateBlock(CHUNK_SHIFT);
  store<u32>(chunk, number);
  insertChunk(tree, number, orderIdOf(order), chunk);
  return chunk + PLACES;
}

function insertChunk(tree: usize, number: u32, id: u64, chunk: usize): void {
  let node = rootFor(tree, number);
  for (let level = load<u32>(tree, HEIGHT) - 1; level != 0; level -= 1) {
    const digit = digitOf(number, level);
    let child = childAt(node, digit);
    if (child == 0) {
      child = allocateBlock(NODE_SHIFT);
      setChild(node, digit, id, child);
    }
    node = child;
  }
  setChild(node, digitOf(number, 0), id, chunk);
}

/** The root, with as many nodes above the present one as the digits of a number need. */
function rootFor(tree: usize, number: u32): usize {
  let root: usize = load<u32>(tree);
  let height = max<u32>(load<u32>(tree, HEIGHT), 1);
  if (root == 0) root = allocateBlock(NODE_SHIFT);
  while (height < MOST_HEIGHT && number >> (height * DIGIT_BITS) != 0) {
    const above = allocateBlock(NODE_SHIFT);
    setChild(above, 0, 0, root);
    root = above;
    height += 1;
  }
  store<u32>(tree, <u32>root);
  store<u32>(tree, height, HEIGHT);
  return root;
}

/** Writes the nodes on the way to a chunk that there is to `path`, and returns it. */
function walkTo(tree: usize, number: u32): usize {
  let node: usize = load<u32>(tree);
  for (let height = load<u32>(tree, HEIGHT); height != 0; height -= 1) {
    store<u32>(path + (<usize>(height - 1) << 2), <u32>node);
    node = childAt(node, digitOf(number, height - 1));
  }
  return node;
}

/** Frees a chunk of the tree, and the nodes that led to nothing else. */
function removeChunk(tree: usize, number: u32): void {
  freeBlock(walkTo(tree, number), CHUNK_SHIFT);
  const height = load<u32>(tree, HEIGHT);
  for (let level: u32 = 0; level < height; level += 1) {
    const node = pathAt(level);
    clearChild(node, digitOf(number, level));
    if (load<u32>(node) != 0) return;
    freeBlock(node, NODE_SHIFT);
  }
  store<u32>(tree, 0);
}

/** A chunk whose last order left: used again from its start if it is the last one, else gone. */
function dropChunk(account: usize, chunk: usize): void {
  const tree: usize = load<u32>(account, CHUNKS);
  const isOwn = chunk == account + OWN_CHUNK;
  if (openOrdersOf(account) == 0) {
    startAgain(account, tree, isOwn ? 0 : chunk);
  } else if (!isOwn) {
    const number = load<u32>(chunk);
    if (number + 1 == load<u32>(tree, NEXT_NUMBER)) {
      store<u32>(account, <u32>(chunk + PLACES), NEXT_PLACE);
    } else {
      removeChunk(tree, number);
    }
  }
}

/** Frees the tree, the chunk that lost the last order and the last one, if that is another. */
function startAgain(account: usize, tree: usize, chunk: usize): void {
  if (tree != 0) {
    const last = load<u32>(tree, NEXT_NUMBER) - 1;
    if (chunk != 0 && load<u32>(chunk) != last) removeChunk(tree, load<u32>(chunk));
    removeChunk(tree, last);
    freeBlock(tree, TREE_SHIFT);
    store<u32>(account, 0, CHUNKS);
  }
  store<u32>(account, <u32>(account + OWN_PLACES), NEXT_PLACE);
}

/** The account's open order with the lowest id above `id`, or 0. */
export function orderAbove(account: usize, id: u64): usize {
  // Those in the account itself came before all others.
  const own = firstAbove(account, account + OWN_CHUNK, id);
  if (own != 0) return own;
  const tree: usize = load<u32>(account, CHUNKS);
  if (tree == 0 || load<u32>(tree) == 0) return 0;
  let chunk = chunkUpTo(tree, id);
  do {
    const order = firstAbove(account, chunk, id);
    if (order != 0) return order;
    chunk = chunkAfter(tree, load<u32>(chunk));
  } while (chunk != 0);
  return 0;
}

function firstAbove(account: usize, chunk: usize, id: u64): usize {
  const end = chunk + CHUNK_MASK;
  for (let place = firstPlaceOf(account, chunk); place < end; place += 4) {
    const order: usize = load<u32>(place);
    if (order != 0 && orderIdOf(order) > id) return order;
  }
  return 0;
}

/**
 * The last chunk that may have an order up to an id, else the first: what comes before it has no
 * order above the id.
 */
function chunkUpTo(tree: usize, id: u64): usize {
  let node: usize = load<u32>(tree);
  for (let level = load<u32>(tree, HEIGHT); level != 0; level -= 1) {
    const bits = load<u32>(node);
    let left = bits;
    let digit = <u32>ctz(bits);
    while (left != 0) {
      const highest = 31 - <u32>clz(left);
      if (firstIdAt(node, highest) <= id) {
        digit = highest;
        break;
      }
      left &= ~(1 << highest);
    }
    node = childAt(node, digit);
  }
  return node;
}

/** The chunk after one that there is, or 0. */
function chunkAfter(tree: usize, number: u32): usize {
  walkTo(tree, number);
  const height = load<u32>(tree, HEIGHT);
  for (let level: u32 = 0; level < height; level += 1) {
    let node = pathAt(level);
    // Shifted twice, as the digit may be the last.
    const later = load<u32>(node) & ((<u32>0xffffffff << digitOf(number, level)) << 1);
    if (later == 0) continue;
    node = childAt(node, <u32>ctz(later));
    for (let down = level; down != 0; down -= 1) {
      node = childAt(node, <u32>ctz(load<u32>(node)));
    }
    return node;
  }
  return 0;
}

/** The account's open order with this id, or 0. */
export function orderWithId(account: usize, id: u64): usize {
  if (account == 0 || id == 0) return 0;
  const order = orderAbove(account, id - 1);
  return order != 0 && orderIdOf(order) == id ? order : 0;
}
