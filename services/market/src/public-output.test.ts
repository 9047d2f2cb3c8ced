import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BatchFlag,
  BatchKind,
  DeltaOffset,
  decodeBatchHeader,
  EventKind,
  EventOffset,
  LevelBook,
  RECORD_BYTES,
  readEvents,
  Side,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import { Market } from './market-registry.ts';
import { createBatchBuffers, HARD_LIMIT_RECORDS } from './output-batch.ts';
import { PublicOutput } from './public-output.ts';

function delta(sequence: number, side: Side, price: number, quantity: bigint): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  const view = viewOf(record);
  view.setUint8(EventOffset.KIND, EventKind.BOOK_DELTA);
  view.setUint8(EventOffset.SIDE, side);
  writeCount(view, EventOffset.SEQUENCE, sequence);
  writeCount(view, DeltaOffset.PRICE, price);
  view.setBigUint64(DeltaOffset.QUANTITY, quantity, true);
  writeCount(view, DeltaOffset.ORDERS, quantity === 0n ? 0 : 1);
  return record;
}

function open() {
  const sent: Uint8Array[] = [];
  const publish = (_: string, payload: Uint8Array) => sent.push(payload);
  const output = new PublicOutput(new Market('M', 3, 0), 9, publish, createBatchBuffers());
  const put = (sequence: number, side: Side, price: number, quantity: bigint) => {
    const record = delta(sequence, side, price, quantity);
    output.delta(viewOf(record), 0, sequence);
  };
  return { output, put, sent };
}

function headers(bytes: Uint8Array, kind: BatchKind) {
  const found: { first: number; last: number; prev: number; count: number }[] = [];
  for (let offset = 0; offset < bytes.byteLength; ) {
    const count = viewOf(bytes).getUint32(offset + 8, true);
    const end = offset + (count + 1) * RECORD_BYTES;
    const header = decodeBatchHeader(bytes.subarray(offset, end), kind, 1 << 20);
    assert(header.ok);
    const { first, last, prev } = header.value;
    found.push({ first, last, prev, count });
    offset = end;
  }
  return found;
}

