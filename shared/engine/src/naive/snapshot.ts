/** The content of a market as the records of RULES.md, section 10. */
import { FEE_TIERS, RECORD_BYTES } from '@foldbook/protocol';
import {
  AccountOffset,
  HeaderOffset,
  LimitsRecordOffset,
  MarketRecordOffset,
  OrderOffset,
  RESULT_BYTES,
  RESULT_SEQUENCE_BITS,
  RESULTS_PER_RECORD,
  ResultsOffset,
  RULES_VERSION,
  SessionOffset,
  SNAPSHOT_MAGIC,
  SNAPSHOT_VERSION,
  SnapshotKind,
  TermsOffset,
  TIER_BYTES,
  TIERS_PER_RECORD,
  TiersOffset,
} from '../snapshot/layout.ts';
import { RecordFields } from '../snapshot/record-fields.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';
import type { Session } from './sessions.ts';
import { stateHash } from './state-hash.ts';

/** All records but END, each in memory of its own. */
export function* snapshotRecords(market: Market): Generator<Uint8Array, void, undefined> {
  yield headerRecord(market);
  yield marketRecord(market);
  yield limitsRecord(market);
  for (let first = 0; first < FEE_TIERS; first += TIERS_PER_RECORD) {
    yield tiersRecord(market, first);
  }
  for (const account of accountsOf(market)) {
    yield accountRecord(market, account);
    for (const session of market.sessions.ofAccount(account)) {
      yield* sessionRecords(market, session);
    }
    for (const order of market.orders.ofAccount(account)) yield* orderRecords(order);
  }
}

/** Accounts with a balance, a session, a tier or a timer, in ascending order. */
function accountsOf({ ledger, sessions }: Market): number[] {
  const accounts = new Set(sessions.accounts());
  for (const [account, state] of ledger.all()) {
    const { baseAvailable, baseHeld, quoteAvailable, quoteHeld, tier, deadlineNs } = state;
    const balances = [baseAvailable, baseHeld, quoteAvailable, quoteHeld];
    const hasSome = balances.some((amount) => amount !== 0n);
    if (hasSome || tier !== 0 || deadlineNs !== 0n) accounts.add(account);
  }
  return [...accounts].sort((one, other) => one - other);
}

/** One record; `write` says what it has besides its kind. */
function recordOf(kind: SnapshotKind, write: (fields: RecordFields) => void): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES);
  write(new RecordFields(new DataView(bytes.buffer)).u8(0, kind));
  return bytes;
}

function headerRecord(market: Market): Uint8Array {
  const { capacity } = market;
  return recordOf(SnapshotKind.HEADER, (fields) =>
    fields
      .u8(HeaderOffset.VERSION, SNAPSHOT_VERSION)
      .u16(HeaderOffset.RULES_VERSION, RULES_VERSION)
      .u32(HeaderOffset.MAGIC, SNAPSHOT_MAGIC)
      .u64(HeaderOffset.SEQUENCE, market.sequence)
      .u64(HeaderOffset.STATE_HASH, stateHash(market))
      .u64(HeaderOffset.TIME_NS, market.timeNs)
      .u32(HeaderOffset.ORDER_CAPACITY, capacity.orderCapacity)
      .u32(HeaderOffset.LEVEL_CAPACITY, capacity.levelCapacity)
      .u32(HeaderOffset.SESSION_CAPACITY, capacity.sessionCapacity)
      .u32(HeaderOffset.RESULT_CAPACITY, capacity.resultCapacity)
      .u32(HeaderOffset.MATCH_LIMIT, capacity.matchLimit)
      .u32(HeaderOffset.TRIGGER_LIMIT, capacity.triggerLimit),
  );
}

function marketRecord({ creation, state, lastPrice, arrivals, limits }: Market): Uint8Array {
  return recordOf(SnapshotKind.MARKET, (fields) =>
    fields
      .u8(MarketRecordOffset.CREATED, creation === undefined ? 0 : 1)
      .u8(MarketRecordOffset.STATE, state)
      .u8(MarketRecordOffset.PRICE_DECIMALS, creation?.priceDecimals ?? 0)
      .u8(MarketRecordOffset.QUANTITY_DECIMALS, creation?.quantityDecimals ?? 0)
      .u64(MarketRecordOffset.BASE_SYMBOL, creation?.baseSymbol ?? 0n)
      .u64(MarketRecordOffset.QUOTE_SYMBOL, creation?.quoteSymbol ?? 0n)
      .u64(MarketRecordOffset.LAST_PRICE, lastPrice)
      .u64(MarketRecordOffset.ARRIVALS, arrivals)
      .u32(MarketRecordOffset.MAX_FEE_PPM, creation?.maxFeePpm ?? 0)
      .u32(MarketRecordOffset.BAND_PPM, limits.bandPpm)
      .u32(MarketRecordOffset.MAX_OPEN_ORDERS, limits.maxOpenOrders),
  );
}

