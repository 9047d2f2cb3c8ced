/** Makes inputs that were nearly right: those of a corpus with a few changes. */
import { Dice } from '@foldbook/engine';

export interface MutatorOptions {
  /** At least one. */
  readonly corpus: readonly Uint8Array[];
  readonly isText: boolean;
  readonly words: readonly string[];
  readonly mend?: ((bytes: Buffer) => void) | undefined;
}

/** One repetition of so many makes an input long. */
const LONG_ONE_IN = 50;
const LONG_BYTES = 40_000;
const MOST_BYTES = 120_000;
const MOST_NOISE_BYTES = 400;
const RUN_BYTES = 40;

const WEIGHTS = {
  flip: 6,
  set: 4,
  number: 8,
  run: 3,
  remove: 4,
  cut: 2,
  repeat: 4,
  move: 2,
  splice: 3,
  borrow: 4,
  word: 3,
} as const;
const TEXT_WEIGHTS = { ...WEIGHTS, number: 1, digits: 10, sign: 8, nest: 1, line: 6 } as const;
type Change = keyof typeof TEXT_WEIGHTS;
const BINARY_WEIGHTS = { ...WEIGHTS, digits: 0, sign: 0, nest: 0, line: 0 } as const;

const WIDTHS = [1, 2, 4, 8];
const POWERS = [0n, 1n, 7n, 8n, 15n, 16n, 20n, 31n, 32n, 52n, 53n, 62n, 63n, 64n];
const SIGNS = [...',.-+:;"\'\\{}[]/ \n\r\t\0eETZ_#', 'é', '\u{1f600}', '\\u0000', '\\"', '""'];
const NUMBERS = [
  ...['0', '-0', '1', '-1', '00', '1.', '.5', '0.1', '1e9', '1E-9', '+1', 'NaN', 'Infinity'],
  ...['255', '256', '65535', '65536', '2147483647', '2147483648', '4294967295', '4294967296'],
  ...['9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775808'],
  ...['18446744073709551615', '18446744073709551616', '184467440737095516150'],
  ...[
    '92233720368.54775807',
    '92233720368.54775808',
    '922337203685477.5807',
    '9223372036.854775807',
  ],
  ...['0.00000001', '0.000000001', '0.0000000001', '1.0000000000000000000', '0x10', '1_000'],
];
const NESTS = ['[', '{', '{"a":', '[[', '"', '\\', '{"a":[', '['];

/**
 * The n-th input of a seed is the same everywhere, whoever makes it and whatever was made before.
 */
export class Mutator {
  readonly #options: MutatorOptions;

  constructor(options: MutatorOptions) {
    this.#options = options;
  }

