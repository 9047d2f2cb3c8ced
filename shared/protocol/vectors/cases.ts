/** What the vector files are made of. Every field has a value of its own, so that none can swap. */
import { BatchKind, EventKind } from '../src/index.ts';
import type { JsonObject } from './json.ts';

interface CommandCase {
  readonly name: string;
  readonly role: 'client' | 'operator';
  readonly account: number;
  readonly command: JsonObject;
}

const U64_MAX = String(2n ** 64n - 1n);

const client = (name: string, command: JsonObject, account = 42): CommandCase => ({
  name,
  role: 'client',
  account,
  command,
});
const operator = (name: string, command: JsonObject): CommandCase => ({
  name,
  role: 'operator',
  account: 0,
  command,
});

export const COMMAND_CASES: readonly CommandCase[] = [
  client('buy 5 lots at 100 ticks', {
    type: 'new',
    session: 0,
    requestId: '1',
    clientOrderId: '7',
    side: 'buy',
    price: '100',
    quantity: '5',
    timeInForce: 'gtc',
  }),
  client('sell, immediate or cancel', {
    type: 'new',
    session: 258,
    requestId: '4886718345',
    clientOrderId: '81985529216486895',
    side: 'sell',
    price: '68719476735',
    quantity: '281474976710655',
    timeInForce: 'ioc',
  }),
  client(
    'every field at its width, largest account; the engine rejects the price, not the edge',
    {
      type: 'new',
      session: 65535,
      requestId: U64_MAX,
      clientOrderId: U64_MAX,
      side: 'sell',
      price: U64_MAX,
      quantity: U64_MAX,
      timeInForce: 'post_only',
    },
    16777215,
  ),
  client('cancel', { type: 'cancel', session: 3, requestId: '2', clientOrderId: '7' }),
  client('replace', {
    type: 'replace',
    session: 3,
    requestId: '9007199254740993',
    clientOrderId: '7',
    price: '101',
    quantity: '4',
    timeInForce: 'post_only',
  }),
  operator('deposit', {
    type: 'deposit',
    session: 1,
    requestId: '10',
    account: 42,
    asset: 'quote',
    amount: '9223372036854775807',
  }),
  operator('withdraw', {
    type: 'withdraw',
    session: 1,
    requestId: '11',
    account: 43,
    asset: 'base',
    amount: '250',
  }),
  operator('create a market with a maker rebate', {
    type: 'create_market',
    session: 0,
    requestId: '1',
    makerFeePpm: -50,
    takerFeePpm: 300,
  }),
  operator('close the epoch', { type: 'close_epoch', session: 0, requestId: '12' }),
];

/** Offset, width in bytes, value. */
type Field = readonly [number, 1 | 2 | 4 | 8, bigint | number];

function record(fields: readonly Field[]): string {
  const bytes = Buffer.alloc(64);
  for (const [offset, width, value] of fields) {
    const whole = Buffer.alloc(8);
    whole.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
    whole.copy(bytes, offset, 0, width);
  }
  return bytes.toString('hex');
}

const event = (kind: number, fields: readonly Field[]) => record([[0, 1, kind], ...fields]);

const REQUEST: readonly Field[] = [
  [4, 4, 42],
  [8, 8, 1001],
  [48, 8, 12],
  [56, 2, 3],
];
const ORDER: readonly Field[] = [
  ...REQUEST,
  [16, 8, 990],
  [24, 8, 2n ** 64n - 2n],
  [32, 8, 100],
  [40, 8, 5],
];

/** Records in hex, written by offset and width, not by the code they are to check. */
export const EVENT_CASES: readonly string[] = [
  event(EventKind.ACCEPTED, [...ORDER, [1, 1, 1], [58, 1, 2]]),
  event(EventKind.REPLACED, [...ORDER, [1, 1, 0], [58, 1, 1]]),
  event(EventKind.CANCELLED, [...ORDER, [1, 1, 1], [2, 2, 1]]),
  event(EventKind.REJECTED, [...REQUEST, [1, 1, 3], [2, 2, 207], [24, 8, 77]]),
  event(EventKind.TRADE, [
    [1, 1, 1],
    [4, 4, 42],
    [8, 8, 1002],
    [16, 8, 991],
    [24, 8, 2 ** 40],
    [32, 8, 100],
    [40, 8, 4],
    [48, 8, 78],
    [56, 4, 43],
  ]),
  event(EventKind.FILL, [
    [1, 1, 1],
    [2, 2, 1],
    [4, 4, 42],
    [8, 8, 2 ** 53 - 1],
    [16, 8, 992],
    [24, 8, 79],
    [32, 8, 101],
    [40, 8, 3],
  ]),
  event(EventKind.FEE, [
    [1, 1, 0],
    [2, 2, 1],
    [4, 4, 43],
    [8, 8, 1004],
    [16, 8, 993],
    [24, 8, 80],
    [40, 8, 17],
  ]),
  event(EventKind.FUNDS, [
    ...REQUEST,
    [1, 1, 1],
    [2, 2, 16],
    [16, 8, 2n ** 63n - 1n],
    [24, 8, 600],
    [32, 8, 50],
  ]),
  event(EventKind.BALANCE, [
    [4, 4, 42],
    [8, 8, 1005],
    [16, 8, 1],
    [24, 8, 2],
    [32, 8, 3],
    [40, 8, 2n ** 63n - 1n],
  ]),
  event(EventKind.BOOK_DELTA, [
    [1, 1, 1],
    [8, 8, 1006],
    [32, 8, 2n ** 36n - 1n],
    [40, 8, 0],
    [48, 8, 6],
  ]),
  event(EventKind.EPOCH_MARK, [
    [8, 8, 1007],
    [16, 8, 4],
    [24, 8, 2000],
    [32, 8, 150],
    [40, 8, 2n ** 64n - 3n],
    [48, 8, 900],
    [56, 8, 1_700_000_000_123_456_789n],
  ]),
  event(EventKind.MARKET_CREATED, [...REQUEST, [16, 4, -50], [20, 4, 300]]),
];

export const HEADER_CASES = [
  { kind: BatchKind.COMMANDS, flags: 1 },
  {
    kind: BatchKind.GROUP,
    market: 5,
    logSequence: 2 ** 53 - 1,
    timeNs: 1_700_000_000_123_456_789n,
    first: 11,
    last: 12,
    prev: 10,
  },
  {
    kind: BatchKind.MARKET_DATA,
    market: 2 ** 32 - 1,
    flags: 6,
    first: 2 ** 40,
    last: 2 ** 40 + 2,
    prev: 2 ** 40 - 1,
    generation: 9,
    depthCrc: 0xdeadbeef,
  },
] as const;

type Level = readonly [price: string, quantity: string];

const ladder = (length: number, best: number, step: number): Level[] =>
  Array.from({ length }, (_, index) => [String(best + step * index), String(index + 1)] as const);

interface ChecksumCase {
  readonly name: string;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export const CHECKSUM_CASES: readonly ChecksumCase[] = [
  { name: 'an empty book', bids: [], asks: [] },
  { name: 'one bid', bids: [['100', '5']], asks: [] },
  { name: 'the same level as an ask', bids: [], asks: [['100', '5']] },
  { name: 'largest price and total', bids: [['68719476735', U64_MAX]], asks: [] },
  {
    name: 'twelve levels a side: two do not count',
    bids: ladder(12, 100, -1),
    asks: ladder(12, 101, 2),
  },
  { name: 'ten levels a side', bids: ladder(10, 100, -1), asks: ladder(10, 101, 2) },
];
