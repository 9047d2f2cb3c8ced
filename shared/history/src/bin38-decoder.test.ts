import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { dataFile } from '../test/data.ts';
import { blockOf, decodeWith, newKernel, sharedKernel } from '../test/decoding.ts';
import { checkMutations } from '../test/mutation.ts';
import { createBin38Decoder } from './bin38-decoder.ts';
import { Bin38Error, Bin38Writer } from './bin38-writer.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

const strict = (kernel: HistoryKernel) => createBin38Decoder(kernel);

interface Fields {
  readonly price?: number;
  readonly size?: number;
  readonly market?: number;
  readonly isBuy?: number;
  readonly status?: number;
}

function record({ price = 1, size = 1, market = 3, isBuy = 1, status = 0 }: Fields = {}): Buffer {
  const bytes = Buffer.alloc(38);
  bytes.writeBigUInt64LE(2n ** 64n - 2n, 0);
  bytes.writeUInt32LE(market, 8);
  bytes.writeDoubleLE(price, 12);
  bytes.writeDoubleLE(size, 20);
  bytes.writeUInt8(isBuy, 28);
  bytes.writeBigUInt64LE(1_777_582_003_304_461_819n, 29);
  bytes.writeUInt8(status, 37);
  return bytes;
}

function event(fields: Partial<MarketEvent> = {}): MarketEvent {
  return {
    orderId: 2n ** 64n - 2n,
    price: 100_000_000n,
    quantity: 100_000_000n,
    timeNs: 1_777_582_003_304_461_819n,
    instrument: 0,
    action: Action.ADD,
    side: EventSide.BUY,
    flags: EventFlag.LAST,
    sequence: 0n,
    ...fields,
  };
}

function priceOf(price: number): bigint | string | undefined {
  const { events, error } = decodeWith(strict, record({ price }));
  return error?.code ?? events[0]?.price;
}

function write(kernel: HistoryKernel, events: readonly MarketEvent[], markets: number[]): Buffer {
  const parts: Uint8Array[] = [];
  const writer = new Bin38Writer({ kernel, markets, write: (bytes) => parts.push(bytes.slice()) });
  writer.append(blockOf(kernel, events));
  return Buffer.concat(parts);
}