  /** @param run from 0; the first are those of the corpus as they are */
  input(seed: number, run: number): Buffer {
    const kept = this.#options.corpus[run];
    if (kept !== undefined) return Buffer.from(kept);
    const dice = new Dice(Math.imul(seed ^ 0x5bd1_e995, 0x85eb_ca6b) ^ Math.imul(run, 0x9e37_79b1));
    if (dice.oneIn(50)) return this.#noise(dice);
    let bytes: Buffer = Buffer.from(dice.pick(this.#options.corpus));
    const changes = dice.oneIn(8) ? 1 + dice.below(24) : 1 + dice.below(4);
    for (let change = 0; change < changes; change += 1) {
      bytes = this.#changed(bytes, dice).subarray(0, MOST_BYTES);
    }
    // Now and then not, as the checks of checksums are to be met, too.
    if (this.#options.mend !== undefined && !dice.oneIn(10)) {
      bytes = Buffer.from(bytes);
      this.#options.mend(bytes);
    }
    return bytes;
  }

  #noise(dice: Dice): Buffer {
    const length = dice.below(MOST_NOISE_BYTES);
    if (!this.#options.isText || dice.oneIn(4)) {
      return Buffer.from(Array.from({ length }, () => dice.below(256)));
    }
    const parts = [...SIGNS, ...NUMBERS, ...this.#options.words];
    return Buffer.from(
      Array.from({ length: dice.below(80) }, () => pickText(dice, parts)).join(''),
    );
  }

  #changed(bytes: Buffer, dice: Dice): Buffer {
    const change: Change = dice.weighted<Change>(
      this.#options.isText ? TEXT_WEIGHTS : BINARY_WEIGHTS,
    );
    const at = this.#place(bytes, dice);
    switch (change) {
      case 'flip':
        return replaced(bytes, at, 1, Buffer.of((bytes[at] ?? 0) ^ (1 << dice.below(8))));
      case 'set':
        return replaced(bytes, at, 1, Buffer.of(dice.below(256)));
      case 'number':
        return withNumber(bytes, at, dice);
      case 'run':
        return replaced(bytes, at, dice.oneIn(2) ? 0 : RUN_BYTES, run(dice));
      case 'remove':
        return replaced(bytes, at, 1 + dice.below(dice.oneIn(3) ? bytes.length + 1 : RUN_BYTES));
      case 'cut':
        return bytes.subarray(0, at);
      case 'repeat':
        return repeated(bytes, at, dice);
      case 'move':
        return moved(bytes, at, dice);
      case 'splice':
        return this.#spliced(bytes, at, dice);
      case 'borrow':
        return this.#borrowed(bytes, at, dice);
      case 'word':
        return this.#withWord(bytes, at, dice);
      case 'digits':
        return withDigits(bytes, at, dice);
      case 'sign':
        return replaced(bytes, at, dice.below(2), Buffer.from(pickText(dice, SIGNS)));
      case 'nest':
        return replaced(bytes, at, 0, Buffer.from(pickText(dice, NESTS).repeat(deep(dice))));
      case 'line':
        return withLine(bytes, at, dice);
    }
  }

  /** More often near the beginning, where headers are, and near the end. */
  #place(bytes: Buffer, dice: Dice): number {
    if (dice.oneIn(4)) return dice.below(Math.min(64, bytes.length) + 1);
    if (dice.oneIn(8)) return Math.max(0, bytes.length - dice.below(16));
    return dice.below(bytes.length + 1);
  }

  #spliced(bytes: Buffer, at: number, dice: Dice): Buffer {
    const other = dice.pick(this.#options.corpus);
    const from = dice.oneIn(2) ? Math.min(at, other.length) : dice.below(other.length + 1);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
  }

  #borrowed(bytes: Buffer, at: number, dice: Dice): Buffer {
    const other = dice.pick(this.#options.corpus);
    const from = dice.below(other.length + 1);
    const part = other.subarray(from, from + 1 + dice.below(64));
    return replaced(bytes, at, dice.oneIn(2) ? part.length : 0, part);
  }

  #withWord(bytes: Buffer, at: number, dice: Dice): Buffer {
    const { words } = this.#options;
    const word = Buffer.from(words.length === 0 ? '' : pickText(dice, words), 'latin1');
    return replaced(bytes, at, dice.oneIn(2) ? word.length : 0, word);
  }
}

function replaced(bytes: Buffer, at: number, length: number, by: Uint8Array = Buffer.of()): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
}

function pickText(dice: Dice, texts: readonly string[]): string {
  return texts[dice.below(texts.length)] ?? '';
}

/** Mostly shallow; sometimes deeper than anybody keeps a stack for. */
function deep(dice: Dice): number {
  return dice.oneIn(10) ? 20_000 : 1 + dice.below(100);
}

function run(dice: Dice): Buffer {
  const length = dice.oneIn(LONG_ONE_IN) ? LONG_BYTES : 1 + dice.below(RUN_BYTES);
  const byte = dice.oneIn(3) ? dice.below(256) : dice.oneIn(2) ? 0 : 0xff;
  return Buffer.alloc(length, byte);
}

