/**
 * Linear memory: pages of 64 KiB, and blocks of 32 bytes to 32 KiB (powers of two) cut from them.
 * Nothing is reserved for a table before it needs it, so a small market takes a few kilobytes.
 * Address 0 means "none" everywhere: the first pages hold only static data.
 *
 * A table is full when it holds what the market's rules allow (CAPACITY, the same on every
 * machine). A machine that can't give the memory for that is a different thing: the host stops the
 * engine.
 */
@external('host', 'outOfMemory')
declare function outOfMemory(): void;

export const PAGE_BYTES: usize = 65_536;
const PAGE_SHIFT: u32 = 16;
/** 4 MiB: more than most groups of commands ever need. */
const SPARE_PAGES: u32 = 64;
const SMALLEST_BLOCK_SHIFT: u32 = 5;

/** Behind the static data. */
let nextPage: u32 = <u32>((__heap_base + (PAGE_BYTES - 1)) >> PAGE_SHIFT);
/** Single pages that were given back, linked through their first four bytes. */
let freePages: usize = 0;
/** Runs of more pages that were given back whole: next run, pages. */
let freeRuns: usize = 0;
/** A list of free blocks for each power of two, linked through their first four bytes. */
const freeBlocks: usize = memory.data(4 * PAGE_SHIFT);
/** What is left of the page that blocks are cut from. */
let spare: usize = 0;
let spareEnd: usize = 0;

/** Zeroed memory of `pages` pages, starting on a page. */
export function reservePages(pages: u32): usize {
  if (pages == 1 && freePages != 0) {
    const page = freePages;
    freePages = load<u32>(page);
    memory.fill(page, 0, PAGE_BYTES);
    return page;
  }
  return freshPages(pages);
}

/**
 * Memory of `pages` pages, for one who reads nothing that he has not written: what somebody left in
 * it is still there, as clearing much of it at once takes long, and makes pages that nobody may
 * ever need part of the process.
 */
export function reserveRun(pages: u32): usize {
  if (pages == 1) return reservePages(1);
  const run = takeRun(pages);
  return run != 0 ? run : freshPages(pages);
}

function freshPages(pages: u32): usize {
  const first = nextPage;
  const end = first + pages;
  const size = <u32>memory.size();
  if (end > size) grow(end - size, size >> 2);
  nextPage = end;
  return <usize>first << PAGE_SHIFT;
}

/** Gives back what `reserveRun` gave, for one who needs just as many. */
export function freeRun(run: usize, pages: u32): void {
  if (pages == 1) {
    releasePage(run);
    return;
  }
  store<u32>(run, <u32>freeRuns);
  store<u32>(run, pages, 4);
  freeRuns = run;
}

function takeRun(pages: u32): usize {
  let previous: usize = 0;
  for (let run = freeRuns; run != 0; run = load<u32>(run)) {
    if (load<u32>(run, 4) == pages) {
      if (previous == 0) freeRuns = load<u32>(run);
      else store<u32>(previous, load<u32>(run));
      return run;
    }
    previous = run;
  }
  return 0;
}

/** Grows by more than is needed, as growing has a price of its own, if the machine allows it. */
function grow(needed: u32, ahead: u32): void {
  if (ahead > needed && memory.grow(ahead) >= 0) return;
  if (memory.grow(needed) < 0) outOfMemory();
}

/**
 * Sees to it that there is memory for what the next commands may need, so that none of them has to
 * wait for more: growing takes tens of microseconds.
 */
export function growAhead(): void {
  const size = <u32>memory.size();
  // What the machine refuses now is asked for again when it is needed.
  if (size - nextPage >= SPARE_PAGES) return;
  // Near the end of what there may be, a quarter more is too much.
  if (memory.grow(max<u32>(SPARE_PAGES, size >> 2)) < 0) memory.grow(SPARE_PAGES);
}

/** Pages that were handed out, with those that were given back since. */
export function usedPages(): u32 {
  return nextPage;
}

function releasePage(page: usize): void {
  store<u32>(page, <u32>freePages);
  freePages = page;
}

/** A zeroed block of 2^shift bytes, aligned to its size up to a page. */
export function allocateBlock(shift: u32): usize {
  if (shift >= PAGE_SHIFT) return reservePages(1 << (shift - PAGE_SHIFT));
  const list = freeBlocks + (<usize>shift << 2);
  const free: usize = load<u32>(list);
  const bytes = <usize>1 << shift;
  if (free != 0) {
    store<u32>(list, load<u32>(free));
    memory.fill(free, 0, bytes);
    return free;
  }
  if (((spare + bytes - 1) & ~(bytes - 1)) + bytes > spareEnd) {
    keepSpare(spareEnd);
    spare = reservePages(1);
    spareEnd = spare + PAGE_BYTES;
  }
  keepSpare((spare + bytes - 1) & ~(bytes - 1));
  const block = spare;
  spare += bytes;
  return block;
}

/** Makes free blocks of the spare part below an address. */
function keepSpare(end: usize): void {
  while (spare < end) {
    // As large as where it starts allows.
    const shift = <u32>ctz(spare);
    store<u32>(spare, load<u32>(freeBlocks + (<usize>shift << 2)));
    store<u32>(freeBlocks + (<usize>shift << 2), <u32>spare);
    spare += <usize>1 << shift;
  }
}

export function freeBlock(block: usize, shift: u32): void {
  if (shift >= PAGE_SHIFT) {
    const end = block + (<usize>1 << shift);
    for (let page = block; page < end; page += PAGE_BYTES) releasePage(page);
    return;
  }
  const list = freeBlocks + (<usize>shift << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, <u32>block);
}

/** The smallest block that has room for so many bytes. */
export function blockShiftFor(bytes: u32): u32 {
  return max<u32>(SMALLEST_BLOCK_SHIFT, 32 - <u32>clz(bytes - 1));
}
