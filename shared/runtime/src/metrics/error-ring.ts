/**
 * The latest errors of one thread, by code, and how many came in each second.
 *
 * In memory: a cell that counts all; 64 locks of two words, a second since 1970 and its errors, the
 * second's number modulo 64 saying which; 128 locks of five words, an error each, the oldest one
 * overwritten: code, detail, milliseconds since 1970 (low and high word), and its number from 1.
 */
import assert from 'node:assert/strict';
import { addToCell, CELL_WORDS, readCell } from './cell.ts';
import { LockedWriter, lockedWords, readLocked } from './sequence-lock.ts';

/** A power of two. */
const SECONDS = 64;
const SECOND_WORDS = 2;
const ENTRIES = 128;
const ENTRY_WORDS = 5;
const WORD = 2 ** 32;

const FIRST_SECOND = CELL_WORDS;
const FIRST_ENTRY = FIRST_SECOND + SECONDS * lockedWords(SECOND_WORDS);
export const ERROR_RING_WORDS = FIRST_ENTRY + ENTRIES * lockedWords(ENTRY_WORDS);

/** The longest span that a rate is known for, s: the second that runs is not whole. */
export const MAX_RATE_SECONDS = SECONDS - 2;

export interface LoggedError {
  readonly code: number;
  /** What it happened to, from 0 to 2^32 - 1: a market's number, an account. */
  readonly detail: number;
  /** Since 1970. */
  readonly timeMs: number;
}

export interface ErrorReport {
  readonly total: number;
  /** Oldest first; those that were just being overwritten are left out. */
  readonly latest: readonly LoggedError[];
  /** Errors a second over the last 10 and 60 whole seconds. */
  readonly perSecond10: number;
  readonly perSecond60: number;
}

/** The writing side: one thread's. */
export class ErrorRing {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #seconds: LockedWriter[];
  readonly #entries: LockedWriter[];
  readonly #second = new Int32Array(SECOND_WORDS);
  readonly #entry = new Int32Array(ENTRY_WORDS);
  #count = 0;

  constructor(words: Int32Array, at: number) {
    assert(at >= 0 && at + ERROR_RING_WORDS <= words.length, 'the ring lies in its memory');
    this.#words = words;
    this.#at = at;
    const locks = (first: number, count: number, size: number) =>
      Array.from({ length: count }, (_, index) => {
        return new LockedWriter(words, at + first + index * lockedWords(size), size);
      });
    this.#seconds = locks(FIRST_SECOND, SECONDS, SECOND_WORDS);
    this.#entries = locks(FIRST_ENTRY, ENTRIES, ENTRY_WORDS);
  }

  /** @param timeMs since 1970, of a clock that does not go back */
  record(code: number, detail: number, timeMs: number): void {
    const entry = this.#entry;
    entry[0] = code;
    entry[1] = detail;
    entry[2] = timeMs % WORD;
    entry[3] = Math.floor(timeMs / WORD);
    entry[4] = this.#count + 1;
    this.#entries[this.#count % ENTRIES]?.write(entry);
    this.#count += 1;
    addToCell(this.#words, this.#at, 1);
    const second = secondOf(timeMs);
    if (this.#second[0] !== second) this.#second[1] = 0;
    this.#second[0] = second;
    this.#second[1] = (this.#second[1] ?? 0) + 1;
    this.#seconds[second & (SECONDS - 1)]?.write(this.#second);
  }
}

/** As a word has it, which wraps in 2038 and is compared with another only. */
const secondOf = (timeMs: number) => Math.floor(timeMs / 1_000) | 0;

/** @param nowMs the time, for the rates */
export function readErrors(words: Int32Array, at: number, nowMs: number): ErrorReport | undefined {
  const total = readCell(words, at);
  if (total === undefined) return undefined;
  const perSecond = perSecondOver(words, at, secondOf(nowMs));
  return {
    total,
    latest: latestErrors(words, at),
    perSecond10: perSecond(10),
    perSecond60: perSecond(60),
  };
}

function perSecondOver(words: Int32Array, at: number, now: number): (seconds: number) => number {
  const counts = new Map<number, number>();
  const into = new Int32Array(SECOND_WORDS);
  for (let index = 0; index < SECONDS; index += 1) {
    const where = at + FIRST_SECOND + index * lockedWords(SECOND_WORDS);
    if (readLocked(words, where, into)) counts.set(into[0] ?? 0, into[1] ?? 0);
  }
  return (seconds) => {
    let sum = 0;
    for (let ago = 1; ago <= seconds; ago += 1) sum += counts.get((now - ago) | 0) ?? 0;
    return sum / seconds;
  };
}

function latestErrors(words: Int32Array, at: number): LoggedError[] {
  const found: { readonly number: number; readonly error: LoggedError }[] = [];
  const into = new Int32Array(ENTRY_WORDS);
  for (let index = 0; index < ENTRIES; index += 1) {
    const where = at + FIRST_ENTRY + index * lockedWords(ENTRY_WORDS);
    if (!readLocked(words, where, into)) continue;
    const [code = 0, detail = 0, low = 0, high = 0, number = 0] = into;
    if (number === 0) continue;
    found.push({
      number,
      error: { code, detail: detail >>> 0, timeMs: high * WORD + (low >>> 0) },
    });
  }
  return found.sort((a, b) => (a.number - b.number) | 0).map(({ error }) => error);
}
