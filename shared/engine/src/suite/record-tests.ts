/** The bytes of events, the settlement records they stand for, and the contract of `apply`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Asset,
  CommandKind,
  RECORD_BYTES,
  SettlementKind,
  Side,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import { type SettlementMove, settlementRecord } from '../settlement.ts';
import type { MakeEngine } from './make-engine.ts';
import { TestMarket } from './test-market.ts';

const order = {
  clientOrderId: 77n,
  side: Side.BUY,
  timeInForce: TimeInForce.GTC,
  price: 100n,
  quantity: 9n,
};

export function recordTests(makeEngine: MakeEngine): void {
  eventTests(makeEngine);
  settlementTests(makeEngine);
  contractTests(makeEngine);
}

function eventTests(makeEngine: MakeEngine): void {
  test('events echo the request and name orders by the sequence that placed them', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 100_000 });
    market.fund(10_000, 2, 3);
    const request = { session: 65_535, requestId: 2n ** 63n };
    const [accepted] = market.events({ kind: CommandKind.NEW, ...order, ...request }, 2);
    assert.deepEqual(accepted, {
      type: 'accepted',
      account: 2,
      sequence: 6,
      orderId: 6,
      ...order,
      ...request,
    });
    const again = { session: 65_535, requestId: 2n ** 63n + 1n };
    const changed = { clientOrderId: 77n, timeInForce: 2, price: 101n, quantity: 4n } as const;
    const [replaced] = market.events({ kind: CommandKind.REPLACE, ...changed, ...again }, 2);
    assert.deepEqual(replaced, {
      type: 'replaced',
      account: 2,
      sequence: 7,
      orderId: 7,
      side: Side.BUY,
      ...changed,
      ...again,
    });
    const sale = { ...order, clientOrderId: 5n, side: Side.SELL, quantity: 1n, ...request };
    const [, trade, fee] = market.events({ kind: CommandKind.NEW, ...sale }, 3);
    assert.deepEqual(trade, {
      type: 'trade',
      sequence: 8,
      takerSide: Side.SELL,
      makerOrderId: 7,
      takerOrderId: 8,
      price: 101n,
      quantity: 1n,
      takerAccount: 3,
      makerAccount: 2,
      makerClientOrderId: 77n,
    });
    assert.deepEqual(fee, {
      type: 'fee',
      sequence: 8,
      account: 3,
      liquidity: 1,
      rebate: false,
      orderId: 8,
      clientOrderId: 5n,
      amount: 11n,
    });
  });

  test('cancellations, refusals and funds echo the request', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    market.fund(10_000, 2);
    const { clientOrderId, side, price, quantity } = order;
    market.events({ kind: CommandKind.NEW, ...order }, 2);
    const request = { session: 12, requestId: 99n };
    const [cancelled] = market.events({ kind: CommandKind.CANCEL, clientOrderId, ...request }, 2);
    const reason = 0;
    const state = { account: 2, orderId: 4, clientOrderId, side, price, quantity };
    assert.deepEqual(cancelled, { type: 'cancelled', sequence: 5, ...state, reason, ...request });
    const stale = { session: 12, requestId: 98n };
    const [rejected] = market.events({ kind: CommandKind.CANCEL, clientOrderId, ...stale }, 2);
    assert.deepEqual(rejected, {
      type: 'rejected',
      account: 2,
      sequence: 6,
      code: 211,
      command: CommandKind.CANCEL,
      clientOrderId,
      ...stale,
    });
    const ioc = { ...order, timeInForce: 1, ...request, requestId: 100n } as const;
    const rest = market.events({ kind: CommandKind.NEW, ...ioc }, 2)[1];
    const unasked = { session: 0, requestId: 0n, reason: 1, orderId: 7 };
    assert.deepEqual(rest, { type: 'cancelled', sequence: 7, ...state, ...unasked });
    const move = { account: 2, asset: Asset.QUOTE, amount: 5n };
    const [funds] = market.events({ kind: CommandKind.WITHDRAW, ...move, ...request });
    assert.deepEqual(funds, {
      type: 'funds',
      sequence: 8,
      command: CommandKind.WITHDRAW,
      ...move,
      available: 9_995n,
      held: 0n,
      ...request,
    });
  });
}

function settlementTests(makeEngine: MakeEngine): void {
  test('every trade, fee and move of funds is one settlement record', () => {
    const market = new TestMarket(makeEngine());
    const moves: SettlementMove[] = [];
    const send = (record: Uint8Array) =>
      market.engine.apply(record, 1, 1n, (block, count) => {
        for (let index = 0; index < count; index += 1) {
          const move = settlementRecord(viewOf(block), index * RECORD_BYTES);
          if (move !== undefined) moves.push(move);
        }
      });
    const { CREATE_MARKET, DEPOSIT, WITHDRAW, NEW } = CommandKind;
    send(market.record({ kind: CREATE_MARKET, makerFeePpm: -50_000, takerFeePpm: 100_000 }));
    send(market.record({ kind: DEPOSIT, account: 2, asset: Asset.BASE, amount: 10n }));
    send(market.record({ kind: DEPOSIT, account: 3, asset: Asset.QUOTE, amount: 1_000n }));
    const sale = { ...order, side: Side.SELL, quantity: 2n };
    send(market.record({ kind: NEW, ...sale }, 2));
    send(market.record({ kind: NEW, ...order, quantity: 2n }, 3));
    send(market.record({ kind: NEW, ...order, price: 10n, quantity: 1n }, 3));
    send(market.record({ kind: NEW, ...sale, price: 10n, quantity: 1n }, 2));
    send(market.record({ kind: WITHDRAW, account: 3, asset: Asset.BASE, amount: 1n }));
    send(market.record({ kind: WITHDRAW, account: 2, asset: Asset.QUOTE, amount: 4n }));
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
    const records = [
      script.record({ kind: CommandKind.CREATE_MARKET, makerFeePpm: 1, takerFeePpm: 2 }),
      script.record({ kind: CommandKind.DEPOSIT, account: 2, asset: Asset.QUOTE, amount: 10_000n }),
      ...Array.from({ length: 9_000 }, (_, index) =>
        script.record({ kind: CommandKind.NEW, ...order, clientOrderId: BigInt(index % 11) }, 2),
      ),
    ];
    const group = new TestMarket(makeEngine());
    const single = new TestMarket(makeEngine());
    const fromGroup = group.raw(Buffer.concat(records), 5n);
    assert.deepEqual(
      fromGroup,
      records.flatMap((record) => single.raw(record, 5n)),
    );
    assert.equal(group.engine.stateHash(), single.engine.stateHash());
    assert.equal(group.engine.sequence, BigInt(records.length));
  });

  test('records are read where they lie', () => {
    const market = new TestMarket(makeEngine());
    const record = market.record({
      kind: CommandKind.CREATE_MARKET,
      makerFeePpm: 1,
      takerFeePpm: 2,
    });
    const within = new Uint8Array(3 + RECORD_BYTES + 5).fill(255);
    within.set(record, 3);
    market.engine.apply(within.subarray(3), 1, 1n, ignore);
    assert.deepEqual(market.deposit(2, Asset.BASE, 1), ['deposit 2 base 1: 1+0']);
  });

  test('the state hash follows the content, not the way to it', () => {
    const run = (ids: readonly number[]) => {
      const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
      market.fund(1_000, 2, 3);
      for (const id of ids) market.buy(2, id, 100, 1);
      for (const id of ids) market.cancel(2, id);
      return market.engine.stateHash();
    };
    assert.equal(run([1, 2, 3]), run([3, 1, 2]));
    assert.notEqual(run([1, 2, 3]), run([1, 2]));
    const hashes = new Set<bigint>();
    const market = new TestMarket(makeEngine());
    const seen = () => hashes.add(market.engine.stateHash());
    seen();
    market.create(1, 2);
    seen();
    market.fund(1_000, 2, 3);
    seen();
    market.buy(2, 1, 10, 3);
    seen();
    market.sell(3, 1, 10, 1);
    seen();
    market.cancel(2, 1);
    seen();
    assert.equal(hashes.size, 6);
  });

  test('misuse is an assertion, and a sink that throws ends the engine', () => {
    const { engine } = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const records = new Uint8Array(RECORD_BYTES);
    const misuse = { name: 'AssertionError' };
    assert.throws(() => engine.apply(records, 2, 1n, ignore), misuse);
    assert.throws(() => engine.apply(records, -1, 1n, ignore), misuse);
    assert.throws(() => engine.apply(records, 0.5, 1n, ignore), misuse);
    assert.throws(() => engine.apply(records, 1, -1n, ignore), misuse);
    assert.throws(() => engine.apply(records, 1, 2n ** 63n, ignore), misuse);
    assert.throws(() => makeEngine({ orderCapacity: 0 }), misuse);
    assert.throws(() => makeEngine({ sessionCapacity: 2 ** 40 }), misuse);
    assert.equal(engine.sequence, 1n);
    engine.apply(records, 0, 1n, ignore);
    const fail = () => {
      throw new Error('the sink is full');
    };
    assert.throws(() => engine.apply(records, 1, 1n, fail), /the sink is full/);
    assert.throws(() => engine.apply(records, 1, 1n, ignore), misuse);
  });
}
