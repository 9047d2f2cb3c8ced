/** Checks of the records that a snapshot starts with: what is true of the market as a whole. */
import {
  FEE_TIERS,
  MAX_BAND_PPM,
  MAX_DECIMALS,
  MAX_FEE_PPM,
  MAX_PRICE,
  MAX_QUANTITY,
  MAX_SYMBOL,
  MarketState,
} from '@foldbook/protocol';
import { type EngineCapacity, engineCapacity } from '../engine.ts';
import {
  HeaderOffset,
  LimitsRecordOffset,
  MarketRecordOffset,
  RESULT_SEQUENCE_BITS,
  RULES_VERSION,
  SNAPSHOT_MAGIC,
  SNAPSHOT_VERSION,
  TIER_BYTES,
  TIERS_PER_RECORD,
  TiersOffset,
} from './layout.ts';
import type { SnapshotCursor } from './snapshot-cursor.ts';

export interface SnapshotHeader {
  /** Of the last command. */
  readonly sequence: bigint;
  readonly stateHash: bigint;
  readonly timeNs: bigint;
  readonly capacity: EngineCapacity;
}

/** What the checks of later records need to know of the market. */
export interface SnapshotMarket {
  readonly isCreated: boolean;
  readonly lastPrice: bigint;
  readonly arrivals: bigint;
  readonly maxFeePpm: number;
}

/** Results have that many bits for a sequence. */
const MAX_SEQUENCE = 2n ** RESULT_SEQUENCE_BITS - 1n;
/** Counts go to where they are no longer whole numbers of JavaScript. */
const MAX_COUNT = 2n ** 53n - 1n;

interface Rates {
  readonly makerPpm: number;
  readonly takerPpm: number;
}

export function readHeader(cursor: SnapshotCursor): SnapshotHeader {
  const { view } = cursor;
  const magic = view.getUint32(HeaderOffset.MAGIC, true);
  if (magic !== SNAPSHOT_MAGIC) cursor.fail('SNAPSHOT_VERSION', 'it is not that of a snapshot');
  const version = view.getUint8(HeaderOffset.VERSION);
  if (version !== SNAPSHOT_VERSION) {
    const known = `only version ${SNAPSHOT_VERSION} is known`;
    cursor.fail('SNAPSHOT_VERSION', `a snapshot of version ${version}; ${known}`);
  }
  const rules = view.getUint16(HeaderOffset.RULES_VERSION, true);
  if (rules !== RULES_VERSION) {
    const known = `only version ${RULES_VERSION} is known`;
    cursor.fail('SNAPSHOT_VERSION', `a market under the rules of version ${rules}; ${known}`);
  }
  const capacity = {
    orderCapacity: view.getUint32(HeaderOffset.ORDER_CAPACITY, true),
    levelCapacity: view.getUint32(HeaderOffset.LEVEL_CAPACITY, true),
    sessionCapacity: view.getUint32(HeaderOffset.SESSION_CAPACITY, true),
    resultCapacity: view.getUint32(HeaderOffset.RESULT_CAPACITY, true),
    matchLimit: view.getUint32(HeaderOffset.MATCH_LIMIT, true),
    triggerLimit: view.getUint32(HeaderOffset.TRIGGER_LIMIT, true),
  };
  try {
    engineCapacity(capacity);
  } catch (cause) {
    cursor.fail('SNAPSHOT_CAPACITY', cause instanceof Error ? cause.message : String(cause));
  }
  const timeNs = view.getBigUint64(HeaderOffset.TIME_NS, true);
  if (timeNs >= 2n ** 63n) cursor.fail('SNAPSHOT_INVALID', `engine time is ${timeNs} ns`);
  const sequence = view.getBigUint64(HeaderOffset.SEQUENCE, true);
  if (sequence > MAX_SEQUENCE) cursor.fail('SNAPSHOT_INVALID', `its last sequence is ${sequence}`);
  return {
    sequence,
    stateHash: view.getBigUint64(HeaderOffset.STATE_HASH, true),
    timeNs,
    capacity,
  };
}

export function readMarket(cursor: SnapshotCursor): SnapshotMarket {
  const { view } = cursor;
  const expect = (isRight: boolean, what: string) => {
    if (!isRight) cursor.fail('SNAPSHOT_INVALID', what);
  };
  const created = view.getUint8(MarketRecordOffset.CREATED);
  expect(created <= 1, `created is ${created}`);
  const state = view.getUint8(MarketRecordOffset.STATE);
  expect(state <= MarketState.CANCEL_ONLY, `the market's state is ${state}`);
  for (const at of [MarketRecordOffset.PRICE_DECIMALS, MarketRecordOffset.QUANTITY_DECIMALS]) {
    expect(view.getUint8(at) <= MAX_DECIMALS, `it has ${view.getUint8(at)} decimals`);
  }
  const base = readSymbol(cursor, MarketRecordOffset.BASE_SYMBOL);
  const quote = readSymbol(cursor, MarketRecordOffset.QUOTE_SYMBOL);
  expect(base === '' || base !== quote, `both assets are "${base}"`);
  const lastPrice = view.getBigUint64(MarketRecordOffset.LAST_PRICE, true);
  expect(lastPrice <= MAX_PRICE, `the last price is ${lastPrice}`);
  const arrivals = view.getBigUint64(MarketRecordOffset.ARRIVALS, true);
  expect(arrivals <= MAX_COUNT, `orders came to ${arrivals} places`);
  const maxFeePpm = view.getUint32(MarketRecordOffset.MAX_FEE_PPM, true);
  expect(maxFeePpm <= MAX_FEE_PPM, `the highest fee is ${maxFeePpm} ppm`);
  const bandPpm = view.getUint32(MarketRecordOffset.BAND_PPM, true);
  expect(bandPpm <= MAX_BAND_PPM, `the price band is ${bandPpm} ppm`);
  if (created === 0) {
    const isEmpty = cursor.record.subarray(1).every((byte) => byte === 0);
    expect(isEmpty, 'a market that was not created has properties');
  }
  return { isCreated: created === 1, lastPrice, arrivals, maxFeePpm };
}

