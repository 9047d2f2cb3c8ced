/** The bytes of events, the settlement records they stand for, and the contract of `apply`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Asset, CommandKind, RECORD_BYTES, SettlementKind, Side, viewOf } from '@foldbook/protocol';
import { commandRecord, concatenate } from '../command-record.ts';
import { type SettlementMove, settlementRecord } from '../settlement.ts';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, START_SECONDS, TestMarket, tradeAt } from './test-market.ts';

export function recordTests(makeEngine: MakeEngine): void {
  orderEventTests(makeEngine);
  otherEventTests(makeEngine);
  settlementTests(makeEngine);
  contractTests(makeEngine);
}

/** kind, side, code, account, then the seven words behind them. */
type Words = readonly [number, number, number, number, ...bigint[]];

/** Each record as its fields, so that every byte counts. */
function words(events: Uint8Array): Words[] {
  const view = viewOf(events);
  return Array.from({ length: events.byteLength / RECORD_BYTES }, (_, index) => {
    const at = index * RECORD_BYTES;
    const rest = [8, 16, 24, 32, 40, 48, 56].map((offset) => view.getBigUint64(at + offset, true));
    const side = view.getUint8(at + 1);
    return [
      view.getUint8(at),
      side,
      view.getUint16(at + 2, true),
      view.getUint32(at + 4, true),
      ...rest,
    ];
  });
}

/** The last word of ACCEPTED and REPLACED: session, time in force, flags, expire time. */
const last = (session: number, timeInForce = 0, flags = 0, expireTime = 0) => {
  const low = BigInt(session + timeInForce * 2 ** 16) + BigInt(flags) * 2n ** 24n;
  return low + BigInt(expireTime) * 2n ** 32n;
};

const name = 77n;
const request = { session: 65_535, requestId: 2n ** 63n };
const of2 = { account: 2, clientOrderId: name };

