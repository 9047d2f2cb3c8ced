/** What a packer and an unpacker of a snapshot's pieces expect of the next record's fields. */
import { unzigzag, unzigzagBig, zigzag, zigzagBig } from '@foldbook/protocol/columns';
import { PIECE_FIELDS, type PieceField } from './piece-fields.ts';

/** A u64: a number below 2^49, as columns give it, or else a bigint. */
export type Word = number | bigint;

export const WORD_NUMBER_LIMIT = 2 ** 49;
const HIGH = 2 ** 32;
/** Slopes of lines are in parts of it. */
export const SLOPE_ONE = 2 ** 16;
const MOST_SLOPE = 2 ** 32;

export function readWord(view: DataView, at: number, width: PieceField['width']): Word {
  switch (width) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true);
    case 4:
      return view.getUint32(at, true);
    case 6:
      return view.getUint32(at, true) + HIGH * view.getUint16(at + 4, true);
    case 8: {
      const word = view.getUint32(at, true) + HIGH * view.getUint32(at + 4, true);
      return word < WORD_NUMBER_LIMIT ? word : view.getBigUint64(at, true);
    }
    default:
      return width satisfies never;
  }
}

/** False where the word does not fit. */
export function writeWord(
  view: DataView,
  at: number,
  width: PieceField['width'],
  word: Word,
): boolean {
  if (typeof word === 'bigint') {
    if (width === 8) view.setBigUint64(at, word, true);
    return width === 8;
  }
  switch (width) {
    case 1:
      view.setUint8(at, word);
      return word < 2 ** 8;
    case 2:
      view.setUint16(at, word, true);
      return word < 2 ** 16;
    case 4:
      view.setUint32(at, word, true);
      return word < HIGH;
    case 6:
      view.setUint32(at, word % HIGH, true);
      view.setUint16(at + 4, word / HIGH, true);
      return word < 2 ** 48;
    case 8:
      view.setUint32(at, word % HIGH, true);
      view.setUint32(at + 4, word / HIGH, true);
      return true;
    default:
      return width satisfies never;
  }
}

/** The step between two words, modulo 2^64, as a word. */
export function stepOf(word: Word, expected: Word): Word {
  if (typeof word === 'number' && typeof expected === 'number') return zigzag(word - expected);
  return zigzagBig(BigInt.asIntN(64, BigInt(word) - BigInt(expected)));
}

export function afterStep(expected: Word, step: Word): Word {
  if (typeof expected === 'number' && typeof step === 'number') {
    const word = expected + unzigzag(step);
    if (word >= 0 && word < WORD_NUMBER_LIMIT) return word;
  }
  const word = BigInt.asUintN(64, BigInt(expected) + unzigzagBig(BigInt(step)));
  return word < WORD_NUMBER_LIMIT ? Number(word) : word;
}

/** One kind's fields: the record that is read or written, and the one before it. */
export class KindForecast {
  readonly fields: readonly PieceField[];
  readonly words: Word[];
  /** Of the fields on a line, in parts of SLOPE_ONE. */
  readonly slopes: number[];
  readonly #last: Word[];
  readonly #placesByFirst: readonly number[];
  /** Of fields that go by the first one: their last word, by that one. */
  readonly #byFirst = new Map<Word, Word[]>();

  constructor(fields: readonly PieceField[]) {
    this.fields = fields;
    this.words = fields.map(() => 0);
    this.slopes = fields.map(() => 0);
    this.#last = fields.map(() => 0);
    this.#placesByFirst = fields.flatMap(({ byFirst }, place) => (byFirst ? [place] : []));
  }

  /** What the field at `place` is expected to be; those before it are in `words`. */
  expected(place: number, { how, of = 0, byFirst }: PieceField): Word {
    const last = byFirst === true ? this.#lastOfFirst(place) : (this.#last[place] ?? 0);
    if (how === 'step') return last;
    if (how === 'from') return this.words[of] ?? 0;
    if (how !== 'line') return last;
    const reached = this.words[of];
    const left = this.#last[of];
    if (typeof reached !== 'number' || typeof left !== 'number') return last;
    return onLine(last, reached - left, this.slopes[place] ?? 0);
  }

  /** The record is done. */
  next(): void {
    const { words } = this;
    // As they are: this runs for each of a million results.
    for (let place = 0; place < words.length; place += 1) this.#last[place] = words[place] ?? 0;
    for (const place of this.#placesByFirst) this.#lastsOfFirst()[place] = words[place] ?? 0;
  }

  #lastOfFirst(place: number): Word {
    return this.#byFirst.get(this.words[0] ?? 0)?.[place] ?? this.#last[place] ?? 0;
  }

  #lastsOfFirst(): Word[] {
    const first = this.words[0] ?? 0;
    const known = this.#byFirst.get(first);
    if (known !== undefined) return known;
    const made: Word[] = [];
    this.#byFirst.set(first, made);
    return made;
  }
}

/** Where a line of a slope leads to; the start where that is no word. Exact IEEE 754 doubles. */
export function onLine(start: Word, steps: number, slope: number): Word {
  if (typeof start !== 'number') return start;
  const end = start + Math.floor((steps * slope) / SLOPE_ONE);
  return end >= 0 && end < WORD_NUMBER_LIMIT ? end : start;
}

/** The slope that leads from all steps of one field to those of the other. */
export function fittedSlope(rises: number, steps: number): number {
  const slope = steps === 0 ? 0 : Math.round((rises * SLOPE_ONE) / steps);
  return Math.min(slope, MOST_SLOPE - 1);
}

export function newForecasts(): ReadonlyMap<number, KindForecast> {
  return new Map([...PIECE_FIELDS].map(([kind, fields]) => [kind, new KindForecast(fields)]));
}
