/** A naive engine from a snapshot. */
import assert from 'node:assert/strict';
import {
  FEE_TIERS,
  type OrderType,
  RECORD_BYTES,
  type SelfTrade,
  type Side,
  type TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import type { Engine, EngineOptions } from '../engine.ts';
import { RecordReader } from '../record-reader.ts';
import { checkOptions } from '../snapshot/capacity.ts';
import {
  AccountOffset,
  LimitsRecordOffset,
  MarketRecordOffset,
  OrderOffset,
  RESULT_BYTES,
  RESULT_SEQUENCE_BITS,
  ResultsOffset,
  SessionOffset,
  SnapshotKind,
  TermsOffset,
  TIER_BYTES,
  TIERS_PER_RECORD,
  TiersOffset,
} from '../snapshot/layout.ts';
import type { SnapshotHeader } from '../snapshot/market-records.ts';
import { checkStateHash, readSnapshot } from '../snapshot/snapshot-reader.ts';
import { Market } from './market.ts';
import { NaiveEngine } from './naive-engine.ts';
import type { Order } from './order.ts';
import type { Session } from './sessions.ts';
import { stateHash } from './state-hash.ts';

/**
 * @param chunks - a snapshot of either engine, in pieces of any size
 * @param options - capacities are those of the snapshot; what is given must be the same
 * @throws SnapshotError for anything that is not a whole and sound snapshot
 */
export function restoreNaiveEngine(
  chunks: Iterable<Uint8Array>,
  options: EngineOptions = {},
): Engine {
  let restorer: Restorer | undefined;
  const header = readSnapshot(chunks, {
    begin: (header) => {
      checkOptions(header.capacity, options);
      restorer = new Restorer(header);
    },
    records: (records, count) => {
      const view = viewOf(records);
      for (let index = 0; index < count; index += 1) restorer?.take(view, index * RECORD_BYTES);
    },
  });
  assert(restorer !== undefined);
  const market = restorer.finish();
  checkStateHash(header, stateHash(market));
  return new NaiveEngine(market);
}

class Restorer {
  readonly #market: Market;
  /** The account, session and order that records are about. */
  #account = 0;
  #session: Session | undefined;
  readonly #orders: Order[] = [];

  constructor({ capacity, sequence, timeNs }: SnapshotHeader) {
    this.#market = new Market(capacity);
    this.#market.sequence = sequence;
    this.#market.timeNs = timeNs;
  }

  /** One record, which was checked. */
  take(view: DataView, at: number): void {
    const read = new RecordReader(view, at);
    const kind = read.u8(0);
    if (kind === SnapshotKind.MARKET) this.#takeMarket(read);
    else if (kind === SnapshotKind.LIMITS) this.#takeLimits(read);
    else if (kind === SnapshotKind.TIERS) this.#takeTiers(read);
    else if (kind === SnapshotKind.ACCOUNT) this.#takeAccount(read);
    else if (kind === SnapshotKind.SESSION) this.#takeSession(read);
    else if (kind === SnapshotKind.RESULTS) this.#takeResults(read);
    else if (kind === SnapshotKind.ORDER) this.#orders.push(orderOf(read, this.#account));
    else if (kind === SnapshotKind.TERMS) this.#takeTerms(read);
    else assert.equal(kind, SnapshotKind.HEADER);
  }

  /** Fills the books: in the order of their arrival orders come to their places. */
  finish(): Market {
    const market = this.#market;
    this.#orders.sort((one, other) => (one.priority < other.priority ? -1 : 1));
    for (const order of this.#orders) {
      market.bookOf(order).add(order);
      market.orders.add(order);
    }
    return market;
  }

  #takeMarket(read: RecordReader): void {
    const market = this.#market;
    if (read.u8(MarketRecordOffset.CREATED) === 1) {
      market.creation = {
        baseSymbol: read.u64(MarketRecordOffset.BASE_SYMBOL),
        quoteSymbol: read.u64(MarketRecordOffset.QUOTE_SYMBOL),
        priceDecimals: read.u8(MarketRecordOffset.PRICE_DECIMALS),
        quantityDecimals: read.u8(MarketRecordOffset.QUANTITY_DECIMALS),
        maxFeePpm: read.u32(MarketRecordOffset.MAX_FEE_PPM),
      };
    }
    market.state = read.u8(MarketRecordOffset.STATE);
    market.lastPrice = read.u64(MarketRecordOffset.LAST_PRICE);
    market.arrivals = read.u64(MarketRecordOffset.ARRIVALS);
    const bandPpm = read.u32(MarketRecordOffset.BAND_PPM);
    const maxOpenOrders = read.u32(MarketRecordOffset.MAX_OPEN_ORDERS);
    market.limits = { ...market.limits, bandPpm, maxOpenOrders };
  }

  #takeLimits(read: RecordReader): void {
    const market = this.#market;
    market.limits = {
      ...market.limits,
      minPrice: read.u64(LimitsRecordOffset.MIN_PRICE),
      maxPrice: read.u64(LimitsRecordOffset.MAX_PRICE),
      maxQuantity: read.u64(LimitsRecordOffset.MAX_QUANTITY),
    };
    market.epoch = {
      number: read.u64(LimitsRecordOffset.EPOCH),
      recordFirst: read.u64(LimitsRecordOffset.EPOCH_RECORD_FIRST),
      recordCount: read.u64(LimitsRecordOffset.EPOCH_RECORD_COUNT),
      sequenceFirst: read.u64(LimitsRecordOffset.EPOCH_SEQUENCE_FIRST),
    };
  }

  #takeTiers(read: RecordReader): void {
    const first = read.u8(TiersOffset.FIRST);
    for (let index = 0; index < TIERS_PER_RECORD && first + index < FEE_TIERS; index += 1) {
      const at = TiersOffset.PAIRS + index * TIER_BYTES;
      this.#market.tiers[first + index] = { makerPpm: read.i32(at), takerPpm: read.i32(at + 4) };
    }
  }

  #takeAccount(read: RecordReader): void {
    this.#account = read.u32(AccountOffset.ACCOUNT);
    this.#market.ledger.restore(this.#account, {
      baseAvailable: read.u64(AccountOffset.BASE_AVAILABLE),
      baseHeld: read.u64(AccountOffset.BASE_HELD),
      quoteAvailable: read.u64(AccountOffset.QUOTE_AVAILABLE),
      quoteHeld: read.u64(AccountOffset.QUOTE_HELD),
      tier: read.u8(AccountOffset.TIER),
      deadlineNs: read.u64(AccountOffset.DEADLINE),
    });
  }

  #takeSession(read: RecordReader): void {
    this.#session = {
      account: this.#account,
      session: read.u16(SessionOffset.SESSION),
      lastId: read.u64(SessionOffset.LAST_ID),
      lastSequence: read.u64(SessionOffset.LAST_SEQUENCE),
      digest: read.u64(SessionOffset.DIGEST),
      results: [],
      sequenceBefore: read.u64(SessionOffset.SEQUENCE_BEFORE),
    };
    this.#market.sessions.restore(this.#session);
  }

  #takeResults(read: RecordReader): void {
    for (let index = 0; index < read.u8(ResultsOffset.COUNT); index += 1) {
      const at = ResultsOffset.FIRST + index * RESULT_BYTES;
      const outcome = read.u64(at + 8);
      this.#session?.results.push({
        requestId: read.u64(at),
        sequence: BigInt.asUintN(Number(RESULT_SEQUENCE_BITS), outcome),
        code: Number(outcome >> RESULT_SEQUENCE_BITS),
      });
    }
  }

  /** Of the order that came last. */
  #takeTerms(read: RecordReader): void {
    const order = this.#orders.pop();
    assert(order !== undefined);
    const displaySize = read.u64(TermsOffset.DISPLAY_SIZE);
    const stopPrice = read.u64(TermsOffset.STOP_PRICE);
    this.#orders.push({ ...order, displaySize, stopPrice });
  }
}

/** Terms that it may have follow in a record of their own. */
function orderOf(read: RecordReader, account: number): Order {
  return {
    account,
    side: read.u8(OrderOffset.SIDE) as Side,
    type: read.u8(OrderOffset.TYPE) as OrderType,
    timeInForce: read.u8(OrderOffset.TIME_IN_FORCE) as TimeInForce,
    selfTrade: read.u8(OrderOffset.SELF_TRADE) as SelfTrade,
    flags: read.u8(OrderOffset.FLAGS),
    orderId: read.u64(OrderOffset.ORDER_ID),
    clientOrderId: read.u64(OrderOffset.CLIENT_ORDER_ID),
    price: read.u64(OrderOffset.PRICE),
    displayed: read.u64(OrderOffset.DISPLAYED),
    hidden: read.u64(OrderOffset.HIDDEN),
    priority: read.u64(OrderOffset.PRIORITY),
    expireTime: read.u32(OrderOffset.EXPIRE_TIME),
    displaySize: 0n,
    stopPrice: 0n,
  };
}
