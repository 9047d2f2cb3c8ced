/**
 * Words that one thread writes and any number of threads and processes read, without either ever
 * waiting for the other: two copies and a count of writes.
 *
 *   word     0          1 ..             1 + n ..
 *            +----------+----------------+----------------+
 *            | writes   | copy for even  | copy for odd   |
 *            +----------+----------------+----------------+
 *
 * Write number w goes to copy `w & 1`, and only then is counted. So a reader has the time of one
 * whole write to take a copy away, even from a writer that never pauses, and knows by the count
 * whether it had enough.
 *
 * Every access that another thread may race with is by `Atomics`: without, the language lets a
 * compiler or a processor move a word past the count. Words that have not changed are not stored.
 */
import assert from 'node:assert/strict';

/** How often a reader tries again before it says that it got nothing. */
const MAX_TRIES = 1_000;
const COPIES = 2;

/** Words that a sequence lock over `count` words takes. */
export function lockedWords(count: number): number {
  return 1 + COPIES * count;
}

/** The writing side; one in the world for each lock. */
export class LockedWriter {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #count: number;

  /** @param at index of the lock's first word in `words` */
  constructor(words: Int32Array, at: number, count: number) {
    assert(at >= 0 && at + lockedWords(count) <= words.length, 'the lock lies inside its memory');
    this.#words = words;
    this.#at = at;
    this.#count = count;
  }

  /** Copies what readers see now: of one who wrote before, and does no more. */
  read(into: Int32Array): void {
    const first = this.#at + 1 + ((this.#words[this.#at] ?? 0) & 1) * this.#count;
    into.set(this.#words.subarray(first, first + this.#count));
  }

  /** Makes the first words of `source` what readers see, all at once. */
  write(source: Int32Array): void {
    const words = this.#words;
    const writes = ((words[this.#at] ?? 0) + 1) | 0;
    const first = this.#at + 1 + (writes & 1) * this.#count;
    for (let index = 0; index < this.#count; index += 1) {
      const value = source[index] ?? 0;
      if (words[first + index] !== value) Atomics.store(words, first + index, value);
    }
    Atomics.store(words, this.#at, writes);
  }
}

/**
 * Copies what a lock at word `at` holds, `into.length` words, as one write left it.
 * @returns false if the writer was faster each time; then `into` holds nothing of use
 */
export function readLocked(words: Int32Array, at: number, into: Int32Array): boolean {
  const count = into.length;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const writes = Atomics.load(words, at);
    const first = at + 1 + (writes & 1) * count;
    for (let index = 0; index < count; index += 1) {
      into[index] = Atomics.load(words, first + index);
    }
    if (Atomics.load(words, at) === writes) return true;
    Atomics.pause();
  }
  return false;
}
