/**
 * Sorts the queue of a price level by priority, in steps, because a queue may be as long as a
 * market has orders and others wait meanwhile. The merge sort of sort.ts, which can stop between
 * any two orders; one queue at a time, whose market must rest.
 */
import { headOf, setEnds } from './levels';
import { nextOf, priorityOf, setNext, setPrevious } from './orders';

const TAKING: u32 = 0;
const COLLECTING: u32 = 1;
const LINKING: u32 = 2;

/** `bins[i]` is a sorted list of 2^i orders, or 0. */
const bins: usize = memory.data(4 * 32);
const BINS: u32 = 32;

let sorted: usize = 0;
let phase: u32 = TAKING;
/** Orders that no bin has had yet. */
let rest: usize = 0;
/** The list that looks for a bin, or into which the bins are collected. */
let carried: usize = 0;
let bin: u32 = 0;
/** What is left of two lists that are merged, and the merged one's first and last order. */
let left: usize = 0;
let right: usize = 0;
let first: usize = 0;
let last: usize = 0;

/** Begins with the queue of a level, which has orders. */
export function beginQueue(level: usize): void {
  memory.fill(bins, 0, 4 * BINS);
  sorted = level;
  phase = TAKING;
  rest = headOf(level);
  carried = 0;
  left = 0;
}

/** Looks at some `steps` orders, one often more than once; the steps left at the end, else 0. */
export function continueQueue(steps: u64): u64 {
  let over = steps;
  while (over != 0) {
    if (left != 0) {
      over = mergeSome(over);
    } else if (phase == TAKING) {
      over -= 1;
      take();
    } else if (phase == COLLECTING) {
      over -= 1;
      collect();
    } else {
      over = linkSome(over);
      if (rest == 0) return max<u64>(over, 1);
    }
  }
  return 0;
}

/** Puts the carried list into its bin, or merges it with what is there; then the next order. */
function take(): void {
  if (carried == 0) {
    carried = rest;
    rest = nextOf(rest);
    setNext(carried, 0);
    bin = 0;
  }
  const there: usize = load<u32>(bins + (<usize>bin << 2));
  if (there != 0) {
    store<u32>(bins + (<usize>bin << 2), 0);
    bin += 1;
    beginMerge(there);
    return;
  }
  store<u32>(bins + (<usize>bin << 2), <u32>carried);
  carried = 0;
  if (rest != 0) return;
  phase = COLLECTING;
  bin = 0;
}

/** Merges the next bin into the carried list. */
function collect(): void {
  if (bin == BINS) {
    phase = LINKING;
    rest = carried;
    first = carried;
    last = 0;
    return;
  }
  const there: usize = load<u32>(bins + (<usize>bin << 2));
  bin += 1;
  if (there == 0) return;
  if (carried == 0) carried = there;
  else beginMerge(there);
}

function beginMerge(there: usize): void {
  left = there;
  right = carried;
  first = 0;
  last = 0;
}

/** Goes on until one of the lists is used up, and then carries the merged one. */
function mergeSome(steps: u64): u64 {
  let over = steps;
  let a = left;
  let b = right;
  let end = last;
  while (over != 0 && a != 0 && b != 0) {
    over -= 1;
    const isLeft = priorityOf(a) <= priorityOf(b);
    const lower = isLeft ? a : b;
    if (isLeft) a = nextOf(a);
    else b = nextOf(b);
    if (end == 0) first = lower;
    else setNext(end, lower);
    end = lower;
  }
  left = a;
  right = b;
  last = end;
  if (a != 0 && b != 0) return over;
  setNext(end, a != 0 ? a : b);
  carried = first;
  left = 0;
  return over;
}

/** Links the orders back to those before them; `rest` is 0 when the queue is whole. */
function linkSome(steps: u64): u64 {
  let over = steps;
  while (over != 0 && rest != 0) {
    over -= 1;
    setPrevious(rest, last);
    last = rest;
    rest = nextOf(rest);
  }
  if (rest == 0) setEnds(sorted, first, last);
  return over;
}