/** An integer of 1e-8 as text. */
function decimal(integer: bigint): string {
  const digits = String(integer < 0n ? -integer : integer).padStart(9, '0');
  return `${integer < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

interface Diff {
  readonly oid: number;
  readonly side: 'A' | 'B';
  readonly px: string;
  readonly raw_book_diff: 'remove' | { readonly new?: { sz: string }; readonly update?: unknown };
}

/** Orders that the raw book diffs tell of, as events; parsed by digits. */
function hyperliquidEvents(lines: string): MarketEvent[] {
  const integer = (text: string) => {
    const [whole = '', part = ''] = text.split('.');
    return BigInt(whole + part.padEnd(8, '0'));
  };
  return lines
    .trim()
    .split('\n')
    .flatMap((line) => (JSON.parse(line) as { readonly events: Diff[] }).events)
    .flatMap(({ oid, side, px, raw_book_diff: diff }) => {
      const size = diff === 'remove' ? '0.0' : diff.new?.sz;
      if (size === undefined) return [];
      return event({
        orderId: BigInt(oid),
        price: integer(px),
        quantity: integer(size),
        action: diff === 'remove' ? Action.DELETE : Action.ADD,
        side: side === 'B' ? EventSide.BUY : EventSide.SELL,
      });
    })
    .map((one, index) => ({ ...one, sequence: BigInt(index) }));
}

describe('binary order records of 38 bytes', () => {
  test('every field', () => {
    const bytes = Buffer.concat([
      record({ price: 76_450.5, size: 0.00001, isBuy: 7 }),
      record({ market: 2 ** 32 - 1, isBuy: 0, status: 1, price: -0.1 }),
      record({ status: 2, price: 0, size: 0 }),
    ]);
    const decoded = decodeWith(strict, bytes, [5]);
    assert.deepEqual(decoded.events, [
      event({ price: 7_645_050_000_000n, quantity: 1_000n }),
      event({
        price: -10_000_000n,
        instrument: 1,
        action: Action.EXECUTE,
        side: EventSide.SELL,
        sequence: 1n,
      }),
      event({ price: 0n, quantity: 0n, action: Action.DELETE, sequence: 2n }),
    ]);
    assert.deepEqual(decoded.instruments, ['3', '4294967295']);
    assert.equal(decoded.error, undefined);
  });

  test('a double is the shortest decimal that reads as it, of eight places or none', () => {
    assert.equal(priceOf(0.1), 10_000_000n);
    assert.equal(priceOf(-0.00000001), -1n);
    assert.equal(priceOf(19_999_999.99999999), 1_999_999_999_999_999n);
    assert.equal(priceOf(123_456_789.1), 12_345_678_910_000_000n);
    assert.equal(priceOf(92_233_720_368), 9_223_372_036_800_000_000n);
    for (const price of [0.000000001, 0.1 + 0.2, Math.PI, 5e-324, 1 / 3, 20_000_000.000000004]) {
      assert.equal(priceOf(price), 'BAD_NUMBER', String(price));
    }
    for (const price of [Number.NaN, Infinity, -Infinity, 1e12, 92_233_720_369, 2 ** 60, 1e300]) {
      assert.equal(priceOf(price), 'BAD_NUMBER', String(price));
    }
  });

  test('what is written reads back as the same, whatever the digits', () => {
    const digits = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
    const shift = fc.integer({ min: 0, max: 8 });
    fc.assert(
      fc.property(digits, shift, (value, zeros) => {
        const price = (value / 10n ** BigInt(zeros)) * 10n ** BigInt(zeros);
        const size = price < 0n ? -price : price;
        const kernel = sharedKernel();
        const expected = event({ price, quantity: size });
        let bytes: Buffer;
        try {
          bytes = write(kernel, [expected], [3]);
        } catch (error) {
          // Above 2^26 doubles lie further apart than 1e-8.
          assert.ok(error instanceof Bin38Error && size > 2n ** 26n * 100_000_000n);
          return;
        }
        assert.equal(bytes.readDoubleLE(12), Number(decimal(price)));
        assert.deepEqual(decodeWith(strict, bytes).events, [expected]);
      }),
      { numRuns: 500 },
    );
  });

  test('the orders of the Hyperliquid sample come back as they were', (t) => {
    const name = 'node_raw_book_diffs_by_block.20260430_20.jsonl';
    const path = dataFile(t, 'hyperliquid', 'block_mode', name);
    if (path === undefined) return;
    const events = hyperliquidEvents(readFileSync(path, 'utf8'));
    assert.ok(events.length > 50);
    const bytes = write(newKernel(), events, [0]);
    const decoded = decodeWith(strict, bytes, [1_000]);
    assert.deepEqual(decoded.events, events);
    assert.deepEqual(decoded.instruments, ['0']);
  });

  test('what the format cannot tell is refused; what came before is written', () => {
    const kernel = newKernel();
    const others: Partial<MarketEvent>[] = [
      { action: Action.REDUCE },
      { action: Action.MODIFY },
      { side: EventSide.NONE },
      { flags: EventFlag.NO_PRICE },
      { price: 2n ** 63n - 1n },
      { quantity: 2n ** 63n },
      { instrument: 1 },
    ];
    for (const other of others) {
      const parts: Uint8Array[] = [];
      const take = (bytes: Uint8Array) => parts.push(bytes.slice());
      const writer = new Bin38Writer({ kernel, markets: [9], write: take });
      assert.throws(
        () => writer.append(blockOf(kernel, [event(), event(other), event()])),
        (error) => error instanceof Bin38Error && error.index === 1,
      );
      assert.equal(Buffer.concat(parts).length, 38);
    }
  });

  test('more than a piece at once', () => {
    const events = Array.from({ length: 5_000 }, (_, index) =>
      event({ orderId: BigInt(index), sequence: BigInt(index) }),
    );
    assert.deepEqual(decodeWith(strict, write(newKernel(), events, [8])).events, events);
  });

  test('faults have a code and an offset; a lenient decoder counts them', () => {
    const bad = Buffer.concat([
      record(),
      record({ status: 3 }),
      record({ size: -1 }),
      record({ price: Number.NaN }),
      record(),
    ]);
    const { error, events } = decodeWith(strict, bad, [10]);
    assert.deepEqual([error, events.length], [{ code: 'BAD_FIELD', offset: 38 }, 1]);
    const past = decodeWith((kernel) => createBin38Decoder(kernel, { lenient: true }), bad);
    assert.deepEqual([past.events.length, past.faults, past.error], [2, 3n, undefined]);
    const cut = decodeWith(strict, bad.subarray(0, 37));
    assert.deepEqual(cut.error, { code: 'TRUNCATED', offset: 0 });
  });

  test('no mutation crashes it, and chunks never matter', { timeout: 120_000 }, () => {
    const sample = Buffer.concat(Array.from({ length: 30 }, (_, market) => record({ market })));
    checkMutations(
      (kernel, lenient) => createBin38Decoder(kernel, { lenient, inputBytes: 512, blockEvents: 5 }),
      [sample],
      300,
    );
  });
});
