// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Cells of an account tree in a file, with the pages used last in memory. The file is a cache of
 * what the stream says: it has no name, and ends with the process.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Balance, TreeCells } from '@foldbook/verifier';

const PAGE_BYTES = 4_096;
const PAGE_WORDS = PAGE_BYTES / 8;
const HASH_WORDS = 4;
/** Heights of the tree in a page: 64 + 16 + 4 hashes of a subtree, its root in the page above. */
const BAND = 3;
const LEVEL_FIRST = [0, 64, 80] as const;
/** Behind the hashes, in pages of leaves: base and quote of 64 accounts. 3,712 bytes in all. */
const BALANCES_FIRST = 84 * HASH_WORDS;
/** First page of the leaves, and of the three bands above: 4^9, 4^6, 4^3 pages and one. */
const BAND_FIRST = [0, 262_144, 266_240, 266_304] as const;
const PAGES = 266_305;
/** Named so that a crash between its making and its end is cleared as any draft. */
const NAME = '.draft-accounts-';

/** Looks at another page than the look before: those at one page come by the dozen. */
export interface CacheFigures {
  readonly hits: number;
  readonly misses: number;
  /** Pages in memory, and the most there may be. */
  readonly pages: number;
  readonly maxPages: number;
}

interface Page {
  readonly number: number;
  readonly words: BigUint64Array<ArrayBuffer>;
  isDirty: boolean;
}

export class PagedCells implements TreeCells {
  readonly #file: number;
  readonly #maxPages: number;
  /** The one used last stands last. */
  readonly #pages = new Map<number, Page>();
  /** A bit a page of the file: whether it was ever written. */
  readonly #written = new Uint8Array(Math.ceil(PAGES / 8));
  #last: Page | undefined;
  #root: bigint | undefined;
  #hits = 0;
  #misses = 0;

  /** Makes the file in `folder`, for at most so many bytes of pages in memory. */
  constructor(folder: string, cacheBytes: number) {
    const path = join(folder, `${NAME}${randomBytes(6).toString('hex')}`);
    this.#file = openSync(path, 'wx+', 0o600);
    rmSync(path, { force: true });
    this.#maxPages = Math.max(1, Math.floor(cacheBytes / PAGE_BYTES));
  }

  figures(): CacheFigures {
    const [hits, misses, maxPages] = [this.#hits, this.#misses, this.#maxPages];
    return { hits, misses, pages: this.#pages.size, maxPages };
  }

  close(): void {
    closeSync(this.#file);
  }

  balance(id: number): Balance | undefined {
    const { words } = this.#page(0, id >>> 6);
    const at = BALANCES_FIRST + 2 * (id & 63);
    const [base = 0n, quote = 0n] = [words[at], words[at + 1]];
    return base === 0n && quote === 0n ? undefined : { base, quote };
  }

  setBalance(id: number, balance: Balance | undefined): void {
    const page = this.#page(0, id >>> 6);
    const at = BALANCES_FIRST + 2 * (id & 63);
    page.words[at] = balance?.base ?? 0n;
    page.words[at + 1] = balance?.quote ?? 0n;
    page.isDirty = true;
  }

  hash(height: number, position: number): bigint | undefined {
    if (height === 4 * BAND) return this.#root;
    const { words } = this.#pageOf(height, position);
    const at = placeOf(height, position);
    let hash = 0n;
    for (let word = HASH_WORDS - 1; word >= 0; word -= 1) {
      hash = (hash << 64n) | (words[at + word] ?? 0n);
    }
    // No list is known whose hash is 0: that is what was never written, or is empty again.
    return hash === 0n ? undefined : hash;
  }

  setHash(height: number, position: number, hash: bigint | undefined): void {
    if (height === 4 * BAND) {
      this.#root = hash;
      return;
    }
    const page = this.#pageOf(height, position);
    const at = placeOf(height, position);
    let rest = hash ?? 0n;
    for (let word = 0; word < HASH_WORDS; word += 1) {
      page.words[at + word] = rest;
      rest >>= 64n;
    }
    page.isDirty = true;
  }

  #pageOf(height: number, position: number): Page {
    return this.#page(Math.floor(height / BAND), position >>> (2 * (BAND - (height % BAND))));
  }

  #page(band: number, subtree: number): Page {
    const number = (BAND_FIRST[band] ?? 0) + subtree;
    if (this.#last?.number === number) return this.#last;
    const known = this.#pages.get(number);
    if (known === undefined) this.#misses += 1;
    else this.#hits += 1;
    const page = known ?? this.#read(number);
    if (known !== undefined) this.#pages.delete(number);
    this.#pages.set(number, page);
    this.#last = page;
    return page;
  }

  #read(number: number): Page {
    const words = this.#room();
    const isWritten = ((this.#written[number >>> 3] ?? 0) >>> (number & 7)) & 1;
    if (isWritten === 0) words.fill(0n);
    else if (readSync(this.#file, words, 0, PAGE_BYTES, number * PAGE_BYTES) !== PAGE_BYTES) {
      throw new Error(`the file of accounts ends within page ${number}`);
    }
    return { number, words, isDirty: false };
  }

  /** Memory for a page; that of the one used longest ago, which is written first if it changed. */
  #room(): BigUint64Array<ArrayBuffer> {
    if (this.#pages.size < this.#maxPages) return new BigUint64Array(PAGE_WORDS);
    const [oldest] = this.#pages.values();
    if (oldest === undefined) return new BigUint64Array(PAGE_WORDS);
    const { number, words, isDirty } = oldest;
    if (isDirty) this.#write(number, words);
    this.#pages.delete(number);
    return words;
  }

  #write(number: number, words: BigUint64Array<ArrayBuffer>): void {
    if (writeSync(this.#file, words, 0, PAGE_BYTES, number * PAGE_BYTES) !== PAGE_BYTES) {
      throw new Error(`no room for page ${number} of the file of accounts: make room on its disk`);
    }
    this.#written[number >>> 3] = (this.#written[number >>> 3] ?? 0) | (1 << (number & 7));
  }
}

/** First word of a hash in its page. */
function placeOf(height: number, position: number): number {
  const level = height % BAND;
  const places = 4 ** (BAND - level);
  return HASH_WORDS * ((LEVEL_FIRST[level] ?? 0) + (position & (places - 1)));
}
