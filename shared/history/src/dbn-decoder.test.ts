import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { dataFile } from '../test/data.ts';
import { decodeWith, newKernel, sharedKernel } from '../test/decoding.ts';
import { checkMutations } from '../test/mutation.ts';
import { createDbnDecoder } from './dbn-decoder.ts';
import type { DecodeError } from './decode-error.ts';
import type { EventBlock } from './decoder.ts';
import { Action, EVENT_BYTES, EventFlag, EventSide, type MarketEvent, readEvent } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

const strict = (kernel: HistoryKernel) => createDbnDecoder(kernel);
const lenient = (kernel: HistoryKernel) => createDbnDecoder(kernel, { lenient: true });

interface RecordFields {
  readonly rtype?: number;
  readonly words?: number;
  readonly instrument?: number;
  readonly publisher?: number;
  readonly price?: bigint;
  readonly flags?: number;
  readonly action?: string;
  readonly side?: string;
}

function record(fields: RecordFields = {}): Buffer {
  const { rtype = 160, words = 14, instrument = 7, publisher = 1, price = 5n } = fields;
  const { flags = 128, action = 'A', side = 'B' } = fields;
  const bytes = Buffer.alloc(Math.max(56, words * 4));
  bytes.writeUInt8(words, 0);
  bytes.writeUInt8(rtype, 1);
  bytes.writeUInt16LE(publisher, 2);
  bytes.writeUInt32LE(instrument, 4);
  bytes.writeBigUInt64LE(11n, 8);
  bytes.writeBigUInt64LE(22n, 16);
  bytes.writeBigInt64LE(price, 24);
  bytes.writeUInt32LE(33, 32);
  bytes.writeUInt8(flags, 36);
  bytes.write(action + side, 38, 'latin1');
  bytes.writeUInt32LE(44, 52);
  return bytes.subarray(0, Math.max(1, words) * 4);
}

