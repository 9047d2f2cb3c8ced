/** Events as fast-check makes them up, for tests of books. */
import fc from 'fast-check';
import { Action, EventFlag, EventSide } from '../event.ts';
import { marketEvent } from './event-block.ts';

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
export const SIDES = [EventSide.BUY, EventSide.SELL] as const;

/** The last one cannot be. */
const instruments = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(0, 0, 0, 0, 1, 2, 77, 65_535) },
  { weight: 1, arbitrary: fc.constantFrom(65_536, 2 ** 32 - 1) },
);
/** Few, so that orders meet, and with every unit. */
export const prices = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: -1, max: 1 }).map((n) => BigInt(n) * 250_000_000n) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }).map((n) => BigInt(n) * 1_000_000n) },
  { weight: 1, arbitrary: fc.bigInt({ min: I64_MIN, max: I64_MAX }) },
  { weight: 1, arbitrary: fc.constantFrom(I64_MIN, I64_MIN + 1n, -1n, 0n, 1n, I64_MAX) },
);
export const quantities = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: 1n, max: 3n }) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n) },
);
const orderIds = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: 0n, max: 20n }) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 32n, 2n ** 40n + 1n, 2n ** 64n - 1n) },
);
const actions = fc.oneof(
  { weight: 2, arbitrary: fc.constant(Action.LEVEL) },
  { weight: 12, arbitrary: fc.constant(Action.ADD) },
  {
    weight: 20,
    arbitrary: fc.constantFrom(Action.REDUCE, Action.DELETE, Action.MODIFY, Action.EXECUTE),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Action.TRADE, Action.CLEAR, Action.STATUS, 0, 9, 11, 255),
  },
);
const sides = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...SIDES) },
  { weight: 1, arbitrary: fc.constantFrom(EventSide.NONE, 3, 255) },
);
const flags = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(0, EventFlag.LAST, EventFlag.SNAPSHOT) },
  { weight: 1, arbitrary: fc.constant(EventFlag.NO_PRICE) },
  { weight: 1, arbitrary: fc.constant(EventFlag.REPLACED) },
);
/** Events of few orders, some of which can't be true. */
export const events = fc
  .record({
    orderId: orderIds,
    price: prices,
    quantity: quantities,
    instrument: instruments,
    action: actions,
    side: sides,
    flags,
  })
  .map(marketEvent);
