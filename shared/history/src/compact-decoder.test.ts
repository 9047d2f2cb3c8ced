import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { crc32, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { dataFile } from '../test/data.ts';
import { blockOf, decodeWith, newKernel, sharedKernel } from '../test/decoding.ts';
import { checkMutations } from '../test/mutation.ts';
import { createCompactDecoder } from './compact-decoder.ts';
import { CompactWriter } from './compact-writer.ts';
import { createDbnDecoder } from './dbn-decoder.ts';
import { Action, EVENT_BYTES, type MarketEvent } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

const strict = (kernel: HistoryKernel) => createCompactDecoder(kernel);
const lenient = (kernel: HistoryKernel) => createCompactDecoder(kernel, { lenient: true });
const scale = { priceExponent: -9, quantityExponent: 0 };
const HEADER_BYTES = 20;

const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 99n }));
const i64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -99n, max: 99n }).map((ticks) => ticks * 250_000_000n),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n),
);
const anyEvent: fc.Arbitrary<MarketEvent> = fc.record(
  {
    orderId: u64,
    price: i64,
    quantity: u64,
    timeNs: u64,
    instrument: fc.nat(2),
    action: fc.integer({ min: Action.ADD, max: Action.REPORT }),
    side: fc.nat(2),
    flags: fc.nat(65_535),
    sequence: u64,
  },
  { noNullPrototype: true },
);

const NAMES = ['ESH4', '', 'a name of more than thirty-two bytes, Ω'];

function fileOf(blocks: readonly (readonly MarketEvent[])[], kernel = sharedKernel()): Buffer {
  const parts: Uint8Array[] = [];
  const take = (bytes: Uint8Array) => parts.push(bytes.slice());
  const writer = new CompactWriter({ kernel, scale, write: take });
  // One is met later than the others.
  writer.nameInstruments(NAMES.slice(0, 1));
  writer.nameInstruments(NAMES);
  for (const events of blocks) writer.append(blockOf(kernel, events));
  writer.end();
  return Buffer.concat(parts);
}

function event(fields: Partial<MarketEvent> = {}): MarketEvent {
  return {
    orderId: 1n,
    price: -5n,
    quantity: 7n,
    timeNs: 9n,
    instrument: 2,
    action: Action.ADD,
    side: 1,
    flags: 1,
    sequence: 3n,
    ...fields,
  };
}

/** Where blocks begin. */
function blocksOf(file: Buffer): number[] {
  const starts: number[] = [];
  for (let at = HEADER_BYTES; at < file.length; at += 16 + file.readUInt32LE(at + 4)) {
    starts.push(at);
  }
  return starts;
}

/** CRC-32C, a bit at a time. */
function plainCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) * 0x82f63b78);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A block's header again, after something in it was changed. */
function reseal(file: Buffer, at: number): void {
  const end = at + 16 + file.readUInt32LE(at + 4);
  const covered = Buffer.concat([file.subarray(at, at + 12), file.subarray(at + 16, end)]);
  file.writeUInt32LE(plainCrc32c(covered), at + 12);
}