function readSymbol(cursor: SnapshotCursor, at: number): string {
  const text = String.fromCharCode(...cursor.record.subarray(at, at + MAX_SYMBOL));
  const symbol = /^[A-Z0-9.-]*/.exec(text)?.[0] ?? '';
  const isPadded = text.slice(symbol.length) === '\0'.repeat(MAX_SYMBOL - symbol.length);
  if (!isPadded) cursor.fail('SNAPSHOT_INVALID', `a symbol is ${JSON.stringify(text)}`);
  return symbol;
}

export function checkLimits(cursor: SnapshotCursor, { sequence }: SnapshotHeader): void {
  const read = (at: number) => cursor.view.getBigUint64(at, true);
  const minPrice = read(LimitsRecordOffset.MIN_PRICE);
  const maxPrice = read(LimitsRecordOffset.MAX_PRICE);
  const isUpsideDown = minPrice !== 0n && maxPrice !== 0n && minPrice > maxPrice;
  if (minPrice > MAX_PRICE || maxPrice > MAX_PRICE || isUpsideDown) {
    cursor.fail('SNAPSHOT_INVALID', `prices are limited to ${minPrice} to ${maxPrice}`);
  }
  const maxQuantity = read(LimitsRecordOffset.MAX_QUANTITY);
  if (maxQuantity > MAX_QUANTITY) {
    cursor.fail('SNAPSHOT_INVALID', `quantities are limited to ${maxQuantity}`);
  }
  const first = read(LimitsRecordOffset.EPOCH_SEQUENCE_FIRST);
  if (first < 1n || first > sequence + 1n) {
    const past = `${first}, but the last sequence is ${sequence}`;
    cursor.fail('SNAPSHOT_INVALID', `the epoch starts at sequence ${past}`);
  }
  const epoch = read(LimitsRecordOffset.EPOCH);
  // Each epoch before it was closed by a command of its own.
  if (epoch >= first) {
    cursor.fail('SNAPSHOT_INVALID', `epoch ${epoch} starts at sequence ${first}`);
  }
  const recordFirst = read(LimitsRecordOffset.EPOCH_RECORD_FIRST);
  const recordCount = read(LimitsRecordOffset.EPOCH_RECORD_COUNT);
  if (recordFirst + recordCount > MAX_COUNT) {
    cursor.fail('SNAPSHOT_INVALID', `the epoch has ${recordCount} records from ${recordFirst} on`);
  }
}

/** One record of tiers; gives those that it has. */
export function readTiers(cursor: SnapshotCursor, first: number): Rates[] {
  const { view } = cursor;
  const found = view.getUint8(TiersOffset.FIRST);
  if (found !== first) {
    cursor.fail('SNAPSHOT_INVALID', `its first tier is ${found}, not ${first}`);
  }
  const count = Math.min(TIERS_PER_RECORD, FEE_TIERS - first);
  const end = TiersOffset.PAIRS + count * TIER_BYTES;
  if (cursor.record.subarray(end).some((byte) => byte !== 0)) {
    cursor.fail('SNAPSHOT_INVALID', `there is no tier ${FEE_TIERS}`);
  }
  return Array.from({ length: count }, (_, index) => {
    const at = TiersOffset.PAIRS + index * TIER_BYTES;
    return { makerPpm: view.getInt32(at, true), takerPpm: view.getInt32(at + 4, true) };
  });
}

/** All sixteen tiers. */
export function checkTiers(
  cursor: SnapshotCursor,
  tiers: readonly Rates[],
  { isCreated, maxFeePpm }: SnapshotMarket,
): void {
  const makers = tiers.map(({ makerPpm }) => makerPpm);
  const takers = tiers.map(({ takerPpm }) => takerPpm);
  const lowest = Math.min(...makers, ...takers);
  const highest = Math.max(...makers, ...takers);
  if (lowest < -MAX_FEE_PPM || highest > maxFeePpm) {
    const range = `${lowest} to ${highest} ppm`;
    cursor.fail('SNAPSHOT_INVALID', `fees are ${range}, the market allows ${maxFeePpm}`);
  }
  if (Math.min(...makers) + Math.min(...takers) < 0) {
    cursor.fail('SNAPSHOT_INVALID', 'two tiers together have a negative fee');
  }
  if (!isCreated && (lowest !== 0 || highest !== 0)) {
    cursor.fail('SNAPSHOT_INVALID', 'a market that was not created has fees');
  }
}
