import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { OrderFlag, OrderType, RECORD_BYTES, TimeInForce } from '@foldbook/protocol';
import fc from 'fast-check';
import { snapshotOf } from '../compare-engines.ts';
import { createNaiveEngine } from '../naive/naive-engine.ts';
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { TestMarket } from '../suite/test-market.ts';
import {
  AccountOffset,
  EndOffset,
  HeaderOffset,
  LimitsRecordOffset,
  MarketRecordOffset,
  OrderOffset,
  ResultsOffset,
  SessionOffset,
  SnapshotKind,
  TermsOffset,
  TiersOffset,
} from './layout.ts';
import { RecordsHash } from './records-hash.ts';
import { SnapshotError } from './snapshot-error.ts';
import { readSnapshot, type SnapshotSink } from './snapshot-reader.ts';

const ignore: SnapshotSink = { begin: () => {}, records: () => {} };

/** What reading gives: 'ok', or the code and message of the error. */
function outcome(bytes: Uint8Array): string {
  try {
    readSnapshot([bytes], ignore);
    return 'ok';
  } catch (error) {
    assert(error instanceof SnapshotError, String(error));
    return error.message;
  }
}

const CAPACITY = {
  orderCapacity: 5,
  levelCapacity: 2,
  sessionCapacity: 5,
  resultCapacity: 4_096,
  matchLimit: 100,
  triggerLimit: 10,
};

