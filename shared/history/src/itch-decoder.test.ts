import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { dataFile } from '../test/data.ts';
import { decodeWith, sharedKernel } from '../test/decoding.ts';
import { checkMutations } from '../test/mutation.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from './event.ts';
import { createItchDecoder } from './itch-decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

const strict = (kernel: HistoryKernel) => createItchDecoder(kernel);
const lenient = (kernel: HistoryKernel) => createItchDecoder(kernel, { lenient: true });

const LENGTHS: Readonly<Record<string, number>> = {
  ...{ S: 12, R: 39, H: 25, A: 36, F: 40, E: 31, C: 36, X: 23, D: 19, U: 35, P: 44, Q: 40, I: 50 },
};

type Field = readonly [at: number, bytes: number, value: bigint | number | string];

/** A message with its length before it, or zeros where the file leaves it out. */
function message(type: string, fields: readonly Field[] = [], prefix = LENGTHS[type] ?? 0): Buffer {
  const bytes = Buffer.alloc(2 + (LENGTHS[type] ?? Math.max(prefix, 20)), ' ');
  bytes.writeUInt16BE(prefix, 0);
  bytes.write(type, 2, 'latin1');
  const all: readonly Field[] = [[1, 2, 9], [3, 2, 1], [5, 6, 34_200_000_000_123n], ...fields];
  for (const [at, length, value] of all) {
    if (typeof value === 'string') bytes.write(value.padEnd(length), 2 + at, 'latin1');
    else bytes.write(value.toString(16).padStart(length * 2, '0'), 2 + at, 'hex');
  }
  return bytes;
}

const order = (prefix?: number) =>
  message(
    'A',
    [
      [11, 8, 77n],
      [19, 1, 'S'],
      [20, 4, 300],
      [24, 8, 'ABC'],
      [32, 4, 12_3400],
    ],
    prefix,
  );

/** One of each that says something of the book, and one that does not. */
function day(hasLengths: boolean): Buffer {
  const prefix = hasLengths ? undefined : 0;
  return Buffer.concat([
    message('R', [[11, 8, 'ABC']], prefix),
    message(
      'H',
      [
        [11, 8, 'ABC'],
        [19, 1, 'T'],
      ],
      prefix,
    ),
    order(prefix),
    message(
      'F',
      [
        [11, 8, 78n],
        [19, 1, 'B'],
        [20, 4, 5],
        [24, 8, 'ABC'],
        [32, 4, 7],
      ],
      prefix,
    ),
    message(
      'E',
      [
        [11, 8, 77n],
        [19, 4, 10],
        [23, 8, 1n],
      ],
      prefix,
    ),
    message(
      'C',
      [
        [11, 8, 77n],
        [19, 4, 11],
        [23, 8, 2n],
        [31, 1, 'Y'],
        [32, 4, 99],
      ],
      prefix,
    ),
    message(
      'X',
      [
        [11, 8, 77n],
        [19, 4, 12],
      ],
      prefix,
    ),
    message(
      'U',
      [
        [11, 8, 77n],
        [19, 8, 80n],
        [27, 4, 13],
        [31, 4, 98],
      ],
      prefix,
    ),
    message('D', [[11, 8, 80n]], prefix),
    message(
      'P',
      [
        [11, 8, 0n],
        [19, 1, 'B'],
        [20, 4, 14],
        [24, 8, 'ABC'],
        [32, 4, 97],
      ],
      prefix,
    ),
    message(
      'Q',
      [
        [11, 8, 15n],
        [19, 8, 'ABC'],
        [27, 4, 96],
      ],
      prefix,
    ),
    message(
      'Q',
      [
        [11, 8, 0n],
        [19, 8, 'ABC'],
        [27, 4, 0],
      ],
      prefix,
    ),
    message('I', [], prefix),
  ]);
}

const { BUY, SELL, NONE } = EventSide;
const { LAST, NO_PRICE, REPLACED } = EventFlag;

/** What the day gives: message, action, side, flags, order, price, quantity. */
const EXPECTED: readonly (readonly number[])[] = [
  [1, Action.STATUS, NONE, LAST | NO_PRICE, 0, 0, 2],
  [2, Action.ADD, SELL, LAST, 77, 123_400, 300],
  [3, Action.ADD, BUY, LAST, 78, 7, 5],
  [4, Action.EXECUTE, NONE, LAST | NO_PRICE, 77, 0, 10],
  [5, Action.EXECUTE, NONE, LAST, 77, 99, 11],
  [6, Action.REDUCE, NONE, LAST | NO_PRICE, 77, 0, 12],
  [7, Action.DELETE, NONE, NO_PRICE, 77, 0, 0],
  [7, Action.ADD, NONE, LAST | REPLACED, 80, 98, 13],
  [8, Action.DELETE, NONE, LAST | NO_PRICE, 80, 0, 0],
  [9, Action.TRADE, BUY, LAST, 0, 97, 14],
  [10, Action.TRADE, NONE, LAST, 0, 96, 15],
];

function expectedEvents(): MarketEvent[] {
  return EXPECTED.map(
    ([sequence = 0, action = 0, side = 0, flags = 0, id = 0, price = 0, n = 0]) => ({
      orderId: BigInt(id),
      price: BigInt(price),
      quantity: BigInt(n),
      timeNs: 34_200_000_000_123n,
      instrument: 0,
      action,
      side,
      flags,
      sequence: BigInt(sequence),
    }),
  );
}

