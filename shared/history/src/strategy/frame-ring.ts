/**
 * Frames in shared memory that one thread fills and any number of others read, each at its own
 * pace: nobody takes a lock, nothing is copied, and a frame is filled again only when all have
 * read it.
 *
 * ```
 * ring  +0         +4     +8      +128      +256 ...
 *       published  ended  failed  reader 0  reader 1
 * ```
 * Counts are i32 and wrap around.
 */
import assert from 'node:assert/strict';
import type { Frame } from '../features/frame.ts';
import { runBreakable } from './breakable.ts';

const PUBLISHED = 0;
const ENDED = 1;
const FAILED = 2;
/** Each reader's count has cache lines of its own. */
const READER_WORDS = 32;
export const MAX_READERS = 64;

export const ringBytes = (readers: number): number => 4 * READER_WORDS * (1 + readers);

const readerWord = (reader: number) => READER_WORDS * (1 + reader);
/** How long a side sleeps before it looks whether the other one has gone. */
const PATIENCE_MS = 100;
const BREAKABLE_MS = 1_000;

export class FrameWriter {
  readonly #words: Int32Array;
  readonly #frames: readonly Frame[];
  readonly #readers: number;
  #published = 0;

  /** @param words - of the ring, zero; `ringBytes` long */
  constructor(words: Int32Array, frames: readonly Frame[], readers: number) {
    assert(readers <= MAX_READERS, `${readers} readers`);
    assert(Number.isInteger(Math.log2(frames.length)), `${frames.length} frames: no power of two`);
    this.#words = words;
    this.#frames = frames;
    this.#readers = readers;
  }

  /**
   * The frame to fill next; waits until the slowest reader has left it, or somebody presses Ctrl-C.
   * Undefined then, and when a reader has failed: there is nothing to go on for.
   */
  next(): Frame | undefined {
    for (let reader = 0; reader < this.#readers; reader += 1) {
      const word = readerWord(reader);
      for (;;) {
        if (Atomics.load(this.#words, FAILED) !== 0) return undefined;
        const read = Atomics.load(this.#words, word);
        if (((this.#published - read) | 0) < this.#frames.length) break;
        if (Atomics.wait(this.#words, word, read, PATIENCE_MS) !== 'timed-out') continue;
        // A reader that takes so long may never come back.
        let isOver = false;
        runBreakable(() => {
          isOver = Atomics.wait(this.#words, word, read, BREAKABLE_MS) !== undefined;
        });
        if (!isOver) return undefined;
      }
    }
    return this.#frames[this.#published & (this.#frames.length - 1)];
  }

  /** Shows the frame that `next` gave to all readers. */
  publish(): void {
    this.#published = (this.#published + 1) | 0;
    Atomics.store(this.#words, PUBLISHED, this.#published);
    Atomics.notify(this.#words, PUBLISHED);
  }

  /** No frame comes any more. */
  end(): void {
    Atomics.store(this.#words, ENDED, 1);
    Atomics.notify(this.#words, PUBLISHED);
  }
}

export class FrameReader {
  readonly #words: Int32Array;
  readonly #frames: readonly Frame[];
  readonly #word: number;
  #read = 0;

  constructor(words: Int32Array, frames: readonly Frame[], reader: number) {
    this.#words = words;
    this.#frames = frames;
    this.#word = readerWord(reader);
  }

  /** The next frame, valid until `done`; waits for it. Undefined after the last one. */
  next(): Frame | undefined {
    for (;;) {
      const published = Atomics.load(this.#words, PUBLISHED);
      if (published !== this.#read) {
        return this.#frames[this.#read & (this.#frames.length - 1)];
      }
      if (Atomics.load(this.#words, ENDED) !== 0) {
        // What was published before the end is read first.
        if (Atomics.load(this.#words, PUBLISHED) === this.#read) return undefined;
        continue;
      }
      Atomics.wait(this.#words, PUBLISHED, published, PATIENCE_MS);
    }
  }

  done(): void {
    this.#read = (this.#read + 1) | 0;
    Atomics.store(this.#words, this.#word, this.#read);
    Atomics.notify(this.#words, this.#word);
  }

  /** Reads no more: the writer stops. */
  fail(): void {
    Atomics.store(this.#words, FAILED, 1);
    Atomics.notify(this.#words, this.#word);
  }
}
