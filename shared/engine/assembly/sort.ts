/** Sorting linked lists: a merge sort that needs no memory but a few words. */

/** `bins[i]` is a sorted list of 2^i items, or 0. */
const bins: usize = memory.data(4 * 32);
const BINS: u32 = 32;
/** A stand-in for what comes before the first item of a merged list. */
const anchor: usize = memory.data(64);

/**
 * Sorts a list by the keys of its items, each from the lowest on, and returns the first one.
 * @param next - where in an item the address of the next one is (below 64)
 */
export function sortList(first: usize, next: usize, key: (item: usize) => u64): usize {
  memory.fill(bins, 0, 4 * BINS);
  let rest = first;
  while (rest != 0) {
    let list = rest;
    rest = load<u32>(rest + next);
    store<u32>(list + next, 0);
    let bin: usize = 0;
    while (load<u32>(bins + (bin << 2)) != 0) {
      list = merge(load<u32>(bins + (bin << 2)), list, next, key);
      store<u32>(bins + (bin << 2), 0);
      bin += 1;
    }
    store<u32>(bins + (bin << 2), <u32>list);
  }
  let sorted: usize = 0;
  for (let bin: usize = 0; bin < <usize>BINS; bin += 1) {
    const list: usize = load<u32>(bins + (bin << 2));
    if (list != 0) sorted = sorted != 0 ? merge(list, sorted, next, key) : list;
  }
  return sorted;
}

function merge(a: usize, b: usize, next: usize, key: (item: usize) => u64): usize {
  let left = a;
  let right = b;
  let last = anchor;
  while (left != 0 && right != 0) {
    if (key(left) <= key(right)) {
      store<u32>(last + next, <u32>left);
      last = left;
      left = load<u32>(left + next);
    } else {
      store<u32>(last + next, <u32>right);
      last = right;
      right = load<u32>(right + next);
    }
  }
  store<u32>(last + next, <u32>(left != 0 ? left : right));
  return load<u32>(anchor + next);
}
