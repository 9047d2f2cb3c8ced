import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeWith, newKernel } from '../test/decoding.ts';
import { checkMutations } from '../test/mutation.ts';
import { Action, EventFlag, EventSide } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { createLobsterDecoder } from './lobster-decoder.ts';

const strict = (kernel: HistoryKernel) => createLobsterDecoder(kernel, { instrument: 'GOOG' });
const lenient = (kernel: HistoryKernel) => createLobsterDecoder(kernel, { lenient: true });
const decode = (text: string) => decodeWith(strict, text);

const LINES = [
  '34200.015105074,1,15818974,4,5794000,1',
  '34200.1,2,15818974,1,5794000,1',
  '34200.1,4,15818974,2,5794000,1',
  '34201,3,15818974,1,5794000,1',
  '34201.000000001,5,0,7,5795100,-1',
  '34202,6,0,9,5795100,-1',
  '34203,7,0,0,-1,-1',
  '34204,7,0,0,0,-1',
  '34205,7,0,0,1,-1',
  '',
].join('\n');

test('each type of message is its event', () => {
  const { events, instruments, error, units } = decode(LINES);
  assert.equal(error, undefined);
  assert.deepEqual(instruments, ['GOOG']);
  assert.equal(units, 9n);
  const { ADD, REDUCE, EXECUTE, DELETE, TRADE, STATUS } = Action;
  assert.deepEqual(
    events.map(({ action, side, quantity, price }) => [action, side, quantity, price]),
    [
      [ADD, EventSide.BUY, 4n, 5_794_000n],
      [REDUCE, EventSide.BUY, 1n, 5_794_000n],
      [EXECUTE, EventSide.BUY, 2n, 5_794_000n],
      [DELETE, EventSide.BUY, 1n, 5_794_000n],
      [TRADE, EventSide.SELL, 7n, 5_795_100n],
      [TRADE, EventSide.NONE, 9n, 5_795_100n],
      [STATUS, EventSide.NONE, 0n, 0n],
      [STATUS, EventSide.NONE, 1n, 0n],
      [STATUS, EventSide.NONE, 2n, 0n],
    ],
  );
  assert.deepEqual(events[0], {
    orderId: 15_818_974n,
    price: 5_794_000n,
    quantity: 4n,
    timeNs: 34_200_015_105_074n,
    instrument: 0,
    action: ADD,
    side: EventSide.BUY,
    flags: EventFlag.LAST,
    sequence: 1n,
  });
  assert.equal(events[4]?.timeNs, 34_201_000_000_001n);
  assert.equal(events[6]?.flags, EventFlag.LAST | EventFlag.NO_PRICE);
  assert.equal(events[8]?.sequence, 9n);
});

test('line breaks of any kind, more columns, and no break at the end', () => {
  const { events, error } = decode('1,1,7,4,100,1\r\n2,1,8,4,100,-1,null\n3,1,9,4,100,1');
  assert.equal(error, undefined);
  assert.deepEqual(
    events.map(({ orderId }) => orderId),
    [7n, 8n, 9n],
  );
});

const LINE = '1,1,7,4,100,1\n';
const REFUSED: readonly (readonly [string, string, number])[] = [
  ['x,1,7,4,100,1\n', 'BAD_FIELD', 14],
  ['1.0000000001,1,7,4,100,1\n', 'BAD_NUMBER', 14],
  ['-1,1,7,4,100,1\n', 'BAD_FIELD', 14],
  ['1,8,7,4,100,1\n', 'BAD_TYPE', 14],
  ['1,0,7,4,100,1\n', 'BAD_TYPE', 14],
  ['1,1,18446744073709551616,4,100,1\n', 'BAD_NUMBER', 14],
  ['1,1,7,-4,100,1\n', 'BAD_FIELD', 14],
  ['1,1,7,4,9223372036854775808,1\n', 'BAD_NUMBER', 14],
  ['1,1,7,4,100,2\n', 'BAD_FIELD', 14],
  ['1,7,0,0,2,-1\n', 'BAD_FIELD', 14],
  ['1,1,7,4,100\n', 'BAD_FIELD', 14],
  ['0.9,1,7,4,100,1\n', 'OUT_OF_ORDER', 14],
  ['\n', 'BAD_FIELD', 14],
  ['1,1,7,4', 'TRUNCATED', 14],
];

