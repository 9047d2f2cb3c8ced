/**
 * A number of up to 53 bits that one thread writes and any other reads.
 *
 *   word     0          1          2          3
 *            +----------+----------+----------+----------+
 *            | version  | low      | high     | unused   |
 *            +----------+----------+----------+----------+
 *
 * Two 32-bit words rather than a Float64: the language promises that an aligned 32-bit access does
 * not tear, and promises nothing for 64 bits without BigInt, which allocates. The version guards
 * the rare store that changes the high word, and is odd meanwhile; all others are one plain store
 * of the low word, which costs what any store costs.
 */

export const CELL_WORDS = 4;
const VERSION = 0;
const LOW = 1;
const HIGH = 2;
const WORD = 2 ** 32;
const MAX_TRIES = 1_000;

/** Adds a whole number, 0 or more; the writer's alone. */
export function addToCell(words: Int32Array, at: number, count: number): void {
  const low = ((words[at + LOW] ?? 0) >>> 0) + count;
  if (low < WORD) words[at + LOW] = low;
  else store(words, at, ((words[at + HIGH] ?? 0) >>> 0) + Math.floor(low / WORD), low % WORD);
}

/** Sets a whole number from 0 to 2^53 - 1; the writer's alone. */
export function setCell(words: Int32Array, at: number, value: number): void {
  const high = Math.floor(value / WORD);
  const low = value % WORD;
  if ((words[at + HIGH] ?? 0) === high) words[at + LOW] = low;
  else store(words, at, high, low);
}

function store(words: Int32Array, at: number, high: number, low: number): void {
  const version = words[at + VERSION] ?? 0;
  Atomics.store(words, at + VERSION, version + 1);
  Atomics.store(words, at + HIGH, high);
  Atomics.store(words, at + LOW, low);
  Atomics.store(words, at + VERSION, version + 2);
  // Keeps the plain stores of later calls behind these, on processors that would move them ahead.
  Atomics.load(words, at + VERSION);
}

/**
 * Undefined if the high word changed at every try. Beyond 2^53, which a sum of nanoseconds may
 * reach in days, it is the nearest number there is; the words stay exact.
 */
export function readCell(words: Int32Array, at: number): number | undefined {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const version = Atomics.load(words, at + VERSION);
    const high = Atomics.load(words, at + HIGH) >>> 0;
    const low = Atomics.load(words, at + LOW) >>> 0;
    const isWhole = (version & 1) === 0 && Atomics.load(words, at + VERSION) === version;
    if (isWhole) return high * WORD + low;
    Atomics.pause();
  }
  return undefined;
}