/** Version 1, with one mapping: HELO is instrument 7. */
function head(): Buffer {
  const bytes = Buffer.alloc(8 + 100 + 4 + 4 * 4 + 22 + 4 + 8 + 22);
  bytes.write('DBN\x01', 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('TEST', 8);
  bytes.writeUInt8(1, 58);
  bytes.writeUInt32LE(1, 124);
  bytes.write('HELO', 128);
  bytes.writeUInt32LE(1, 150);
  bytes.write('7', 162);
  return bytes;
}

function file(...records: readonly Uint8Array[]): Buffer {
  return Buffer.concat([head(), ...records]);
}

/** The records of a file, as README.md of the data describes them. */
function plainly(bytes: Buffer): MarketEvent[] {
  const events: MarketEvent[] = [];
  const actions = { A: 1, C: 2, M: 4, R: 7, T: 6, F: 6 };
  for (let at = 8 + bytes.readUInt32LE(4); at < bytes.length; at += 56) {
    const letter = bytes.toString('latin1', at + 38, at + 39);
    const side = ['B', 'A', 'N'].indexOf(bytes.toString('latin1', at + 39, at + 40));
    const flags = bytes.readUInt8(at + 36);
    const price = bytes.readBigInt64LE(at + 24);
    const isNone = price === 2n ** 63n - 1n;
    events.push({
      orderId: bytes.readBigUInt64LE(at + 16),
      price: isNone ? 0n : price,
      quantity: BigInt(bytes.readUInt32LE(at + 32)),
      timeNs: bytes.readBigUInt64LE(at + 8),
      instrument: 0,
      action: actions[letter as keyof typeof actions],
      side: letter === 'T' && side < 2 ? 1 - side : side,
      flags:
        (flags & 128 ? EventFlag.LAST : 0) |
        (flags & 32 ? EventFlag.SNAPSHOT : 0) |
        (flags & 4 ? EventFlag.MAYBE_BAD : 0) |
        (isNone ? EventFlag.NO_PRICE : 0) |
        (letter === 'F' ? EventFlag.PART : 0),
      sequence: BigInt(bytes.readUInt32LE(at + 52)),
    });
  }
  return events;
}

/** A file's frames, one after another. */
function unpack(path: string, bytesOfFirst: number): Buffer {
  const packed = readFileSync(path);
  const parts = [packed.subarray(0, bytesOfFirst), packed.subarray(bytesOfFirst)];
  return Buffer.concat(parts.map((part) => zstdDecompressSync(part)));
}

describe('DBN', () => {
  for (const [version, name, packed] of [
    [1, 'test_data.mbo.v1.dbn.zst', true],
    [2, 'test_data.mbo.dbn', false],
    [2, 'test_data.mbo.v2.dbn.zst', true],
    [3, 'test_data.mbo.v3.dbn', false],
    [3, 'test_data.mbo.v3.dbn.zst', true],
  ] as const) {
    test(`the public vector ${name} field by field`, (t) => {
      const path = dataFile(t, 'databento', name);
      if (path === undefined) return;
      const raw = readFileSync(path);
      const decoder = createDbnDecoder(sharedKernel());
      const decoded = decodeWith(() => decoder, packed ? zstdDecompressSync(raw) : raw, [7]);
      assert.deepEqual(decoder.metadata, {
        version,
        dataset: 'GLBX.MDP3',
        schema: 0,
        startNs: 1_609_160_400_000_000_000n,
        endNs: 1_609_200_000_000_000_000n,
        limit: 2n,
        symbolTypeIn: 1,
        symbolTypeOut: 0,
        hasTsOut: false,
        symbols: ['ESH1'],
        partial: [],
        notFound: [],
        mappings: [
          {
            symbol: 'ESH1',
            intervals: [{ startDate: 20_201_228, endDate: 20_201_229, symbol: '5482' }],
          },
        ],
      });
      assert.deepEqual(decoded.instruments, ['ESH1']);
    });

    test(`the records of ${name}`, (t) => {
      const path = dataFile(t, 'databento', name);
      if (path === undefined) return;
      const raw = readFileSync(path);
      const decoded = decodeWith(strict, packed ? zstdDecompressSync(raw) : raw);
      const shared = { quantity: 1n, instrument: 0, action: Action.REDUCE, side: EventSide.SELL };
      assert.deepEqual(decoded.events, [
        {
          ...shared,
          orderId: 647_784_973_705n,
          price: 3_722_750_000_000n,
          timeNs: 1_609_160_400_000_429_831n,
          flags: EventFlag.LAST,
          sequence: 1_170_352n,
        },
        {
          ...shared,
          orderId: 647_784_973_631n,
          price: 3_723_000_000_000n,
          timeNs: 1_609_160_400_000_431_665n,
          flags: EventFlag.LAST,
          sequence: 1_170_353n,
        },
      ]);
      assert.equal(decoded.error, undefined);
    });
  }

  test('a day of ESH4: every record as a plain reading has it', (t) => {
    const path = dataFile(t, 'databento', 'esh4-glbx-mdp3-20231225.mbo.dbn.zst');
    if (path === undefined) return;
    const bytes = unpack(path, 92);
    const decoded = decodeWith(strict, bytes, [10_000]);
    assert.equal(decoded.units, 68_792n);
    assert.deepEqual(decoded.instruments, ['ESH4']);
    assert.deepEqual(decoded.events, plainly(bytes));
  });

  test('every action, side and flag; a trade is told from the resting side', () => {
    const records = [
      record({ action: 'A', side: 'A', flags: 128 | 64 | 32 | 16 | 8 | 4 }),
      record({ action: 'M', side: 'B', flags: 0, price: -5n }),
      record({ action: 'R', side: 'N', price: 2n ** 63n - 1n }),
      record({ action: 'T', side: 'A' }),
      record({ action: 'T', side: 'N' }),
      record({ action: 'F', side: 'A' }),
      record({ action: 'C', side: 'B' }),
    ];
    const { events } = decodeWith(strict, file(...records));
    assert.deepEqual(events, plainly(file(...records)));
    assert.deepEqual(
      events.map(({ action, side, flags }) => [action, side, flags]),
      [
        [Action.ADD, EventSide.SELL, 7],
        [Action.MODIFY, EventSide.BUY, 0],
        [Action.CLEAR, EventSide.NONE, EventFlag.LAST | EventFlag.NO_PRICE],
        [Action.TRADE, EventSide.BUY, EventFlag.LAST],
        [Action.TRADE, EventSide.NONE, EventFlag.LAST],
        [Action.TRADE, EventSide.SELL, EventFlag.LAST | EventFlag.PART],
        [Action.REDUCE, EventSide.BUY, EventFlag.LAST],
      ],
    );
  });

  test('other records are passed over by their length and counted', () => {
    const other = record({ rtype: 0x12, words: 255 });
    const bytes = file(record(), other, record({ words: 16 }), record({ action: 'N' }), record());
    const { events, skipped, units, error } = decodeWith(strict, bytes, [13]);
    assert.equal(events.length, 3);
    assert.deepEqual([skipped, units, error], [2n, 5n, undefined]);
  });

  test('instruments by number and publisher, by their symbols where there are such', () => {
    const met = [
      [7, 1],
      [7, 2],
      [7 + 128, 1],
      [7, 1],
      [0, 0],
    ].map(([instrument = 0, publisher = 0]) => record({ instrument, publisher }));
    const { events, instruments } = decodeWith(strict, file(...met));
    assert.deepEqual(
      events.map(({ instrument }) => instrument),
      [0, 1, 2, 0, 3],
    );
    assert.deepEqual(instruments, ['HELO', 'HELO@2', '135', '0']);
  });

  test('what is not valid is refused by a code, where it begins; what came before stands', () => {
    const start = head().length;
    const bad = (bytes: Buffer) => {
      const { error, events } = decodeWith(strict, bytes, [9]);
      return [error?.code, error?.offset, events.length];
    };
    const changed = (at: number, value: number) => {
      const bytes = file(record());
      bytes.writeUInt8(value, at);
      return bytes;
    };
    assert.deepEqual(bad(changed(2, 0x4d)), ['BAD_MAGIC', 0, 0]);
    assert.deepEqual(bad(changed(3, 4)), ['BAD_VERSION', 3, 0]);
    assert.deepEqual(bad(changed(3, 0)), ['BAD_VERSION', 3, 0]);
    assert.deepEqual(bad(changed(7, 0x40)), ['BAD_LENGTH', 4, 0]);
    assert.deepEqual(bad(changed(4, 1)), ['BAD_LENGTH', 4, 0]);
    assert.deepEqual(bad(changed(127, 0xff)), ['BAD_LENGTH', 124, 0]);
    assert.deepEqual(bad(file(record(), record({ words: 0 }))), ['BAD_LENGTH', start + 56, 1]);
    assert.deepEqual(bad(file(record(), record({ words: 13 }))), ['BAD_LENGTH', start + 56, 1]);
    assert.deepEqual(bad(file(record(), record({ action: 'B' }))), ['BAD_FIELD', start + 56, 1]);
    assert.deepEqual(bad(file(record(), record({ side: 'a' }))), ['BAD_FIELD', start + 56, 1]);
    assert.deepEqual(bad(file(record()).subarray(0, -1)), ['TRUNCATED', start, 0]);
    assert.deepEqual(bad(file().subarray(0, -1)), ['TRUNCATED', 0, 0]);
    assert.deepEqual(bad(Buffer.alloc(0)), ['TRUNCATED', 0, 0]);
  });

  test('a lenient decoder counts faulty records, and ends where it cannot tell their end', () => {
    const bytes = file(record({ action: 'x' }), record(), record({ words: 5 }), record());
    const { events, faults, units, error } = decodeWith(lenient, bytes);
    assert.deepEqual([events.length, faults, units, error], [2, 2n, 4n, undefined]);
    const lost = decodeWith(lenient, file(record(), record({ words: 3 }), record()));
    assert.deepEqual([lost.events.length, lost.error?.code], [1, 'BAD_LENGTH']);
  });

  test('once it has failed it fails the same way', () => {
    const decoder = createDbnDecoder(newKernel());
    const isBadMagic = (error: DecodeError) => error.code === 'BAD_MAGIC';
    assert.throws(() => decoder.push(Buffer.from('nonsense'), () => {}), isBadMagic);
    assert.throws(() => decoder.push(file(record()), () => {}), isBadMagic);
    assert.throws(() => decoder.end(), isBadMagic);
  });

  test('no mutation crashes it, and chunks never matter', { timeout: 120_000 }, () => {
    const samples = [
      file(...Array.from({ length: 20 }, () => record())),
      file(record(), record({ rtype: 1, words: 20 }), record({ action: 'T', side: 'N' })),
    ];
    checkMutations(
      (kernel, lenient) => createDbnDecoder(kernel, { lenient, inputBytes: 2_048, blockEvents: 5 }),
      samples,
      400,
    );
  });
});

test('another file begins with its own metadata; instruments keep their numbers', () => {
  const kernel = sharedKernel();
  const decoder = createDbnDecoder(kernel);
  const numbers: number[] = [];
  const onBlock = ({ address, count }: EventBlock) => {
    const view = new DataView(kernel.memory.buffer);
    for (let index = 0; index < count; index += 1) {
      numbers.push(readEvent(view, address + index * EVENT_BYTES).instrument);
    }
  };
  decoder.push(file(record({ instrument: 9 }), record({ instrument: 7 })), onBlock);
  decoder.push(record().subarray(0, 9), onBlock);
  assert.throws(() => decoder.end(), { code: 'TRUNCATED' });
  decoder.restart();
  assert.equal(decoder.metadata, undefined);
  // The metadata of this day names another instrument.
  const next = file(record({ instrument: 7 }));
  next.write('NEXT', 128);
  next.write('9', 162);
  decoder.push(next, onBlock);
  decoder.end();
  assert.deepEqual(numbers, [0, 1, 1]);
  assert.deepEqual(decoder.instruments(), ['NEXT', 'HELO']);
  assert.equal(decoder.units, 1n);
});