/** Accounts 2 and 3 with sessions, plain orders, an iceberg and a stop. */
function sound(): Buffer {
  const market = new TestMarket(createNaiveEngine(CAPACITY));
  market.create(0, 0, { baseSymbol: 'A', quoteSymbol: 'B', maxFeePpm: 1_000 });
  market.fund(1_000_000, 2, 3);
  market.sell(2, 7, 100, 10, { displayQuantity: 4 });
  market.sell(2, 8, 100, 5, { timeInForce: TimeInForce.POST_ONLY, flags: OrderFlag.SLIDE });
  market.buy(3, 9, 90, 5, { session: 2 });
  market.buy(3, 1, 100, 1, { timeInForce: TimeInForce.IOC, session: 4 });
  market.buy(3, 10, 150, 2, { orderType: OrderType.STOP, timeInForce: 1, stopPrice: 120 });
  market.setTier(3, 1);
  return Buffer.from(market.snapshot());
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** Gives the snapshot a hash that fits its content. */
function reseal(snapshot: Buffer): Buffer {
  const end = snapshot.length - RECORD_BYTES;
  snapshot.writeBigUInt64LE(BigInt(end / RECORD_BYTES), end + EndOffset.RECORDS);
  snapshot.set(sha256(snapshot.subarray(0, end)), end + EndOffset.HASH);
  return snapshot;
}

/** Where the n-th record of a kind starts. */
function find(snapshot: Buffer, kind: SnapshotKind, nth = 0): number {
  const places = Array.from(
    { length: snapshot.length / RECORD_BYTES },
    (_, at) => at * RECORD_BYTES,
  );
  const at = places.filter((place) => snapshot[place] === kind)[nth];
  assert(at !== undefined);
  return at;
}

type Change = readonly [
  what: string,
  kind: SnapshotKind,
  nth: number,
  offset: number,
  width: 1 | 2 | 4 | 8,
  value: bigint,
  message: RegExp,
];
const K = SnapshotKind;
const O = OrderOffset;
const A = AccountOffset;
const M = MarketRecordOffset;
const L = LimitsRecordOffset;

/** Whole and well sealed, but for one field. Records of accounts: 0, 2 and 3. */
const CHANGES: readonly Change[] = [
  [
    'order capacity',
    K.HEADER,
    0,
    HeaderOffset.ORDER_CAPACITY,
    4,
    0n,
    /SNAPSHOT_CAPACITY.*orderCapacity/,
  ],
  ['level capacity', K.HEADER, 0, HeaderOffset.LEVEL_CAPACITY, 4, 2n ** 31n, /SNAPSHOT_CAPACITY/],
  ['result capacity', K.HEADER, 0, HeaderOffset.RESULT_CAPACITY, 4, 5_000n, /SNAPSHOT_CAPACITY/],
  ['match limit', K.HEADER, 0, HeaderOffset.MATCH_LIMIT, 4, 0n, /SNAPSHOT_CAPACITY/],
  ['trigger limit', K.HEADER, 0, HeaderOffset.TRIGGER_LIMIT, 4, 2n ** 31n, /SNAPSHOT_CAPACITY/],
  [
    'less room for orders',
    K.HEADER,
    0,
    HeaderOffset.ORDER_CAPACITY,
    4,
    3n,
    /CAPACITY.*4 open orders/,
  ],
  ['less room for levels', K.HEADER, 0, HeaderOffset.LEVEL_CAPACITY, 4, 1n, /^ok/],
  [
    'less room for sessions',
    K.HEADER,
    0,
    HeaderOffset.SESSION_CAPACITY,
    4,
    4n,
    /CAPACITY.*sessions/,
  ],
  ['time', K.HEADER, 0, HeaderOffset.TIME_NS, 8, 2n ** 63n, /engine time/],
  ['sequence', K.HEADER, 0, HeaderOffset.SEQUENCE, 8, 5n, /sequence/],
  [
    'results that are too old',
    K.HEADER,
    0,
    HeaderOffset.SEQUENCE,
    8,
    5_000n,
    /sequence 1 is too old/,
  ],
  ['sequence of a result', K.HEADER, 0, HeaderOffset.SEQUENCE, 8, 2n ** 48n, /last sequence is/],
  ['created', K.MARKET, 0, M.CREATED, 1, 2n, /created is 2/],
  ['never created', K.MARKET, 0, M.CREATED, 1, 0n, /was not created/],
  ['state', K.MARKET, 0, M.STATE, 1, 3n, /state is 3/],
  ['decimals', K.MARKET, 0, M.QUANTITY_DECIMALS, 1, 19n, /19 decimals/],
  ['symbol', K.MARKET, 0, M.BASE_SYMBOL, 8, 0x61n, /symbol/],
  ['symbol with a gap', K.MARKET, 0, M.BASE_SYMBOL, 8, 0x410041n, /symbol/],
  ['same symbols', K.MARKET, 0, M.BASE_SYMBOL, 8, 0x42n, /both assets/],
  ['last price', K.MARKET, 0, M.LAST_PRICE, 8, 2n ** 36n, /last price/],
  ['a due stop', K.MARKET, 0, M.LAST_PRICE, 8, 120n, /^ok/],
  ['arrivals', K.MARKET, 0, M.ARRIVALS, 8, 3n, /priority is 4/],
  ['many arrivals', K.MARKET, 0, M.ARRIVALS, 8, 2n ** 53n, /came to 9007199254740992 places/],
  ['highest fee', K.MARKET, 0, M.MAX_FEE_PPM, 4, 100_001n, /highest fee/],
  ['fee and hold', K.MARKET, 0, M.MAX_FEE_PPM, 4, 20_000n, /hold/],
  ['band', K.MARKET, 0, M.BAND_PPM, 4, 1_000_001n, /band/],
  ['unnamed byte', K.MARKET, 0, 63, 1, 1n, /byte 63 is not zero/],
  ['lowest price', K.LIMITS, 0, L.MIN_PRICE, 8, 2n ** 36n, /prices are limited/],
  ['largest quantity', K.LIMITS, 0, L.MAX_QUANTITY, 8, 2n ** 48n, /quantities are limited/],
  ['epoch start', K.LIMITS, 0, L.EPOCH_SEQUENCE_FIRST, 8, 99n, /epoch starts/],
  ['epoch', K.LIMITS, 0, L.EPOCH, 8, 1n, /epoch 1 starts at sequence 1/],
  ['first record', K.LIMITS, 0, L.EPOCH_RECORD_FIRST, 8, 2n ** 53n, /5 records from/],
  ['records', K.LIMITS, 0, L.EPOCH_RECORD_COUNT, 8, 2n ** 64n - 1n, /records from 0 on/],
  ['first tier', K.TIERS, 1, TiersOffset.FIRST, 1, 8n, /first tier/],
  ['fee of a tier', K.TIERS, 2, TiersOffset.PAIRS, 4, 1_001n, /fees are/],
  ['pair of tiers', K.TIERS, 2, TiersOffset.PAIRS, 4, 2n ** 32n - 1n, /negative fee/],
  ['seventeenth tier', K.TIERS, 2, TiersOffset.PAIRS + 16, 1, 1n, /no tier 16/],
  ['timer', K.ACCOUNT, 2, A.DEADLINE, 8, 2n ** 64n - 1n, /timer is due/],
  ['account', K.ACCOUNT, 2, A.ACCOUNT, 4, 2n, /account 2: it comes after account 2/],
  ['account number', K.ACCOUNT, 2, A.ACCOUNT, 4, 2n ** 24n, /no such account/],
  ['fees account', K.ACCOUNT, 1, A.ACCOUNT, 4, 1n, /only clients/],
  ['tier of an account', K.ACCOUNT, 2, A.TIER, 1, 16n, /tier 16/],
  ['balance', K.ACCOUNT, 1, A.BASE_AVAILABLE, 8, 2n ** 63n, /balance of/],
  ['money from nowhere', K.ACCOUNT, 1, A.QUOTE_AVAILABLE, 8, 2_000_000n, /the supply is/],
  ['hold', K.ACCOUNT, 1, A.BASE_HELD, 8, 16n, /orders hold 14 base/],
  ['sessions', K.ACCOUNT, 1, A.SESSIONS, 4, 2n, /SESSION is expected/],
  ['orders', K.ACCOUNT, 1, A.ORDERS, 4, 1n, /hold|ACCOUNT|END is expected/],
  ['held by the supply', K.ACCOUNT, 0, A.BASE_HELD, 8, 1n, /only clients/],
  ['session', K.SESSION, 3, SessionOffset.SESSION, 2, 1n, /comes after session 1/],
  ['results', K.SESSION, 1, SessionOffset.RESULTS, 4, 1n, /results/],
  ['many results', K.SESSION, 1, SessionOffset.RESULTS, 4, 1_025n, /1025 results/],
  ['last id', K.SESSION, 1, SessionOffset.LAST_ID, 8, 99n, /last request/],
  ['last sequence', K.SESSION, 1, SessionOffset.LAST_SEQUENCE, 8, 99n, /sequence 99/],
  ['a result that lacks', K.SESSION, 1, SessionOffset.SEQUENCE_BEFORE, 8, 1n, /lacks/],
  ['result count', K.RESULTS, 0, ResultsOffset.COUNT, 1, 2n, /results where 3 are expected/],
  ['result id', K.RESULTS, 0, ResultsOffset.FIRST + 16, 8, 1n, /after request 1/],
  ['result sequence', K.RESULTS, 0, ResultsOffset.FIRST + 24, 8, 1n, /after request 1/],
  ['result code', K.RESULTS, 0, ResultsOffset.FIRST + 14, 2, 100n, /code 100/],
  ['unknown code', K.RESULTS, 0, ResultsOffset.FIRST + 14, 2, 299n, /code 299/],
  ['other code', K.RESULTS, 0, ResultsOffset.FIRST + 14, 2, 207n, /the digest [0-9a-f]+/],
  ['digest', K.SESSION, 1, SessionOffset.DIGEST, 8, 5n, /the digest 5, which is not that/],
  ['side', K.ORDER, 0, O.SIDE, 1, 2n, /side is 2/],
  ['type', K.ORDER, 0, O.TYPE, 1, 1n, /type is 1/],
  ['stop without terms', K.ORDER, 1, O.TYPE, 1, 2n, /time in force/],
  ['time in force', K.ORDER, 0, O.TIME_IN_FORCE, 1, 1n, /time in force/],
  ['expiry', K.ORDER, 0, O.TIME_IN_FORCE, 1, 4n, /expire time/],
  ['expire time', K.ORDER, 0, O.EXPIRE_TIME, 4, 4n, /expire time/],
  ['mode', K.ORDER, 0, O.SELF_TRADE, 1, 5n, /mode is 5/],
  ['flags', K.ORDER, 0, O.FLAGS, 1, 4n, /flags are 4/],
  ['slide', K.ORDER, 0, O.FLAGS, 1, 2n, /flags are 2/],
  ['id', K.ORDER, 1, O.ORDER_ID, 8, 6n, /order 6: it comes after order 6/],
  ['same id', K.ORDER, 2, O.ORDER_ID, 8, 7n, /two orders have the id 7/],
  ['id to come', K.ORDER, 3, O.ORDER_ID, 8, 99n, /last sequence/],
  ['name', K.ORDER, 1, O.CLIENT_ORDER_ID, 8, 7n, /comes twice/],
  ['price', K.ORDER, 0, O.PRICE, 8, 0n, /price is 0/],
  ['crossed', K.ORDER, 0, O.PRICE, 8, 90n, /crossed, with a bid of 90 and an offer of 90/],
  ['nothing displayed', K.ORDER, 0, O.DISPLAYED, 8, 0n, /shows 0/],
  ['too much displayed', K.ORDER, 0, O.DISPLAYED, 8, 5n, /display size is 4/],
  ['hidden', K.ORDER, 1, O.HIDDEN, 8, 1n, /hides 1/],
  ['too much hidden', K.ORDER, 0, O.HIDDEN, 8, 2n ** 48n, /hides/],
  ['same priority', K.ORDER, 1, O.PRIORITY, 8, 1n, /two orders have the priority 1/],
  ['no priority', K.ORDER, 1, O.PRIORITY, 8, 0n, /priority is 0/],
  ['display size', K.TERMS, 0, TermsOffset.DISPLAY_SIZE, 8, 2n ** 48n, /display size/],
  ['no terms', K.TERMS, 0, TermsOffset.DISPLAY_SIZE, 8, 0n, /without terms/],
  ['stop price', K.TERMS, 1, TermsOffset.STOP_PRICE, 8, 2n ** 36n, /stop price/],
  ['stop of a limit order', K.TERMS, 0, TermsOffset.STOP_PRICE, 8, 5n, /stop price/],
  ['kind', K.TERMS, 0, 0, 1, 11n, /hides 6/],
];

test('a field that no engine would write', () => {
  for (const [what, kind, nth, offset, width, value, message] of CHANGES) {
    const snapshot = sound();
    const at = find(snapshot, kind, nth) + offset;
    if (width === 8) snapshot.writeBigUInt64LE(value, at);
    else snapshot.writeUIntLE(Number(value), at, width);
    assert.match(outcome(reseal(snapshot)), message, what);
  }
});

test('a sequence that two sessions claim', () => {
  const snapshot = sound();
  // Sessions 2 and 4 of account 3 have one result each.
  const [one, other] = [find(snapshot, K.SESSION, 3), find(snapshot, K.SESSION, 4)];
  const sequence = snapshot.readBigUInt64LE(one + SessionOffset.LAST_SEQUENCE);
  snapshot.writeBigUInt64LE(sequence, other + SessionOffset.LAST_SEQUENCE);
  snapshot.writeBigUInt64LE(sequence, other + RECORD_BYTES + ResultsOffset.FIRST + 8);
  const twice = new RegExp(`session 4 of account 3: the result with sequence ${sequence} is that`);
  assert.match(outcome(reseal(snapshot)), twice);
});

test('a sound one passes, whole and to the sink', () => {
  const snapshot = sound();
  const taken: Buffer[] = [];
  let sequence = 0n;
  const header = readSnapshot([snapshot], {
    begin: (each) => {
      assert.equal(taken.length, 0);
      sequence = each.sequence;
    },
    records: (records, count) => {
      assert(count >= 1 && count <= 1_024);
      taken.push(Buffer.from(records.subarray(0, count * RECORD_BYTES)));
    },
  });
  assert.equal(sequence, 11n);
  assert.deepEqual(header.capacity, CAPACITY);
  assert.deepEqual(Buffer.concat(taken), snapshot.subarray(0, -RECORD_BYTES));
});

test('records of one order come together', () => {
  const engine = createNaiveEngine();
  const market = new TestMarket(engine, { maker: 0, taker: 0 });
  market.fund(2n ** 40n, 2);
  for (let id = 0; id < 3_000; id += 1) {
    market.sell(2, id, 1_000 + id, 5, { displayQuantity: id % 3 === 0 ? 0 : 2 });
  }
  let blocks = 0;
  readSnapshot([snapshotOf(engine)], {
    begin: () => {},
    records: (records, count) => {
      blocks += 1;
      assert.notEqual(records[0], SnapshotKind.TERMS);
      assert(count <= 1_024);
    },
  });
  assert(blocks > 5);
});

test('no byte may be different', () => {
  const snapshot = sound();
  for (let at = 0; at < snapshot.length; at += 1) {
    for (const mask of [1, 0x80, 0xff]) {
      const damaged = Buffer.from(snapshot);
      damaged[at] = (damaged[at] ?? 0) ^ mask;
      assert.notEqual(outcome(damaged), 'ok', `byte ${at}`);
    }
  }
});

test('content that makes no sense is told as damage where the hash says so', () => {
  const snapshot = sound();
  snapshot[find(snapshot, SnapshotKind.ORDER) + OrderOffset.SIDE] = 9;
  assert.match(outcome(snapshot), /^SNAPSHOT_DAMAGED: record \d+ .*makes no sense from here on/);
  assert.match(outcome(reseal(snapshot)), /^SNAPSHOT_INVALID: record \d+ .*its side is 9/);
});

test('records that are missing, twice there or out of order', () => {
  const snapshot = sound();
  const without = (kind: SnapshotKind, nth = 0) => {
    const at = find(snapshot, kind, nth);
    return Buffer.concat([snapshot.subarray(0, at), snapshot.subarray(at + RECORD_BYTES)]);
  };
  for (const kind of Object.values(SnapshotKind)) {
    assert.notEqual(outcome(without(kind)), 'ok', `kind ${kind}`);
    assert.notEqual(outcome(reseal(without(kind))), 'ok', `kind ${kind}, sealed`);
  }
  const swapped = Buffer.from(snapshot);
  const [one, other] = [find(snapshot, K.SESSION, 2), find(snapshot, K.SESSION, 3)];
  snapshot.copy(swapped, one, other, other + RECORD_BYTES);
  snapshot.copy(swapped, other, one, one + RECORD_BYTES);
  assert.match(outcome(reseal(swapped)), /SNAPSHOT_INVALID/);
  assert.match(outcome(without(K.ORDER)), /SNAPSHOT_(CUT|DAMAGED|INVALID)/);
});

test('bytes that are anything are refused, and never crash', () => {
  const snapshot = sound();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
      assert.notEqual(outcome(bytes), 'ok');
    }),
  );
  const place = fc.integer({ min: 0, max: snapshot.length - 1 });
  const changes = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1 });
  fc.assert(
    fc.property(changes, (all) => {
      const damaged = Buffer.from(snapshot);
      for (const [at, byte] of all) damaged[at] = byte;
      const isSame = damaged.equals(snapshot);
      assert.equal(outcome(damaged) === 'ok', isSame);
      assert.doesNotThrow(() => outcome(reseal(damaged)));
    }),
    { numRuns: 500 },
  );
});

test('whatever a market has been through, its snapshot is sound', () => {
  const engine = createNaiveEngine(FLOW_CAPACITY);
  for (const { records, count, timeNs } of new RandomFlow(21).groups(6_000)) {
    engine.apply(records, count, timeNs, () => {});
    assert.equal(outcome(snapshotOf(engine)), 'ok');
  }
});

test('the hash of pieces is that of the whole', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) & 0xff);
  const hash = new RecordsHash();
  const ends = [0, 7, 64, 65_600, 65_601, 140_000, 280_000, 300_000];
  for (const [index, end] of ends.entries()) {
    hash.add(bytes.subarray(ends[index - 1] ?? 0, end));
    assert.deepEqual(Buffer.from(hash.digest()), sha256(bytes.subarray(0, end)));
  }
});
