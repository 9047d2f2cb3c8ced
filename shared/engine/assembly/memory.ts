/**
 * Linear memory in pages of 64 KiB. Nothing is reserved for a table before it needs it, so a small
 * market is a small instance. Page 0 is left out: address 0 means "none" everywhere.
 *
 * A table is full when it holds what the market's rules allow (CAPACITY, the same on every
 * machine). A machine that can't give the memory for that is a different thing: the host stops the
 * engine.
 */
@external('host', 'outOfMemory')
declare function outOfMemory(): void;

export const PAGE_BYTES: usize = 65_536;
const PAGE_SHIFT: u32 = 16;

let nextPage: u32 = 1;
/** Single pages that were given back, linked through their first four bytes. */
let freePages: usize = 0;

/** Zeroed memory of `pages` pages, starting on a page. */
export function reservePages(pages: u32): usize {
  if (pages == 1 && freePages != 0) {
    const page = freePages;
    freePages = load<u32>(page);
    memory.fill(page, 0, PAGE_BYTES);
    return page;
  }
  const first = nextPage;
  const end = first + pages;
  const size = <u32>memory.size();
  if (end > size) grow(end - size, size >> 2);
  nextPage = end;
  return <usize>first << PAGE_SHIFT;
}

/** Grows by more than is needed, as growing has a price of its own, if the machine allows it. */
function grow(needed: u32, ahead: u32): void {
  if (ahead > needed && memory.grow(ahead) >= 0) return;
  if (memory.grow(needed) < 0) outOfMemory();
}

/** Gives a table's old pages back, for tables that grow page by page. */
export function releasePages(address: usize, pages: u32): void {
  for (let index: u32 = 0; index < pages; index += 1) {
    const page = address + (<usize>index << PAGE_SHIFT);
    store<u32>(page, <u32>freePages);
    freePages = page;
  }
}

export function pagesFor(bytes: usize): u32 {
  return <u32>((bytes + PAGE_BYTES - 1) >> PAGE_SHIFT);
}
