import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeWith } from '../test/decoding.ts';
import { checkMutations } from '../test/mutation.ts';
import { Action, EventFlag, EventSide } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { createMboCsvDecoder } from './mbo-csv-decoder.ts';

const strict = (kernel: HistoryKernel) => createMboCsvDecoder(kernel);
const lenient = (kernel: HistoryKernel) => createMboCsvDecoder(kernel, { lenient: true });
const decode = (text: string) => decodeWith(strict, text);

const HEADER =
  'ts_recv,ts_event,rtype,instrument_id,action,side,price,size,order_id,flags,sequence,symbol\n';
const rows = (...lines: string[]) => `${HEADER}${lines.join('\n')}\n`;
const SAMPLE = rows(
  'x,2025-07-17T07:05:09.035627674Z,160,1108,R,N,,0,0,8,0,ARL',
  'x,2025-07-17T08:05:03.360677248Z,160,1108,A,B,5.510000000,100,817593,130,851012,ARL',
  'x,2025-07-17T08:05:03.360677248Z,160,1108,A,A,21.33,100,817597,36,851013,"ARL"',
  'x,2025-07-17T08:06:03Z,160,1108,M,A,21.34,90,817597,0,851014,B',
  'x,1752739509035627674,160,1108,C,B,5.51,40,817593,128,851015,ARL',
  'x,2025-07-17T08:06:04.5,160,1108,T,B,5.51,40,0,0,851016,ARL',
  'x,2025-07-17 08:06:04.5,160,1108,F,A,5.51,40,817597,0,851016,ARL',
  'x,2025-07-17T08:06:04.5,160,1108,N,N,,0,0,128,851017,ARL',
);

test('a row is an event by the names of its columns', () => {
  const { events, instruments, error, units, skipped } = decode(SAMPLE);
  assert.equal(error, undefined);
  assert.deepEqual(instruments, ['ARL', 'B']);
  assert.deepEqual([units, skipped], [9n, 1n]);
  const { ADD, CLEAR, MODIFY, REDUCE, TRADE } = Action;
  const { BUY, SELL, NONE } = EventSide;
  const { LAST, SNAPSHOT, MAYBE_BAD, NO_PRICE, PART } = EventFlag;
  assert.deepEqual(
    events.map((event) => [event.action, event.side, event.price, event.quantity, event.flags]),
    [
      [CLEAR, NONE, 0n, 0n, NO_PRICE],
      [ADD, BUY, 5_510_000_000n, 100n, LAST],
      [ADD, SELL, 21_330_000_000n, 100n, SNAPSHOT | MAYBE_BAD],
      [MODIFY, SELL, 21_340_000_000n, 90n, 0],
      [REDUCE, BUY, 5_510_000_000n, 40n, LAST],
      // A trade names the aggressor's side, an event the resting order's.
      [TRADE, SELL, 5_510_000_000n, 40n, 0],
      [TRADE, SELL, 5_510_000_000n, 40n, PART],
    ],
  );
  assert.deepEqual(
    events.map(({ timeNs }) => timeNs),
    [
      1_752_735_909_035_627_674n,
      1_752_739_503_360_677_248n,
      1_752_739_503_360_677_248n,
      1_752_739_563_000_000_000n,
      1_752_739_509_035_627_674n,
      1_752_739_564_500_000_000n,
      1_752_739_564_500_000_000n,
    ],
  );
  assert.deepEqual(
    events.map(({ sequence, instrument, orderId }) => [sequence, instrument, orderId]).slice(1, 4),
    [
      [851_012n, 0, 817_593n],
      [851_013n, 0, 817_597n],
      [851_014n, 1, 817_597n],
    ],
  );
});

test('times are those of the calendar', () => {
  const times = ['1970-01-01T00:00:00', '2000-02-29T23:59:59.999999999', '2553-12-31T23:59:59'];
  const text = times.map((time) => `${time},1,A,B,1,1\n`).join('');
  const { events } = decode(`ts_event,id,action,side,px,qty\n${text}`);
  const expected = times.map((time) => {
    const [seconds = '', fraction = ''] = time.split('.');
    return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction);
  });
  assert.deepEqual(
    events.map(({ timeNs }) => timeNs),
    expected,
  );
});

test('words of a generic file, and no columns but the needed ones', () => {
  const { events, instruments, error } = decode(
    '\ufeffside,action,qty,price,oid,"a ""quoted"" one, with a comma"\r\n' +
      'buy,add,5,-1.5,9,"x,\ny"\r\n',
  );
  assert.equal(error, undefined);
  assert.deepEqual(instruments, ['']);
  assert.deepEqual(events, [
    {
      orderId: 9n,
      price: -1_500_000_000n,
      quantity: 5n,
      timeNs: 0n,
      instrument: 0,
      action: Action.ADD,
      side: EventSide.BUY,
      flags: EventFlag.LAST,
      sequence: 0n,
    },
  ]);
});

const FIRST = 'x,1,0,7,A,B,5.51,100,1,0,1,ARL\n';
const at = HEADER.length + FIRST.length;
const REFUSED: readonly (readonly [string, string])[] = [
  ['x,1,0,7,Q,B,5.51,100,1,0,1,ARL\n', 'BAD_TYPE'],
  ['x,1,0,7,A,Q,5.51,100,1,0,1,ARL\n', 'BAD_FIELD'],
  ['x,1,0,7,A,B,5.5x,100,1,0,1,ARL\n', 'BAD_FIELD'],
  ['x,1,0,7,A,B,5.0000000001,100,1,0,1,ARL\n', 'BAD_NUMBER'],
  ['x,1,0,7,A,B,9223372037,100,1,0,1,ARL\n', 'BAD_NUMBER'],
  ['x,1,0,7,A,B,5.51,1e2,1,0,1,ARL\n', 'BAD_FIELD'],
  ['x,2025-13-17T08:06:04,0,7,A,B,5.51,100,1,0,1,ARL\n', 'BAD_FIELD'],
  ['x,1,0,7,A,B,5.51,100,1,0,1\n', 'BAD_FIELD'],
  ['x,1,0,7,A,B,5.51,100,1,0,1,ARL,more\n', 'BAD_FIELD'],
  [`x,1,0,7,A,B,5.51,100,1,0,1,${'L'.repeat(33)}\n`, 'BAD_FIELD'],
  ['x,1,0,7,A,B,5.51', 'TRUNCATED'],
];

for (const [row, code] of REFUSED) {
  test(`${JSON.stringify(row)} is ${code}`, () => {
    const { events, error } = decode(HEADER + FIRST + row);
    assert.deepEqual(error, { code, offset: at });
    assert.equal(events.length, 1);
    const passed = decodeWith(lenient, HEADER + FIRST + row + (row.endsWith('\n') ? FIRST : ''));
    assert.equal(passed.error, undefined);
    assert.equal(passed.faults, 1n);
    assert.equal(passed.events.length, row.endsWith('\n') ? 2 : 1);
  });
}

test('a header without a needed column is no header', () => {
  assert.deepEqual(decode('order_id,action,side,price\n').error, { code: 'BAD_MAGIC', offset: 0 });
});

test('any cut gives the same, whatever the damage', () => {
  const make = (kernel: HistoryKernel, isLenient: boolean) =>
    createMboCsvDecoder(kernel, { lenient: isLenient, inputBytes: 1 << 12 });
  checkMutations(make, [Buffer.from(SAMPLE)], 300);
});
