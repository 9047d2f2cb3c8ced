import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf } from '@foldbook/protocol';
import { parseWorkload, RecordOffset, WORKLOAD_HEADER_BYTES } from './workload.ts';
import { generateWorkload, WORKLOADS } from './workload-generator.ts';

const sound = generateWorkload({ ...WORKLOADS.w1, prefill: 10, commands: 50, targetOrders: 10 });

function changed(change: (view: DataView) => void): Uint8Array {
  const bytes = sound.slice();
  change(viewOf(bytes));
  return bytes;
}

const RECORD = WORKLOAD_HEADER_BYTES + 7 * 16;

const REFUSED: readonly [string, Uint8Array, string, RegExp][] = [
  ['nothing', new Uint8Array(0), 'WORKLOAD_DAMAGED', /does not start with "LOBW"/],
  ['another magic', changed((v) => v.setUint32(0, 1)), 'WORKLOAD_DAMAGED', /"LOBW"/],
  ['a later version', changed((v) => v.setUint8(4, 2)), 'WORKLOAD_UNSUPPORTED', /version 2/],
  ['a cut file', sound.subarray(0, sound.length - 1), 'WORKLOAD_DAMAGED', /1023 bytes.*1024/],
  ['a longer file', new Uint8Array([...sound, 0]), 'WORKLOAD_DAMAGED', /1025 bytes.*1024/],
  ['no commands', changed((v) => v.setUint32(12, 0)), 'WORKLOAD_DAMAGED', /10 \+ 0 records/],
  ['a huge count', changed((v) => v.setUint32(12, 2 ** 32 - 1)), 'WORKLOAD_DAMAGED', /records/],
  ['two books', changed((v) => v.setUint8(16, 2)), 'WORKLOAD_UNSUPPORTED', /2 books/],
  [
    'an execution',
    changed((v) => v.setUint8(RECORD + RecordOffset.TYPE, 3)),
    'WORKLOAD_UNSUPPORTED',
    /type 3/,
  ],
  [
    'a third side',
    changed((v) => v.setUint8(RECORD + RecordOffset.SIDE, 2)),
    'WORKLOAD_DAMAGED',
    /record 7 has side 2/,
  ],
  [
    'an order without a number',
    changed((v) => v.setUint32(RECORD + RecordOffset.ID, 0)),
    'WORKLOAD_DAMAGED',
    /record 7 has order id 0/,
  ],
  [
    'a price that is none',
    changed((v) => v.setInt32(RECORD + RecordOffset.PRICE, -1)),
    'WORKLOAD_DAMAGED',
    /record 7 has price -1/,
  ],
  [
    'a quantity of nothing',
    changed((v) => v.setUint32(RECORD + RecordOffset.QUANTITY, 0)),
    'WORKLOAD_DAMAGED',
    /record 7 has quantity 0/,
  ],
];

for (const [name, bytes, code, message] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.throws(() => parseWorkload(bytes, 'some.bin'), { code, message, status: 2 });
  });
}

const W2 = { ...WORKLOADS['w2-100'], books: 3, commands: 400, targetOrders: 30 };
const feed = generateWorkload(W2);

test('what a feed says: many books, executions, and nothing of a book that there is not', () => {
  const { books, commands, expected } = parseWorkload(feed, 'some.bin', 'mbo');
  assert.equal(books, 3);
  assert(commands >= 400 && expected.trades > 0);
  assert.throws(() => parseWorkload(feed, 'some.bin'), { code: 'WORKLOAD_UNSUPPORTED' });
  const other = feed.slice();
  viewOf(other).setUint16(RECORD + RecordOffset.BOOK, 3, true);
  const refused = { code: 'WORKLOAD_DAMAGED', message: /record 7 has book 3 of 3/ };
  assert.throws(() => parseWorkload(other, 'some.bin', 'mbo'), refused);
});

test('the header says what it holds', () => {
  const { prefill, commands, expected } = parseWorkload(sound, 'some.bin');
  assert.deepEqual([prefill, commands], [10, 50]);
  assert.equal(expected.rejects, 0);
  assert(expected.bestBid < expected.bestAsk);
});
