import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { Action, EventFlag, EventSide } from '../event.ts';
import { Frame, frameBytes } from '../features/frame.ts';
import { FrameParquet } from './frame-parquet.ts';

const BASE_NS = 1_703_500_000_123_456_789n;
const FRAMES = 70;
const ROWS = 1_000;

test('what is written is read again, over several groups of rows', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-parquet-'));
  try {
    const path = join(dir, 'run.parquet');
    const units = { priceDecimals: 4, quantityDecimals: 2 };
    const file = new FrameParquet({ path, features: ['mid', 'order-flow:1s'], ...units });
    const frame = new Frame(new SharedArrayBuffer(frameBytes(2)), 0, 2);
    for (let block = 0; block < FRAMES; block += 1) {
      frame.setHeader(ROWS, block * ROWS, BASE_NS);
      for (let row = 0; row < ROWS; row += 1) {
        const index = block * ROWS + row;
        frame.events.set(row, {
          ...{ instrument: index % 3, action: Action.EXECUTE, side: EventSide.SELL },
          flags: index % 2 === 0 ? EventFlag.LAST : EventFlag.PART,
          ...{ orderId: 2n ** 64n - 1n - BigInt(index), price: 5_853_300n, quantity: 1_850n },
          timeNs: BASE_NS + BigInt(index),
        });
        frame.snapshots.bidPrice[row] = Number.NaN;
        frame.snapshots.bidQuantity[row] = 0;
        frame.snapshots.askPrice[row] = 5_859_400;
        frame.snapshots.askQuantity[row] = 200;
        frame.snapshots.lastPrice[row] = 5_853_300;
        frame.snapshots.lastQuantity[row] = 100;
        for (const [column, values] of frame.features.entries()) values[row] = index + column / 2;
      }
      file.add(frame, ['AAPL', 'GOOG']);
    }
    await file.finish();
    const bytes = await readFile(path);
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    });
    assert.equal(rows.length, FRAMES * ROWS);
    for (const index of [0, 65_535, 65_536, FRAMES * ROWS - 1]) {
      assert.deepEqual(rows[index], {
        time_ns: BASE_NS + BigInt(index),
        instrument: ['AAPL', 'GOOG', '2'][index % 3],
        ...{ action: index % 2 === 0 ? 'execute' : 'part', side: 'sell' },
        ...{ order_id: 2n ** 64n - 1n - BigInt(index) },
        ...{ price: 585.33, quantity: 18.5, bid_price: Number.NaN, bid_quantity: 0 },
        ...{ ask_price: 585.94, ask_quantity: 2, last_price: 585.33, last_quantity: 1 },
        ...{ mid: index, 'order-flow:1s': index + 0.5 },
      });
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