function repeated(bytes: Buffer, at: number, dice: Dice): Buffer {
  const length = 1 + dice.below(dice.oneIn(2) ? 200 : bytes.length + 1);
  const part = bytes.subarray(at, at + length);
  if (part.length === 0) return bytes;
  const most = Math.ceil(LONG_BYTES / part.length);
  const times = dice.oneIn(LONG_ONE_IN) ? most : 1 + dice.below(3);
  return replaced(bytes, at, 0, Buffer.concat(Array.from({ length: times }, () => part)));
}

function moved(bytes: Buffer, at: number, dice: Dice): Buffer {
  const length = 1 + dice.below(RUN_BYTES);
  const part = Buffer.from(bytes.subarray(at, at + length));
  const rest = replaced(bytes, at, length);
  return replaced(rest, dice.below(rest.length + 1), 0, part);
}

/** An integer where formats are full of trouble: ends of ranges, lengths that are off by one. */
function withNumber(bytes: Buffer, at: number, dice: Dice): Buffer {
  const width = WIDTHS[dice.below(WIDTHS.length)] ?? 1;
  const begin = Math.min(at, Math.max(0, bytes.length - width));
  const number = Buffer.alloc(8);
  const isBig = dice.oneIn(3);
  number.writeBigUInt64LE(BigInt.asUintN(64, numberNear(bytes, begin, width, isBig, dice)));
  const own = number.subarray(0, width);
  return replaced(bytes, begin, width, isBig ? own.reverse() : own);
}

function numberNear(bytes: Buffer, at: number, width: number, isBig: boolean, dice: Dice): bigint {
  const near = BigInt(dice.below(5) - 2);
  switch (dice.below(4)) {
    case 0:
      return near * (dice.oneIn(2) ? 1n : BigInt(dice.below(64)));
    case 1:
      return (1n << dice.pick(POWERS)) + near;
    case 2:
      return BigInt(bytes.length - (dice.oneIn(2) ? at : 0)) + near;
    default: {
      const found = Buffer.from(bytes.subarray(at, at + width));
      if (!isBig) found.reverse();
      return BigInt(`0x0${found.toString('hex')}`) + near;
    }
  }
}

/** Another number in the place of one. */
function withDigits(bytes: Buffer, at: number, dice: Dice): Buffer {
  const isPart = (byte: number | undefined) =>
    byte !== undefined && ((byte >= 0x30 && byte <= 0x39) || byte === 0x2e);
  let begin = bytes.subarray(at).findIndex(isPart);
  if (begin === -1) return bytes;
  begin += at;
  while (begin > 0 && isPart(bytes[begin - 1])) begin -= 1;
  let end = begin;
  while (isPart(bytes[end])) end += 1;
  const long = '9876543210'.repeat(1 + dice.below(30)).slice(dice.below(9));
  const number = dice.oneIn(8) ? long : pickText(dice, NUMBERS);
  if (dice.oneIn(4)) return replaced(bytes, dice.oneIn(2) ? begin : end, 0, Buffer.from(number));
  return replaced(bytes, begin, end - begin, Buffer.from(number));
}

/** A line, or what is between two commas, twice, elsewhere, or not at all. */
function withLine(bytes: Buffer, at: number, dice: Dice): Buffer {
  const mark = dice.oneIn(2) ? 0x0a : 0x2c;
  const begin = bytes.lastIndexOf(mark, at) + 1;
  const found = bytes.indexOf(mark, begin);
  const end = found === -1 ? bytes.length : found + 1;
  const part = Buffer.from(bytes.subarray(begin, end));
  switch (dice.below(3)) {
    case 0:
      return replaced(bytes, begin, 0, part);
    case 1:
      return replaced(bytes, begin, part.length);
    default: {
      const rest = replaced(bytes, begin, part.length);
      const next = rest.indexOf(mark, dice.below(rest.length + 1));
      return replaced(rest, next === -1 ? rest.length : next + 1, 0, part);
    }
  }
}