for (const [line, code, offset] of REFUSED) {
  test(`${JSON.stringify(line)} is ${code}`, () => {
    const { events, error } = decode(LINE + line);
    assert.deepEqual(error, { code, offset });
    assert.equal(events.length, 1);
  });
}

test('a decoder that failed says so again', () => {
  const decoder = strict(newKernel());
  const onBlock = () => {};
  const failure = { code: 'BAD_FIELD', offset: 0 };
  assert.throws(() => decoder.push(Buffer.from('what'), onBlock), failure);
  assert.throws(() => decoder.push(Buffer.from(LINE), onBlock), failure);
  assert.throws(() => decoder.end(onBlock), failure);
});

test('the largest numbers are kept', () => {
  const { events } = decode('9.9,1,18446744073709551615,1,9223372036854775807,1\n');
  assert.equal(events[0]?.orderId, 2n ** 64n - 1n);
  assert.equal(events[0]?.price, 2n ** 63n - 1n);
  const [negative] = decode('9.9,1,1,1,-9223372036854775808,1\n').events;
  assert.equal(negative?.price, -(2n ** 63n));
});

test('a lenient decoder counts faulty lines, and takes one whose time goes back', () => {
  const { events, error, faults } = decodeWith(lenient, `${LINE}what\n0.5,1,8,4,100,1\n${LINE}x`);
  assert.equal(error, undefined);
  assert.deepEqual(
    events.map(({ orderId, sequence }) => [orderId, sequence]),
    [
      [7n, 1n],
      [8n, 3n],
      [7n, 4n],
    ],
  );
  assert.equal(faults, 3n);
});

test('a line longer than the input holds is BAD_LENGTH', () => {
  const make = (kernel: HistoryKernel) => createLobsterDecoder(kernel, { inputBytes: 256 });
  const long = `1,1,7,4,100,1,${'z'.repeat(300)}\n`;
  assert.deepEqual(decodeWith(make, LINE + long).error, { code: 'BAD_LENGTH', offset: 14 });
});

test('any cut gives the same, whatever the damage', () => {
  const make = (kernel: HistoryKernel, isLenient: boolean) =>
    createLobsterDecoder(kernel, { lenient: isLenient, inputBytes: 1 << 12 });
  checkMutations(make, [Buffer.from(LINES)], 300);
});

test('after an input that ended early every answer is the same', () => {
  const decoder = createLobsterDecoder(newKernel());
  const refusal = { code: 'TRUNCATED', offset: 0 };
  const take = () => assert.fail('an event');
  decoder.push(Buffer.from('34200.1,1'), take);
  assert.throws(() => decoder.end(take), refusal);
  assert.throws(() => decoder.push(Buffer.from(LINE), take), refusal);
  assert.throws(() => decoder.end(take), refusal);
});

test('a number too large, or something else as well: the same code wherever it is cut', () => {
  for (const [line, code] of [
    ['9223372068.x,1,7,4,100,1\n', 'BAD_FIELD'],
    ['9223372068.5,1,7,4,100,1\n', 'BAD_NUMBER'],
    ['9223372068,1,7,4,100,1\n', 'BAD_NUMBER'],
    ['1,1,7,4,9223372036854775808,1\n', 'BAD_NUMBER'],
  ] as const) {
    for (let at = 0; at < line.length; at += 1) {
      const { error } = decodeWith(strict, line, [at, line.length]);
      assert.deepEqual(error, { code, offset: 0 }, `${line} cut at ${at}`);
    }
  }
});
