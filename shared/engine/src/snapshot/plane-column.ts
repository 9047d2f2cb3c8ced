/**
 * A column of words of several bytes each, as planes: the lowest byte of every word, then the next
 * of every word, as many as the longest word has. High bytes are alike, and low ones are noise that
 * a compressor had better not see between them.
 *
 * ```
 * column = bytes a word u8 | plane ...
 * ```
 */
import type { RefuseColumn } from '@foldbook/protocol/columns';
import { WORD_NUMBER_LIMIT, type Word } from './piece-forecast.ts';

const MOST_BYTES = 8;

export class PlaneWriter {
  readonly #words: Word[] = [];

  pushAny(word: Word): void {
    this.#words.push(word);
  }

  finish(): Uint8Array {
    const words = this.#words;
    const bytes = words.reduce((most: number, word) => Math.max(most, bytesOf(word)), 0);
    const column = new Uint8Array(1 + bytes * words.length);
    column[0] = bytes;
    for (const [index, word] of words.entries()) {
      let rest = word;
      for (let at = 1 + index; at < column.length; at += words.length) {
        column[at] = Number(typeof rest === 'number' ? rest % 256 : rest & 0xffn);
        rest = typeof rest === 'number' ? Math.floor(rest / 256) : rest >> 8n;
      }
    }
    return column;
  }
}

function bytesOf(word: Word): number {
  let bytes = 0;
  for (let bound: Word = typeof word === 'number' ? 1 : 1n; word >= bound; bytes += 1) {
    bound = typeof bound === 'number' ? bound * 256 : bound * 256n;
  }
  return bytes;
}

export class PlaneReader {
  readonly #column: Uint8Array;
  readonly #start: number;
  readonly #refuse: RefuseColumn;
  readonly #bytes: number;
  readonly #count: number;
  #next = 0;

  /** Reads the column at `start` to `end` of `bytes`, which are there. */
  constructor(bytes: Uint8Array, start: number, end: number, refuse: RefuseColumn) {
    this.#column = bytes.subarray(start, end);
    this.#start = start;
    this.#refuse = refuse;
    this.#bytes = this.#column[0] ?? 0;
    if (end === start || this.#bytes > MOST_BYTES) this.refuse('it has no planes');
    this.#count = this.#bytes === 0 ? 0 : (end - start - 1) / this.#bytes;
    const isWhole = this.#bytes === 0 ? end - start === 1 : Number.isInteger(this.#count);
    if (!isWhole) this.refuse('its planes are not of one length');
  }

  refuse(what: string): never {
    return this.#refuse(what, this.#start);
  }

  nextAny(): Word {
    if (this.#bytes === 0) return 0;
    if (this.#next >= this.#count) this.refuse('the column ends before its last value');
    let word = 0;
    let big = 0n;
    for (let plane = this.#bytes - 1; plane >= 0; plane -= 1) {
      const byte = this.#column[1 + this.#next + plane * this.#count] ?? 0;
      word = word * 256 + byte;
      // Doubles are exact up to six bytes.
      if (this.#bytes > 6) big = (big << 8n) | BigInt(byte);
    }
    this.#next += 1;
    if (this.#bytes <= 6) return word;
    return big < WORD_NUMBER_LIMIT ? Number(big) : big;
  }

  end(): void {
    if (this.#next < this.#count) this.refuse('values follow the last one');
  }
}