describe('PublicOutput', () => {
  it('answers a snapshot in priority order, at its sequence', () => {
    const { output, put } = open();
    put(1, Side.BUY, 90, 5n);
    put(2, Side.BUY, 95, 6n);
    put(3, Side.SELL, 110, 7n);
    put(4, Side.SELL, 100, 8n);
    put(5, Side.BUY, 90, 0n);
    output.flush(8);
    const [chunk, ...more] = output.snapshot();
    assert(chunk !== undefined);
    assert.equal(more.length, 0);
    assert.deepEqual(headers(chunk, BatchKind.SNAPSHOT), [
      { first: 0, last: 8, prev: 1, count: 3 },
    ]);
    const levels = readEvents(chunk.subarray(RECORD_BYTES)).map((event) =>
      event.type === 'delta' ? [event.side, event.price, event.quantity] : [],
    );
    assert.deepEqual(levels, [
      [Side.BUY, 95n, 6n],
      [Side.SELL, 100n, 8n],
      [Side.SELL, 110n, 7n],
    ]);
  });

  it('cuts a large snapshot into chunks that say how many they are', () => {
    const { output, put } = open();
    for (let price = 1; price <= 9_000; price += 1) put(price, Side.BUY, price, 1n);
    output.flush(9_000);
    const chunks = output.snapshot();
    assert.deepEqual(
      chunks.flatMap((chunk) => headers(chunk, BatchKind.SNAPSHOT)),
      [
        { first: 0, last: 9_000, prev: 2, count: 8_192 },
        { first: 1, last: 9_000, prev: 2, count: 808 },
      ],
    );
  });

  it('puts the right checksum on a batch that had to end early', () => {
    const { output, put, sent } = open();
    const book = new LevelBook();
    for (let sequence = 1; sequence <= 10_000; sequence += 1) {
      put(sequence, Side.BUY, 1 + (sequence % 50), BigInt(sequence));
    }
    output.flush(10_000);
    assert(sent.length > 1, 'the deltas are too many for one batch');
    for (const payload of sent) {
      for (const event of readEvents(payload.subarray(RECORD_BYTES))) {
        assert(event.type === 'delta');
        book.set(event.side, Number(event.price), event.quantity, event.orders);
      }
      const header = decodeBatchHeader(payload, BatchKind.MARKET_DATA, 1 << 20);
      assert(header.ok);
      assert.equal(header.value.depthCrc, book.checksum());
    }
  });

  it('sends commands before a cut one whole, with the checksum they led to', () => {
    const { output, put, sent } = open();
    const before = new LevelBook();
    for (let sequence = 1; sequence <= 3; sequence += 1) {
      put(sequence, Side.BUY, 90 + sequence, 5n);
      before.set(Side.BUY, 90 + sequence, 5n, 1);
    }
    for (let record = 0; record <= HARD_LIMIT_RECORDS; record += 1) {
      put(4, Side.BUY, 1_000 + record, 7n);
    }
    output.flush(4);
    const [whole, partial, rest, ...more] = sent.map((payload) => {
      const decoded = decodeBatchHeader(payload, BatchKind.MARKET_DATA, 1 << 20);
      assert(decoded.ok);
      return decoded.value;
    });
    assert(whole !== undefined && partial !== undefined && rest !== undefined);
    assert.equal(more.length, 0);
    assert.deepEqual([whole.count, whole.last, whole.flags], [3, 3, 0]);
    assert.equal(whole.depthCrc, before.checksum());
    const { PARTIAL, CONTINUES } = BatchFlag;
    assert.deepEqual([partial.first, partial.last, partial.flags], [4, 3, PARTIAL]);
    assert.deepEqual([rest.prev, rest.last, rest.flags], [3, 4, CONTINUES]);
  });

  it('replays what a reader missed, and says when it no longer can', () => {
    const { output, put } = open();
    for (let sequence = 1; sequence <= 5; sequence += 1) {
      put(sequence * 10, Side.BUY, sequence, 1n);
      output.flush(sequence * 10);
    }
    const missed = output.replay(21);
    assert(missed !== undefined);
    assert.deepEqual(
      headers(missed, BatchKind.MARKET_DATA).map(({ prev, last }) => [prev, last]),
      [
        [20, 30],
        [30, 40],
        [40, 50],
      ],
    );
    assert.equal(output.replay(51)?.byteLength, 0, 'nothing is missing');
    const big = 4_000;
    for (let round = 0; round < 60; round += 1) {
      for (let price = 1; price <= big; price += 1) {
        put(100 + round, Side.SELL, 10_000 + price, BigInt(round + 1));
      }
      output.flush(100 + round);
    }
    assert.equal(output.replay(21), undefined, 'the window has moved on');
    const bounded = output.replay(150);
    assert(bounded !== undefined && bounded.byteLength <= 1_000 * 1_024);
  });

  it('takes a batch as fast when it has dropped as many as it keeps as when it began', () => {
    const { output, put } = open();
    let sequence = 0;
    const send = (batches: number) => {
      const startMs = performance.now();
      for (let batch = 0; batch < batches; batch += 1) {
        sequence += 1;
        put(sequence, Side.BUY, 90, BigInt(sequence));
        output.flush(sequence);
      }
      return (performance.now() - startMs) / batches;
    };
    send(10_000);
    const firstMs = send(10_000);
    // 128 bytes each: 65,536 are kept.
    send(60_000);
    const laterMs = send(20_000);
    // Hundreds of times as long when each moves all the others.
    assert(laterMs < 20 * firstMs, `${laterMs} ms a batch, ${firstMs} ms before`);
    const kept = output.replay(sequence - 65_535);
    const [oldest] = headers(
      kept?.subarray(0, 2 * RECORD_BYTES) ?? assert.fail(),
      BatchKind.MARKET_DATA,
    );
    assert.equal(oldest?.last, sequence - 65_535);
    assert.equal(output.replay(sequence - 65_536), undefined);
  });
});