function orderEventTests(makeEngine: MakeEngine): void {
  test('events echo the request and name orders by the sequence that placed them', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 100_000 });
    market.fund(10_000, 2, 3);
    const send = (fields: Parameters<TestMarket['record']>[0]) =>
      words(market.raw(market.record(fields)));
    const order = { kind: CommandKind.NEW, ...of2, price: 100, quantity: 9, ...request };
    assert.deepEqual(send(order), [
      [1, 0, 0, 2, 6n, 6n, name, 100n, 9n, 2n ** 63n, last(65_535)],
      [9, 0, 0, 0, 6n, 0n, 0n, 100n, 9n, 1n, 0n],
    ]);
    const expireTime = START_SECONDS + 9;
    const terms = { timeInForce: 4, flags: 1, selfTrade: 3, expireTime };
    const again = { session: 65_535, requestId: 2n ** 63n + 1n };
    const change = { kind: CommandKind.REPLACE, ...of2, price: 101, quantity: 4, ...again };
    assert.deepEqual(send({ ...change, ...terms }), [
      [4, 0, 0, 2, 7n, 7n, name, 101n, 4n, 2n ** 63n + 1n, last(65_535, 4, 1, expireTime)],
      [9, 0, 0, 0, 7n, 0n, 0n, 100n, 0n, 0n, 0n],
      [9, 0, 0, 0, 7n, 0n, 0n, 101n, 4n, 1n, 0n],
    ]);
    const sale = { kind: CommandKind.NEW, account: 3, clientOrderId: 5, side: 1, quantity: 1 };
    assert.deepEqual(
      send({ ...sale, price: 100, timeInForce: 3, selfTrade: 2, orderType: 1, ...request }),
      [
        [1, 1, 1 + 2 * 256, 3, 8n, 8n, 5n, 100n, 1n, 2n ** 63n, last(65_535, 3)],
        [2, 1, 0, 3, 8n, 7n, 8n, 101n, 1n, name, 2n],
        [8, 1, 0, 3, 8n, 8n, 5n, 0n, 11n, 0n, 0n],
        [9, 0, 0, 0, 8n, 0n, 0n, 101n, 3n, 1n, 0n],
      ],
    );
    const less = { kind: CommandKind.AMEND, ...of2, quantity: -1, session: 3, requestId: 1 };
    assert.deepEqual(send(less), [
      [4, 0, 1, 2, 9n, 7n, name, 101n, 2n, 1n, last(3, 4, 1, expireTime)],
      [9, 0, 0, 0, 9n, 0n, 0n, 101n, 2n, 1n, 0n],
    ]);
    const cancel = { kind: CommandKind.CANCEL, ...of2, session: 3, requestId: 2 };
    assert.deepEqual(send(cancel), [
      [3, 0, 0, 2, 10n, 7n, name, 101n, 2n, 2n, 3n],
      [9, 0, 0, 0, 10n, 0n, 0n, 101n, 0n, 0n, 0n],
    ]);
    assert.deepEqual(send(cancel), [[16, 2, 0, 2, 11n, 10n, name, 0n, 0n, 2n, 3n]]);
    assert.deepEqual(send({ ...cancel, requestId: 3 }), [
      [5, 2, 209, 2, 12n, 0n, name, 0n, 0n, 3n, 3n],
    ]);
    assert.deepEqual(send({ ...cancel, requestId: 3 }), [
      [16, 2, 209, 2, 13n, 12n, name, 0n, 0n, 3n, 3n],
    ]);
  });

  test('what nobody asked for carries no request', () => {
    const market = freeMarket(makeEngine);
    const send = (run: () => unknown) => {
      const before = market.engine.sequence;
      run();
      assert(market.engine.sequence > before);
    };
    send(() => market.sell(2, 1, 100, 5, { displayQuantity: 2 }));
    const buy = { kind: CommandKind.NEW, account: 3, clientOrderId: 4, price: 100, timeInForce: 1 };
    const [, , refilled] = words(market.raw(market.record({ ...buy, quantity: 2 })));
    assert.deepEqual(refilled, [17, 1, 0, 2, 11n, 10n, 1n, 100n, 2n, 0n, 0n]);
    const rest = words(market.raw(market.record({ ...buy, quantity: 4 }))).at(-1);
    assert.deepEqual(rest, [3, 0, 1, 3, 12n, 12n, 4n, 100n, 1n, 0n, 0n]);
    send(() => market.sell(2, 1, 100, 5));
    const own = { kind: CommandKind.NEW, account: 2, clientOrderId: 9, price: 100, selfTrade: 4 };
    const reduced = words(market.raw(market.record({ ...own, quantity: 3 })));
    assert.deepEqual(reduced.slice(1, 3), [
      [3, 0, 3, 2, 14n, 14n, 9n, 100n, 3n, 0n, 0n],
      [18, 1, 3, 2, 14n, 13n, 1n, 100n, 2n, 0n, 0n],
    ]);
    send(() => market.buy(4, 6, 200, 7, { orderType: 2, timeInForce: 1, stopPrice: 150 }));
    market.cancel(2, 1);
    send(() => market.sell(2, 900, 150, 1));
    const triggering = { ...buy, clientOrderId: 901, price: 150, quantity: 1 };
    const triggered = words(market.raw(market.record(triggering)))[3];
    assert.deepEqual(triggered, [15, 0, 0, 4, 18n, 15n, 6n, 200n, 7n, 0n, 0n]);
  });

  test('open orders as records', () => {
    const market = freeMarket(makeEngine);
    const expireTime = START_SECONDS + 9;
    market.sell(2, 1, 100, 5, {
      displayQuantity: 2,
      timeInForce: 4,
      expireTime,
      flags: 3,
      selfTrade: 4,
    });
    market.buy(2, 2, 90, 7, { orderType: 3, stopPrice: 120 });
    assert.deepEqual(words(market.engine.openOrdersOf(2, 0n, 10)), [
      [26, 1, 4 * 256, 2, 11n, 10n, 1n, 100n, 5n, 2n, last(0, 4, 3, expireTime)],
      [26, 0, 3, 2, 11n, 11n, 2n, 90n, 7n, 120n, 0n],
    ]);
  });
}

