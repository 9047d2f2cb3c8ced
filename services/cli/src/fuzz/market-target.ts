/** A decoder of market data as something to fuzz. */
import { crc32 } from 'node:zlib';
import { Dice } from '@foldbook/engine';
import { EVENT_BYTES, type EventBlock, ReplayBook, recogniseFormat } from '@foldbook/history';
import { type DecodingRun, type MakeDecoder, type RunOptions, runDecoder } from './decoding-run.ts';
import { FuzzFault, type FuzzTarget, WHOLE } from './fuzz-target.ts';
import type { KernelMemory, MeteredKernel } from './metered-kernel.ts';

export interface MarketTargetOptions {
  readonly make: MakeDecoder;
  readonly isText: boolean;
  readonly words: readonly string[];
  readonly mend?: (bytes: Buffer) => void;
  /** Sizes of a decoder's input and block: small ones make it stop and go on. */
  readonly inputBytes: readonly number[];
  readonly blockEvents: readonly number[];
}

const BOOK_SPARE_BYTES = 1 << 20;
const BOOK_BYTES_AN_EVENT = 8_192;
const BOOK_LEVELS = [0, 1, 10];
const SHOWN_INSTRUMENTS = 3;
const SHOWN_LEVELS = 5;
/** Cutting longer ones at every byte takes long, and tells no more. */
const MOST_CUT_BYTES = 2_048;

export function marketTarget(memory: KernelMemory, options: MarketTargetOptions): FuzzTarget {
  const { make, isText, words, mend } = options;
  return {
    isText,
    words,
    ...(mend === undefined ? {} : { mend }),
    check(bytes) {
      recogniseFormat(bytes);
      // Of nothing but the bytes, so that they alone say what happens.
      const dice = new Dice(crc32(bytes));
      const kernel = memory.next();
      const sizes = {
        inputBytes: dice.pick(options.inputBytes),
        blockEvents: dice.pick(options.blockEvents),
      };
      const run = (lenient: boolean, cut: readonly number[], onBlock?: RunOptions['onBlock']) => {
        const all = { kernel, make, options: { ...sizes, lenient }, cut };
        return runDecoder(bytes, onBlock === undefined ? all : { ...all, onBlock });
      };
      const whole = run(false, [Math.max(1, bytes.length)]);
      checkSame(whole, run(false, cutOf(bytes, dice)), 'a cut');
      if (dice.oneIn(3))
        checkSame(run(true, [bytes.length]), run(true, cutOf(bytes, dice)), 'a cut');
      const { book, apply, grown } = bookOf(kernel, dice);
      const past = run(true, cutOf(bytes, dice), apply);
      checkPrefix(whole, past);
      checkBook(book, past, grown.bytes);
      return whole.error?.code ?? WHOLE;
    },
  };
}

function cutOf(bytes: Uint8Array, dice: Dice): number[] {
  switch (bytes.length > MOST_CUT_BYTES ? 2 : dice.below(4)) {
    case 0:
      return [1];
    case 1:
      return [dice.below(bytes.length + 1) + 1, bytes.length + 1];
    default: {
      const most = 1 + dice.below(Math.max(100, bytes.length >> 4));
      return Array.from({ length: 32 }, () => 1 + dice.below(most));
    }
  }
}

function checkSame(a: DecodingRun, b: DecodingRun, by: string): void {
  const differs = (what: string, one: unknown, other: unknown): never => {
    throw new FuzzFault(`${what} changed by ${by}`, `${one} and ${other}`);
  };
  const errorOf = ({ error }: DecodingRun) => (error ? `${error.code} at ${error.offset}` : WHOLE);
  if (errorOf(a) !== errorOf(b)) differs('the error', errorOf(a), errorOf(b));
  if (!a.events.equals(b.events)) {
    differs('events', a.events.length / EVENT_BYTES, b.events.length / EVENT_BYTES);
  }
  if (a.counts.join() !== b.counts.join()) differs('counts', a.counts.join(), b.counts.join());
  const names = [a, b].map(({ instruments }) => JSON.stringify(instruments));
  if (names[0] !== names[1]) differs('instruments', names[0], names[1]);
}

/** Lenient decoding gives what strict decoding gives, and perhaps more. */
function checkPrefix(strict: DecodingRun, lenient: DecodingRun): void {
  const { length } = strict.events;
  if (lenient.events.subarray(0, length).equals(strict.events)) return;
  const counts = `${length / EVENT_BYTES} and ${lenient.events.length / EVENT_BYTES}`;
  throw new FuzzFault('lenient lost events', counts);
}

function bookOf(kernel: MeteredKernel, dice: Dice) {
  const levels = BOOK_LEVELS[dice.below(BOOK_LEVELS.length)] ?? 0;
  const book = new ReplayBook({ kernel, lenient: true, joined: dice.oneIn(2), levels });
  const grown = { bytes: 0 };
  const apply = (block: EventBlock) => {
    const before = kernel.usedBytes;
    book.apply(block);
    grown.bytes += kernel.usedBytes - before;
  };
  return { book, apply, grown };
}

/** Whatever was applied, the books answer, and are no larger than what they were told. */
function checkBook(book: ReplayBook, run: DecodingRun, grownBytes: number): void {
  const events = run.events.length / EVENT_BYTES;
  const { counts } = book;
  if (counts.events !== events) {
    throw new FuzzFault('the book lost events', `${counts.events} of ${events}`);
  }
  if (counts.orders > events) {
    throw new FuzzFault('orders from nowhere', `${counts.orders} of ${events} events`);
  }
  for (const instrument of run.instruments.keys()) {
    if (instrument === SHOWN_INSTRUMENTS) break;
    for (const side of [0, 1] as const) book.orders(instrument, side, SHOWN_LEVELS);
  }
  if (grownBytes > BOOK_SPARE_BYTES + events * BOOK_BYTES_AN_EVENT) {
    throw new FuzzFault('memory', `${grownBytes} bytes for the books of ${events} events`);
  }
}