function limitsRecord({ limits, epoch }: Market): Uint8Array {
  return recordOf(SnapshotKind.LIMITS, (fields) =>
    fields
      .u64(LimitsRecordOffset.MIN_PRICE, limits.minPrice)
      .u64(LimitsRecordOffset.MAX_PRICE, limits.maxPrice)
      .u64(LimitsRecordOffset.MAX_QUANTITY, limits.maxQuantity)
      .u64(LimitsRecordOffset.EPOCH, epoch.number)
      .u64(LimitsRecordOffset.EPOCH_RECORD_FIRST, epoch.recordFirst)
      .u64(LimitsRecordOffset.EPOCH_RECORD_COUNT, epoch.recordCount)
      .u64(LimitsRecordOffset.EPOCH_SEQUENCE_FIRST, epoch.sequenceFirst),
  );
}

function tiersRecord({ tiers }: Market, first: number): Uint8Array {
  return recordOf(SnapshotKind.TIERS, (fields) => {
    fields.u8(TiersOffset.FIRST, first);
    tiers.slice(first, first + TIERS_PER_RECORD).forEach(({ makerPpm, takerPpm }, index) => {
      const at = TiersOffset.PAIRS + index * TIER_BYTES;
      fields.i32(at, makerPpm).i32(at + 4, takerPpm);
    });
  });
}

function accountRecord({ ledger, sessions, orders }: Market, account: number): Uint8Array {
  const state = ledger.of(account);
  return recordOf(SnapshotKind.ACCOUNT, (fields) =>
    fields
      .u8(AccountOffset.TIER, state.tier)
      .u32(AccountOffset.ACCOUNT, account)
      .u64(AccountOffset.BASE_AVAILABLE, state.baseAvailable)
      .u64(AccountOffset.BASE_HELD, state.baseHeld)
      .u64(AccountOffset.QUOTE_AVAILABLE, state.quoteAvailable)
      .u64(AccountOffset.QUOTE_HELD, state.quoteHeld)
      .u64(AccountOffset.DEADLINE, state.deadlineNs)
      .u32(AccountOffset.SESSIONS, sessions.ofAccount(account).length)
      .u32(AccountOffset.ORDERS, orders.countOf(account)),
  );
}

function* sessionRecords({ sessions, sequence }: Market, session: Session) {
  const { results, sequenceBefore } = sessions.window(session, sequence + 1n);
  yield recordOf(SnapshotKind.SESSION, (fields) =>
    fields
      .u16(SessionOffset.SESSION, session.session)
      .u32(SessionOffset.RESULTS, results.length)
      .u64(SessionOffset.LAST_ID, session.lastId)
      .u64(SessionOffset.LAST_SEQUENCE, session.lastSequence)
      .u64(SessionOffset.DIGEST, session.digest)
      .u64(SessionOffset.SEQUENCE_BEFORE, sequenceBefore),
  );
  for (let first = 0; first < results.length; first += RESULTS_PER_RECORD) {
    const some = results.slice(first, first + RESULTS_PER_RECORD);
    yield recordOf(SnapshotKind.RESULTS, (fields) => {
      fields.u8(ResultsOffset.COUNT, some.length);
      some.forEach(({ requestId, sequence, code }, index) => {
        const at = ResultsOffset.FIRST + index * RESULT_BYTES;
        const outcome = sequence | (BigInt(code) << RESULT_SEQUENCE_BITS);
        fields.u64(at, requestId).u64(at + 8, outcome);
      });
    });
  }
}

function* orderRecords(order: Order) {
  yield recordOf(SnapshotKind.ORDER, (fields) =>
    fields
      .u8(OrderOffset.SIDE, order.side)
      .u8(OrderOffset.TYPE, order.type)
      .u8(OrderOffset.TIME_IN_FORCE, order.timeInForce)
      .u8(OrderOffset.SELF_TRADE, order.selfTrade)
      .u8(OrderOffset.FLAGS, order.flags)
      .u64(OrderOffset.ORDER_ID, order.orderId)
      .u64(OrderOffset.CLIENT_ORDER_ID, order.clientOrderId)
      .u64(OrderOffset.PRICE, order.price)
      .u64(OrderOffset.DISPLAYED, order.displayed)
      .u64(OrderOffset.HIDDEN, order.hidden)
      .u64(OrderOffset.PRIORITY, order.priority)
      .u32(OrderOffset.EXPIRE_TIME, order.expireTime),
  );
  if (order.displaySize === 0n && order.stopPrice === 0n) return;
  yield recordOf(SnapshotKind.TERMS, (fields) =>
    fields
      .u64(TermsOffset.DISPLAY_SIZE, order.displaySize)
      .u64(TermsOffset.STOP_PRICE, order.stopPrice),
  );
}