describe('compact files of events', () => {
  test('whatever is written is read back the same, however it is cut', () => {
    const blocks = fc.array(fc.array(anyEvent, { maxLength: 40 }), { maxLength: 4 });
    fc.assert(
      fc.property(blocks, fc.integer({ min: 1, max: 500 }), (events, chunk) => {
        const decoded = decodeWith(strict, fileOf(events), [chunk]);
        assert.deepEqual(decoded.events, events.flat());
        assert.deepEqual(decoded.instruments, NAMES);
        assert.equal(decoded.error, undefined);
      }),
      { numRuns: 200 },
    );
  });

  test('a day of ESH4 comes back as it was, in less than a third of its bytes', (t) => {
    const path = dataFile(t, 'databento', 'esh4-glbx-mdp3-20231225.mbo.dbn.zst');
    if (path === undefined) return;
    const packed = readFileSync(path);
    const frames = [packed.subarray(0, 92), packed.subarray(92)].map((it) =>
      zstdDecompressSync(it),
    );
    const kernel = newKernel();
    const decoder = createDbnDecoder(kernel, { blockEvents: 10_000 });
    const parts: Uint8Array[] = [];
    const take = (bytes: Uint8Array) => parts.push(bytes.slice());
    const writer = new CompactWriter({ kernel, scale: decoder.scale, write: take });
    decoder.push(Buffer.concat(frames), (block) => {
      writer.nameInstruments(decoder.instruments());
      writer.append(block);
    });
    decoder.end();
    writer.end();
    const file = Buffer.concat(parts);
    const direct = decodeWith((one) => createDbnDecoder(one), Buffer.concat(frames));
    const decoded = decodeWith(strict, file, [99_999]);
    assert.deepEqual(decoded.events, direct.events);
    assert.deepEqual(decoded.instruments, ['ESH4']);
    assert.ok(file.length * 3 < direct.events.length * EVENT_BYTES, `${file.length} bytes`);
  });

  test('the scale is the file’s; the checksum is CRC-32C', () => {
    const kernel = sharedKernel();
    const decoder = createCompactDecoder(kernel);
    const file = fileOf([[event()]]);
    decodeWith(() => decoder, file);
    assert.deepEqual(decoder.scale, scale);
    assert.equal(plainCrc32c(Buffer.from('123456789')), 0xe3069283);
    assert.equal(file.readUInt32LE(16), plainCrc32c(file.subarray(0, 16)));
    assert.notEqual(file.readUInt32LE(16), crc32(file.subarray(0, 16)));
    for (const at of blocksOf(file)) {
      const before = file.readUInt32LE(at + 12);
      reseal(file, at);
      assert.equal(file.readUInt32LE(at + 12), before);
    }
  });

  test('any changed byte is noticed, and any cut', () => {
    const file = fileOf([[event(), event({ price: 2n ** 60n })], [event()]]);
    for (let at = 0; at < file.length; at += 1) {
      const changed = Buffer.from(file);
      changed.writeUInt8(changed.readUInt8(at) ^ 0x10, at);
      assert.notEqual(decodeWith(strict, changed).error, undefined, `byte ${at}`);
      const cut = decodeWith(strict, file.subarray(0, at));
      assert.equal(cut.error?.code, 'TRUNCATED', `${at} bytes`);
    }
  });

  test('a lenient decoder loses only the faulty block', () => {
    const file = fileOf([[event()], [event({ orderId: 2n })], [event({ orderId: 3n })]]);
    const [, , , second = 0] = blocksOf(file);
    file.writeUInt8(0xee, second + 20);
    const decoded = decodeWith(lenient, file);
    assert.deepEqual(decoded.events, [event(), event({ orderId: 3n })]);
    // The block, and the end that counts its events.
    assert.deepEqual([decoded.faults, decoded.error], [2n, undefined]);
    assert.deepEqual(decodeWith(strict, file).error, { code: 'BAD_FIELD', offset: second });
  });

  test('blocks that are sealed well but say what cannot be are refused by a code', () => {
    const refused = (change: (file: Buffer, at: number) => void, index = 2) => {
      const file = fileOf([[event(), event({ price: 3n })]]);
      const at = blocksOf(file)[index] ?? 0;
      change(file, at);
      reseal(file, at);
      return decodeWith(strict, file).error?.code;
    };
    assert.equal(
      refused(() => {}),
      undefined,
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(9, at)),
      'BAD_TYPE',
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(4_097, at + 8)),
      'BAD_LENGTH',
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(3, at + 8)),
      'BAD_LENGTH',
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(0, at + 8)),
      'BAD_LENGTH',
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(1, at + 8)),
      'BAD_LENGTH',
    );
    // The instrument, then action and side, of the fifth and sixth columns.
    const fifth = 16 + 16 + 18 + 16 + 16;
    assert.equal(
      refused((file, at) => file.writeUInt32LE(3, at + fifth)),
      'BAD_FIELD',
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(0, at + fifth + 16)),
      'BAD_FIELD',
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(0x31, at + fifth + 16)),
      'BAD_FIELD',
    );
    // Names: more than there are, and lengths that do not fit.
    assert.equal(
      refused((file, at) => file.writeUInt32LE(2, at + 8), 0),
      'BAD_LENGTH',
    );
    assert.equal(
      refused((file, at) => file.writeUInt8(200, at + 16), 0),
      'BAD_LENGTH',
    );
    assert.equal(
      refused((file, at) => file.writeUInt32LE(70_000, at + 8), 0),
      'TOO_MANY_INSTRUMENTS',
    );
    // The end counts other events.
    assert.equal(
      refused((file, at) => file.writeUInt32LE(1, at + 16), 3),
      'BAD_FIELD',
    );
  });

  test('another version and something else are told apart; nothing follows the end', () => {
    const file = fileOf([[event()]]);
    const other = Buffer.from(file);
    other.writeUInt32LE(2, 8);
    assert.deepEqual(decodeWith(strict, other).error, { code: 'BAD_VERSION', offset: 0 });
    other.writeUInt32LE(2, 0);
    assert.deepEqual(decodeWith(strict, other).error, { code: 'BAD_MAGIC', offset: 0 });
    const twice = Buffer.concat([file, file.subarray(HEADER_BYTES)]);
    assert.deepEqual(decodeWith(strict, twice).error, { code: 'BAD_TYPE', offset: file.length });
    const huge = Buffer.from(file);
    huge.writeUInt32LE(2 ** 31, HEADER_BYTES + 4);
    assert.deepEqual(decodeWith(strict, huge).error, { code: 'BAD_LENGTH', offset: HEADER_BYTES });
  });

  test('an instrument without a name is a mistake of the caller', () => {
    assert.throws(() => fileOf([[event({ instrument: 3 })]]), /every instrument has a name/);
  });

  test('no mutation crashes it, and chunks never matter', { timeout: 120_000 }, () => {
    const events = fc.sample(anyEvent, { numRuns: 30, seed: 7 });
    checkMutations(
      (kernel, isLenient) => createCompactDecoder(kernel, { lenient: isLenient }),
      [fileOf([events, events.slice(3)]), fileOf([[event()], [event()]])],
      300,
    );
  });

  test('nor do sealed blocks with mutations inside', { timeout: 120_000 }, () => {
    const events = fc.sample(anyEvent, { numRuns: 30, seed: 8 });
    const file = fileOf([events, events.slice(5)]);
    const edits = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(edits, (changes) => {
        const changed = Buffer.from(file);
        for (const [at, value] of changes) changed.writeUInt8(value, at);
        for (const at of blocksOf(file)) {
          changed.writeUInt32LE(file.readUInt32LE(at + 4), at + 4);
          reseal(changed, at);
        }
        file.copy(changed, 0, 0, HEADER_BYTES);
        const whole = decodeWith(lenient, changed, [changed.length]);
        assert.deepEqual(decodeWith(lenient, changed, [77]), whole);
      }),
      { numRuns: 200 },
    );
  });
});