function otherEventTests(makeEngine: MakeEngine): void {
  test('what operators do, byte by byte', () => {
    const market = new TestMarket(makeEngine());
    const send = (fields: Parameters<TestMarket['record']>[0]) =>
      words(market.raw(market.record({ session: 5, ...fields })));
    const symbols = { baseSymbol: 'BTC', quoteSymbol: 'USD' };
    const decimals = { priceDecimals: 2, quantityDecimals: 8, maxFeePpm: 10_000 };
    const rates = { makerFeePpm: -1, takerFeePpm: 3 };
    assert.deepEqual(send({ kind: CommandKind.CREATE_MARKET, ...rates, ...symbols, ...decimals }), [
      [11, 0, 0, 0, 1n, 0x3_ffff_ffffn, 0x43_5442n, 0x44_5355n, 0x2710_0000_0802n, 1n, 5n],
    ]);
    const deposit = { kind: CommandKind.DEPOSIT, account: 9, asset: Asset.QUOTE, amount: 70 };
    assert.deepEqual(send(deposit), [[7, 1, 16, 9, 2n, 70n, 70n, 0n, 0n, 2n, 5n]]);
    assert.deepEqual(send({ ...deposit, kind: CommandKind.WITHDRAW, amount: 30 }), [
      [7, 1, 17, 9, 3n, 30n, 40n, 0n, 0n, 3n, 5n],
    ]);
    assert.deepEqual(
      send({ kind: CommandKind.SET_FEES, tier: 7, makerFeePpm: 4, takerFeePpm: 5 }),
      [[23, 7, 0, 0, 4n, 0x5_0000_0004n, 0n, 0n, 0n, 4n, 5n]],
    );
    assert.deepEqual(send({ kind: CommandKind.SET_TIER, account: 9, tier: 7 }), [
      [24, 7, 0, 9, 5n, 0n, 0n, 0n, 0n, 5n, 5n],
    ]);
    const limits = { minPrice: 1, maxPrice: 2, maxQuantity: 3, bandPpm: 4, maxOpenOrders: 5 };
    assert.deepEqual(send({ kind: CommandKind.CONFIGURE, ...limits }), [
      [21, 0, 0, 0, 6n, 1n, 2n, 3n, 0x5_0000_0004n, 6n, 5n],
    ]);
    assert.deepEqual(send({ kind: CommandKind.SET_STATE, state: 2 }), [
      [22, 2, 0, 0, 7n, 0n, 0n, 0n, 0n, 7n, 5n],
    ]);
    const { timeNs } = market;
    assert.deepEqual(send({ kind: CommandKind.CLOCK }), [
      [25, 0, 0, 0, 8n, timeNs, 0n, 0n, 0n, 8n, 5n],
    ]);
    assert.deepEqual(send({ kind: CommandKind.PURGE, account: 9, side: 1 }), [
      [19, 1, 5, 9, 9n, 0n, 0n, 0n, 0n, 9n, 5n],
    ]);
    const after = { kind: CommandKind.CANCEL_AFTER, account: 9, timeout: 2 };
    assert.deepEqual(send(after), [
      [20, 0, 0, 9, 10n, timeNs + 2_000_000_000n, 0n, 0n, 0n, 10n, 5n],
    ]);
    assert.deepEqual(send({ kind: CommandKind.CANCEL_ALL, account: 9, side: 2 }), [
      [19, 2, 0, 9, 11n, 0n, 0n, 0n, 0n, 11n, 5n],
    ]);
    const mark = words(market.raw(market.record({ kind: CommandKind.CLOSE_EPOCH })))[0];
    const hash = market.engine.stateHash();
    assert.deepEqual(mark, [10, 0, 0, 0, 12n, 0n, 0n, 2n, hash, 1n, timeNs]);
    market.goTo(2);
    assert.deepEqual(send({ kind: CommandKind.CONFIGURE, account: 8, bandPpm: 2_000_000 }), [
      [19, 2, 4, 9, 13n, 0n, 0n, 0n, 0n, 0n, 0n],
      [5, 36, 235, 8, 13n, 0n, 0n, 0n, 0n, 13n, 5n],
    ]);
  });

  test('cancellations in one go: by their owner with the request, by an operator without', () => {
    const market = freeMarket(makeEngine);
    const send = (fields: Parameters<TestMarket['record']>[0]) =>
      words(market.raw(market.record({ session: 5, requestId: 1, ...fields })));
    market.buy(2, 1, 100, 5);
    assert.deepEqual(send({ kind: CommandKind.CANCEL_ALL, account: 2, side: 0 }), [
      [3, 0, 0, 2, 11n, 10n, 1n, 100n, 5n, 1n, 5n],
      [9, 0, 0, 0, 11n, 0n, 0n, 100n, 0n, 0n, 0n],
      [19, 0, 0, 2, 11n, 0n, 0n, 0n, 1n, 1n, 5n],
    ]);
    market.buy(2, 1, 100, 5);
    assert.deepEqual(send({ kind: CommandKind.PURGE, account: 0, side: 0 }), [
      [3, 0, 5, 2, 13n, 12n, 1n, 100n, 5n, 0n, 0n],
      [9, 0, 0, 0, 13n, 0n, 0n, 100n, 0n, 0n, 0n],
      [19, 0, 5, 0, 13n, 0n, 0n, 0n, 1n, 1n, 5n],
    ]);
    for (let id = 0; id < 1_025; id += 1) market.buy(2, id, 100, 1);
    const all = send({ kind: CommandKind.PURGE, requestId: 2, account: 2, side: 2 }).at(-1);
    assert.deepEqual(all, [19, 2, 5, 2, 1_039n, 0n, 0n, 1n, 1_024n, 2n, 5n]);
  });

  test('queries about the market', () => {
    const market = freeMarket(makeEngine);
    assert.equal(market.engine.lastPrice(), 0n);
    assert.equal(market.engine.nextTimerNs(), undefined);
    tradeAt(market, 123);
    assert.equal(market.engine.lastPrice(), 123n);
    assert.equal(market.engine.openOrders(), 0);
  });
}

