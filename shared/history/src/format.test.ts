import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gzipSync, zstdDecompressSync } from 'node:zlib';
import { dataFile } from '../test/data.ts';
import { blockOf, newKernel } from '../test/decoding.ts';
import { temporaryFolder } from '../test/folder.ts';
import { Bin38Writer } from './bin38-writer.ts';
import { CompactWriter } from './compact-writer.ts';
import { Action, EventFlag, EventSide } from './event.ts';
import { recogniseFile } from './files/recognise-file.ts';
import { FORMAT_SAMPLE_BYTES, type Format, recogniseFormat } from './format.ts';

const folder = temporaryFolder();
const BLOCK = 'node_order_statuses_by_block.20260430_20.jsonl.zst';

const text = (content: string) => recogniseFormat(Buffer.from(content));

describe('formats', () => {
  const blocks = (kind: Format['kind']) => ({ name: 'hyperliquid', kind, isStream: false });
  const samples: [string[], object | undefined, string?][] = [
    [['databento', 'test_data.mbo.v1.dbn.zst'], { name: 'dbn' }],
    [['databento', 'test_data.mbo.dbn'], { name: 'dbn' }],
    [['databento', 'test_data.mbo.v3.dbn'], { name: 'dbn' }],
    [['databento', 'esh4-glbx-mdp3-20231225.mbo.dbn.zst'], { name: 'dbn' }],
    [['itch', 'ex20101224.TEST_ITCH_50'], { name: 'itch' }],
    [['nasdaq-mbo', 'arl_mbo.csv.zst'], { name: 'csv' }],
    [['nasdaq-mbo', 'arl_mbp.csv.zst'], undefined],
    [['lobster', 'LOBSTER_SampleFile_GOOG_2012-06-21_10.zip'], { name: 'lobster' }, '_message_'],
    [['lobster', 'LOBSTER_SampleFile_GOOG_2012-06-21_10.zip'], undefined, '_orderbook_'],
    [['lobster', 'LOBSTER_SampleFile_AAPL_2012-06-21_1.zip'], { name: 'lobster' }, '_message_'],
    [['hyperliquid', 'block_mode', BLOCK], blocks('statuses')],
    [
      ['hyperliquid', 'block_mode', 'node_raw_book_diffs_by_block.20260430_20.jsonl'],
      blocks('diffs'),
    ],
    [['hyperliquid', 'block_mode', 'node_fills_by_block.20260430_20.jsonl'], blocks('fills')],
    [['orders', 'orders_normal_s23.bin.zst'], undefined],
  ];
  for (const [path, expected, member] of samples) {
    test(`${path.at(-1)}${member ?? ''}`, async (t) => {
      const file = dataFile(t, ...path);
      if (file === undefined) return;
      const isMember = (name: string) => name.includes(member ?? '');
      assert.deepEqual(await recogniseFile(file, { member: isMember }), expected);
    });
  }

  test('what this project writes itself', async () => {
    const kernel = newKernel();
    const parts: Uint8Array[] = [];
    const write = (bytes: Uint8Array) => parts.push(bytes.slice());
    new CompactWriter({ kernel, scale: { priceExponent: -8, quantityExponent: -8 }, write }).end();
    const compact = Buffer.concat(parts.splice(0));
    assert.deepEqual(recogniseFormat(compact), { name: 'compact' });
    const order = {
      ...{ orderId: 1n, price: 7_645_050_000_000n, quantity: 1n, instrument: 0, sequence: 0n },
      ...{ timeNs: 1_777_582_003_304_461_819n, action: Action.ADD, side: EventSide.BUY },
      flags: EventFlag.LAST,
    };
    new Bin38Writer({ kernel, markets: [0], write }).append(blockOf(kernel, [order, order]));
    const records = Buffer.concat(parts);
    assert.deepEqual(recogniseFormat(records), { name: 'bin38' });
    assert.deepEqual(recogniseFormat(records.subarray(0, 60)), { name: 'bin38' });
    assert.equal(recogniseFormat(records.subarray(0, 37)), undefined);
    const packed = folder.write('records.gz', gzipSync(records));
    assert.deepEqual(await recogniseFile(packed), { name: 'bin38' });
  });

  test('ITCH with lengths before its messages', (t) => {
    const file = dataFile(t, 'itch', 'ex20101224.TEST_ITCH_50');
    if (file === undefined) return;
    const bytes = readFileSync(file).subarray(0, FORMAT_SAMPLE_BYTES);
    const lengths: Record<string, number> = {
      ...{ S: 12, R: 39, H: 25, A: 36, F: 40, E: 31, X: 23, D: 19, U: 35, P: 44 },
    };
    for (let at = 0, count = 0; count < 64; count += 1) {
      const length = lengths[bytes.toString('latin1', at + 2, at + 3)];
      assert.ok(length !== undefined);
      bytes.writeUInt16BE(length, at);
      at += 2 + length;
    }
    assert.deepEqual(recogniseFormat(bytes), { name: 'itch' });
    bytes.writeUInt16BE(13, 0);
    assert.equal(recogniseFormat(bytes), undefined);
  });

  test('Hyperliquid, a line an event and blocks of nothing', (t) => {
    const fill = '["0xab",{"coin":"BTC","px":"1","sz":"1","side":"A","crossed":true,"tid":1}]';
    const stream = (kind: Format['kind']) => ({ name: 'hyperliquid', kind, isStream: true });
    assert.deepEqual(text(fill), stream('fills'));
    assert.deepEqual(text('{"oid":1,"raw_book_diff":"remove"}\n'), stream('diffs'));
    assert.deepEqual(text('{"status":"open","order":{"limitPx":"1"}}\n'), stream('statuses'));
    assert.deepEqual(text('[[{"coin":"BTC","limitPx":"1"}],[]]'), {
      ...{ name: 'hyperliquid', kind: 'snapshot', isStream: false },
    });
    assert.deepEqual(text('{"block_number":1, "events" : []}\n'), blocks(undefined));
    const file = dataFile(t, 'hyperliquid', 'block_mode', BLOCK);
    if (file === undefined) return;
    const all = zstdDecompressSync(readFileSync(file));
    assert.deepEqual(recogniseFormat(all.subarray(0, 1_000)), blocks('statuses'));
  });

  test('what is none of them', () => {
    for (const content of ['', 'hello\n', '{}', '{"a":1}', '[1,2]', '1,2,3\n', '\0\0\0\0']) {
      assert.equal(text(content), undefined, JSON.stringify(content));
    }
    assert.equal(recogniseFormat(new Uint8Array(FORMAT_SAMPLE_BYTES)), undefined);
    assert.equal(recogniseFormat(new Uint8Array(FORMAT_SAMPLE_BYTES).fill(255)), undefined);
  });
});