describe('ITCH', () => {
  for (const hasLengths of [true, false]) {
    test(`every message, ${hasLengths ? 'with' : 'without'} lengths`, () => {
      const decoded = decodeWith(strict, day(hasLengths), [11]);
      assert.deepEqual(decoded.events, expectedEvents());
      assert.deepEqual(decoded.instruments, ['ABC']);
      assert.deepEqual([decoded.units, decoded.skipped], [13n, 3n]);
      assert.equal(decoded.error, undefined);
    });
  }

  test('the sample: messages of each type, and what they give', (t) => {
    const path = dataFile(t, 'itch', 'ex20101224.TEST_ITCH_50');
    if (path === undefined) return;
    const decoder = createItchDecoder(sharedKernel());
    const { events, instruments, units } = decodeWith(() => decoder, readFileSync(path), [4_001]);
    const counts = { A: 4997, D: 1745, E: 198, F: 3, H: 3, P: 5000, R: 3, S: 6, U: 12, X: 45 };
    const told = Object.entries(counts).map(([type, count]) => [type, BigInt(count)]);
    assert.deepEqual([...decoder.typeCounts()], told);
    assert.equal(units, 12_012n);
    assert.deepEqual(instruments, ['ALC', 'BOB', 'CHAR']);
    const given = Map.groupBy(events, ({ action }) => action);
    const givenCounts = [...given].map(([action, { length }]) => [action, length]);
    assert.deepEqual(
      givenCounts.sort(([a = 0], [b = 0]) => a - b),
      [
        [Action.ADD, 4997 + 3 + 12],
        [Action.REDUCE, 45],
        [Action.DELETE, 1745 + 12],
        [Action.EXECUTE, 198],
        [Action.TRADE, 5000],
        [Action.STATUS, 3],
      ],
    );
  });

  test('a stock is named by orders, too, and by its locate until then', () => {
    const gone = message('D', [
      [1, 2, 65_535],
      [11, 8, 1n],
    ]);
    const decoded = decodeWith(strict, Buffer.concat([gone, order()]));
    assert.deepEqual(decoded.instruments, ['#65535', 'ABC']);
  });

  test('an execution that is not printed is part of a cross, not to be added up', () => {
    const executed = (printable: string) =>
      message('C', [
        [11, 8, 77n],
        [19, 4, 11],
        [31, 1, printable],
        [32, 4, 99],
      ]);
    const { events } = decodeWith(strict, Buffer.concat([executed('N'), executed('Y')]));
    const told = events.map(({ action, flags, quantity }) => [action, flags, quantity]);
    assert.deepEqual(told, [
      [Action.EXECUTE, LAST | EventFlag.PART, 11n],
      [Action.EXECUTE, LAST, 11n],
    ]);
  });

  test('a type that is not known is passed over by its length', () => {
    const decoded = decodeWith(strict, Buffer.concat([message('z', [], 20), order()]), [5]);
    assert.deepEqual([decoded.events.length, decoded.skipped, decoded.units], [1, 1n, 2n]);
  });

  test('a session ends with a length of zero', () => {
    const decoded = decodeWith(strict, Buffer.concat([order(), Buffer.alloc(2)]), [1]);
    assert.deepEqual([decoded.events.length, decoded.error], [1, undefined]);
  });

  test('what is not valid is refused by a code, where it begins; what came before stands', () => {
    const refused = (bytes: Uint8Array) => {
      const { error, events } = decodeWith(strict, Buffer.concat([order(), bytes]), [3]);
      return [error?.code, error?.offset, events.length];
    };
    assert.deepEqual(refused(message('z', [[11, 8, 0]], 0)), ['BAD_TYPE', 38, 1]);
    assert.deepEqual(refused(order(35)), ['BAD_LENGTH', 38, 1]);
    assert.deepEqual(refused(message('z', [], 10).subarray(0, 12)), ['BAD_LENGTH', 38, 1]);
    assert.deepEqual(refused(message('A', [[19, 1, 'X']])), ['BAD_FIELD', 38, 1]);
    assert.deepEqual(refused(message('P', [[19, 1, 'X']])), ['BAD_FIELD', 38, 1]);
    assert.deepEqual(refused(message('H', [[19, 1, 'X']])), ['BAD_FIELD', 38, 1]);
    assert.deepEqual(refused(message('S', [[5, 6, 86_400_000_000_000n]])), ['BAD_FIELD', 38, 1]);
    assert.deepEqual(refused(order().subarray(0, -1)), ['TRUNCATED', 38, 1]);
    assert.deepEqual(refused(Buffer.from([0, 1])), ['TRUNCATED', 38, 1]);
    assert.deepEqual(refused(Buffer.from([0])), ['TRUNCATED', 38, 1]);
  });

  test('a lenient decoder counts faulty messages, and ends where it cannot tell their end', () => {
    const bad = message('A', [[19, 1, 'X']]);
    const short = message('D', [], 19).subarray(0, 14);
    short.writeUInt16BE(12, 0);
    const decoded = decodeWith(lenient, Buffer.concat([bad, order(), short, order()]));
    assert.deepEqual([decoded.events.length, decoded.faults, decoded.error], [2, 2n, undefined]);
    const lost = decodeWith(lenient, Buffer.concat([order(), message('z', [[11, 8, 0]], 0)]));
    assert.deepEqual([lost.events.length, lost.error?.code], [1, 'BAD_TYPE']);
  });

  test('no mutation crashes it, and chunks never matter', { timeout: 120_000 }, () => {
    checkMutations(
      (kernel, lenient) =>
        createItchDecoder(kernel, { lenient, inputBytes: 2_048, blockEvents: 5 }),
      [day(true), day(false)],
      300,
    );
  });
});