function settlementTests(makeEngine: MakeEngine): void {
  test('every trade, fee and move of funds is one settlement record', () => {
    const market = new TestMarket(makeEngine());
    const moves: SettlementMove[] = [];
    const send = (fields: Parameters<TestMarket['record']>[0]) => {
      const events = market.raw(market.record(fields));
      for (let at = 0; at < events.byteLength; at += RECORD_BYTES) {
        const move = settlementRecord(viewOf(events), at);
        if (move !== undefined) moves.push(move);
      }
    };
    const { CREATE_MARKET, DEPOSIT, WITHDRAW, NEW } = CommandKind;
    send({ kind: CREATE_MARKET, makerFeePpm: -50_000, takerFeePpm: 100_000 });
    send({ kind: DEPOSIT, account: 2, asset: Asset.BASE, amount: 10 });
    send({ kind: DEPOSIT, account: 3, asset: Asset.QUOTE, amount: 1_000 });
    const sale = { kind: NEW, account: 2, clientOrderId: name, side: Side.SELL };
    const purchase = { kind: NEW, account: 3, clientOrderId: name };
    send({ ...sale, price: 100, quantity: 2 });
    send({ ...purchase, price: 100, quantity: 2 });
    send({ ...purchase, price: 10, quantity: 1 });
    send({ ...sale, price: 10, quantity: 1 });
    send({ kind: WITHDRAW, account: 3, asset: Asset.BASE, amount: 1 });
    send({ kind: WITHDRAW, account: 2, asset: Asset.QUOTE, amount: 4 });
    const K = SettlementKind;
    assert.deepEqual(moves, [
      { kind: K.DEPOSIT_BASE, a: 0, b: 2, price: 0n, base: 10n, quote: 0n },
      { kind: K.DEPOSIT_QUOTE, a: 3, b: 0, price: 0n, base: 0n, quote: 1_000n },
      { kind: K.TRADE, a: 2, b: 3, price: 100n, base: 2n, quote: 200n },
      { kind: K.FEE, a: 1, b: 3, price: 0n, base: 0n, quote: 20n },
      { kind: K.REBATE, a: 2, b: 1, price: 0n, base: 0n, quote: 10n },
      { kind: K.TRADE, a: 2, b: 3, price: 10n, base: 1n, quote: 10n },
      { kind: K.FEE, a: 1, b: 2, price: 0n, base: 0n, quote: 1n },
      { kind: K.WITHDRAW_BASE, a: 3, b: 0, price: 0n, base: 1n, quote: 0n },
      { kind: K.WITHDRAW_QUOTE, a: 0, b: 2, price: 0n, base: 0n, quote: 4n },
    ]);
    assert.equal(market.engine.openRecords(), moves.length);
  });
}

