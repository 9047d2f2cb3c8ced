/** Events, headers and books of the vector files. Every field has a value of its own. */
import { BatchKind, EventKind } from '../src/index.ts';

const U64_MAX = String(2n ** 64n - 1n);

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
const ORDER_FIELDS: readonly Field[] = [
  [16, 8, 990],
  [24, 8, 2n ** 64n - 2n],
  [32, 8, 100],
  [40, 8, 5],
];
const ORDER: readonly Field[] = [...REQUEST, ...ORDER_FIELDS];
/** Of events that answer nobody. */
const SEEN: readonly Field[] = [[4, 4, 43], [8, 8, 1003], ...ORDER_FIELDS];

/** Records in hex, written by offset and width, not by the code they are to check. */
export const EVENT_CASES: readonly string[] = [
  event(EventKind.ACCEPTED, [...ORDER, [1, 1, 1], [58, 1, 2]]),
  event(EventKind.ACCEPTED, [
    ...ORDER,
    [1, 1, 0],
    [2, 1, 3],
    [3, 1, 2],
    [58, 1, 4],
    [59, 1, 1],
    [60, 4, 1_700_000_000],
  ]),
  event(EventKind.REPLACED, [...ORDER, [1, 1, 0], [58, 1, 1]]),
  event(EventKind.REPLACED, [...ORDER, [1, 1, 1], [2, 2, 1], [58, 1, 2], [59, 1, 2]]),
  event(EventKind.CANCELLED, [...ORDER, [1, 1, 1], [2, 2, 1]]),
  event(EventKind.CANCELLED, [...SEEN, [1, 1, 0], [2, 2, 7]]),
  event(EventKind.TRIGGERED, [...SEEN, [1, 1, 1]]),
  event(EventKind.REFILLED, [...SEEN, [1, 1, 0]]),
  event(EventKind.REDUCED, [...SEEN, [1, 1, 1], [2, 2, 3]]),
  event(EventKind.OPEN_ORDER, [
    ...SEEN,
    [1, 1, 1],
    [2, 1, 0],
    [3, 1, 4],
    [48, 8, 2],
    [58, 1, 4],
    [59, 1, 3],
    [60, 4, 2 ** 32 - 1],
  ]),
  event(EventKind.OPEN_ORDER, [...SEEN, [1, 1, 0], [2, 1, 3], [3, 1, 1], [48, 8, 90]]),
  event(EventKind.REJECTED, [...REQUEST, [1, 1, 3], [2, 2, 207], [24, 8, 77]]),
  event(EventKind.RESULT, [...REQUEST, [1, 1, 1], [2, 2, 0], [16, 8, 700], [24, 8, 77]]),
  event(EventKind.RESULT, [...REQUEST, [1, 1, 4], [2, 2, 209], [16, 8, 701], [24, 8, 78]]),
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
  event(EventKind.FUNDS, [...REQUEST, [1, 1, 1], [2, 2, 18], [16, 8, 251], [24, 8, 601]]),
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
  event(EventKind.MARKET_CREATED, [
    ...REQUEST,
    [16, 4, 100],
    [20, 4, 300],
    [24, 8, 0x43_54_42],
    [32, 8, 0x50_52_45_50_2d_44_53_55n],
    [40, 1, 2],
    [41, 1, 8],
    [44, 4, 500],
  ]),
  event(EventKind.ALL_CANCELLED, [...REQUEST, [1, 1, 2], [2, 2, 5], [32, 8, 1], [40, 8, 1024]]),
  event(EventKind.ALL_CANCELLED, [
    [1, 1, 2],
    [2, 2, 4],
    [4, 4, 42],
    [8, 8, 1008],
    [40, 8, 9],
  ]),
  event(EventKind.CANCEL_AFTER_SET, [...REQUEST, [16, 8, 1_700_000_030_123_456_789n]]),
  event(EventKind.CONFIGURED, [
    ...REQUEST,
    [16, 8, 10],
    [24, 8, 2n ** 36n - 1n],
    [32, 8, 2n ** 48n - 1n],
    [40, 4, 50_000],
    [44, 4, 200],
  ]),
  event(EventKind.STATE_CHANGED, [...REQUEST, [1, 1, 2]]),
  event(EventKind.FEES_CHANGED, [...REQUEST, [1, 1, 15], [16, 4, -20], [20, 4, 200]]),
  event(EventKind.TIER_CHANGED, [...REQUEST, [1, 1, 3]]),
  event(EventKind.CLOCK_ADVANCED, [
    [8, 8, 1009],
    [16, 8, 1_700_000_000_123_456_789n],
  ]),
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