function contractTests(makeEngine: MakeEngine): void {
  const ignore = () => {};

  test('a group of commands gives what the commands give one by one', () => {
    const script = new TestMarket(makeEngine());
    const order = { kind: CommandKind.NEW, account: 2, price: 100, quantity: 9 };
    const records = [
      script.record({ kind: CommandKind.CREATE_MARKET, makerFeePpm: 1, takerFeePpm: 2 }),
      script.record({ kind: CommandKind.DEPOSIT, account: 2, asset: Asset.QUOTE, amount: 10_000 }),
      ...Array.from({ length: 9_000 }, (_, index) =>
        script.record({ ...order, clientOrderId: index % 11 }),
      ),
    ];
    const group = new TestMarket(makeEngine());
    const single = new TestMarket(makeEngine());
    const fromGroup = group.raw(concatenate(records), 5n);
    assert.deepEqual(fromGroup, concatenate(records.map((record) => single.raw(record, 5n))));
    assert.equal(group.engine.stateHash(), single.engine.stateHash());
    assert.equal(group.engine.sequence, BigInt(records.length));
  });

  test('records are read where they lie', () => {
    const market = new TestMarket(makeEngine());
    const record = market.record({ kind: CommandKind.CREATE_MARKET, takerFeePpm: 2 });
    const within = new Uint8Array(3 + RECORD_BYTES + 5).fill(255);
    within.set(record, 3);
    market.engine.apply(within.subarray(3), 1, 1n, ignore);
    assert.deepEqual(market.deposit(2, Asset.BASE, 1), ['deposit 2 base 1: 1+0']);
  });

  test('misuse is an assertion, and a sink that throws ends the engine', () => {
    const engine = makeEngine();
    const record = commandRecord({ kind: CommandKind.CREATE_MARKET, requestId: 1 });
    engine.apply(record, 1, 1n, ignore);
    const misuse = { name: 'AssertionError' };
    assert.throws(() => engine.apply(record, 2, 1n, ignore), misuse);
    assert.throws(() => engine.apply(record, -1, 1n, ignore), misuse);
    assert.throws(() => engine.apply(record, 0.5, 1n, ignore), misuse);
    assert.throws(() => engine.apply(record, 1, -1n, ignore), misuse);
    assert.throws(() => engine.apply(record, 1, 2n ** 63n, ignore), misuse);
    assert.throws(() => makeEngine({ orderCapacity: 0 }), misuse);
    assert.throws(() => makeEngine({ sessionCapacity: 2 ** 40 }), misuse);
    assert.throws(() => makeEngine({ resultCapacity: 5_000 }), misuse);
    assert.equal(engine.sequence, 1n);
    engine.apply(record, 0, 1n, ignore);
    const fail = () => {
      throw new Error('the sink is full');
    };
    assert.throws(() => engine.apply(record, 1, 1n, fail), /the sink is full/);
    assert.throws(() => engine.apply(record, 1, 1n, ignore), misuse);
  });
}
