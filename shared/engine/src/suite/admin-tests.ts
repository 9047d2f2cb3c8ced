/** Creation, epochs, request ids, refusals of commands that make no sense, and room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Asset, CommandKind, CommandOffset, ResultCode, viewOf } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { TestMarket } from './test-market.ts';

const cancelOf = (clientOrderId: number, session: number, requestId: number) => ({
  kind: CommandKind.CANCEL,
  clientOrderId: BigInt(clientOrderId),
  session,
  requestId: BigInt(requestId),
});

const refused = ['rejected UNKNOWN_ORDER'];
const superseded = ['rejected SUPERSEDED'];

export function adminTests(makeEngine: MakeEngine): void {
  creationTests(makeEngine);
  epochTests(makeEngine);
  requestTests(makeEngine);
  garbageTests(makeEngine);
  capacityTests(makeEngine);
}

function creationTests(makeEngine: MakeEngine): void {
  test('a market is created once, before all else', () => {
    const market = new TestMarket(makeEngine());
    assert.deepEqual(market.deposit(2, Asset.BASE, 1), ['rejected MARKET_NOT_CREATED']);
    assert.deepEqual(market.buy(2, 1, 1, 1), ['rejected MARKET_NOT_CREATED']);
    assert.deepEqual(market.closeEpoch(), ['rejected MARKET_NOT_CREATED']);
    assert.deepEqual(market.create(-20, 30), ['created -20 30']);
    assert.deepEqual(market.create(-20, 30), ['rejected MARKET_ALREADY_CREATED']);
    assert.deepEqual(market.create(-40, 30), ['rejected MARKET_ALREADY_CREATED']);
    assert.equal(market.engine.sequence, 6n);
  });

  test('fee rates stay within ten percent and never cost the market', () => {
    const market = new TestMarket(makeEngine());
    const invalid = ['rejected INVALID_FEES'];
    assert.deepEqual(market.create(100_001, 0), invalid);
    assert.deepEqual(market.create(0, 100_001), invalid);
    assert.deepEqual(market.create(-100_001, 100_001), invalid);
    assert.deepEqual(market.create(-31, 30), invalid);
    assert.deepEqual(market.create(30, -31), invalid);
    assert.deepEqual(market.create(-(2 ** 31), -(2 ** 31)), invalid);
    assert.deepEqual(market.create(100_000, -100_000), ['created 100000 -100000']);
  });
}

function epochTests(makeEngine: MakeEngine): void {
  test('epochs tile the settlement records and the sequences', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 1_000 });
    market.fund(1_000, 2, 3);
    market.sell(2, 1, 100, 2);
    market.buy(3, 1, 100, 1);
    assert.equal(market.engine.openRecords(), 6);
    assert.deepEqual(market.closeEpoch(), ['epoch 0 records 6 from 0 sequence 1']);
    assert.equal(market.engine.openRecords(), 0);
    assert.deepEqual(market.closeEpoch(), ['epoch 1 records 0 from 6 sequence 9']);
    market.withdraw(2, Asset.BASE, 1);
    assert.deepEqual(market.send({ kind: CommandKind.CLOSE_EPOCH }), [
      'epoch 2 records 1 from 6 sequence 10',
    ]);
    assert.deepEqual(market.closeEpoch(), ['epoch 3 records 0 from 7 sequence 12']);
  });

  test('a mark carries the hash of the state after it, and the engine time', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const close = () => market.record({ kind: CommandKind.CLOSE_EPOCH, requestId: 0n });
    const late = market.timeNs + 1_000n;
    const [first] = market.raw(close(), late);
    assert(first?.type === 'epoch');
    assert.equal(first.stateHash, market.engine.stateHash());
    assert.equal(first.timeNs, late);
    const [second] = market.raw(close(), late - 999n);
    assert(second?.type === 'epoch');
    assert.equal(second.timeNs, late);
    assert.equal(second.stateHash, market.engine.stateHash());
    assert.notEqual(second.stateHash, first.stateHash);
  });
}

function requestTests(makeEngine: MakeEngine): void {
  test('a request id is above the last one of its account and session', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    assert.deepEqual(market.send(cancelOf(1, 7, 0), 2), superseded);
    assert.deepEqual(market.send(cancelOf(1, 7, 10), 2), refused);
    assert.deepEqual(market.send(cancelOf(1, 7, 10), 2), superseded);
    assert.deepEqual(market.send(cancelOf(1, 7, 9), 2), superseded);
    assert.deepEqual(market.send(cancelOf(1, 8, 9), 2), refused);
    assert.deepEqual(market.send(cancelOf(1, 7, 9), 3), refused);
    assert.deepEqual(market.send(cancelOf(1, 7, 11), 2), refused);
    const last = { ...cancelOf(1, 7, 0), requestId: 2n ** 64n - 1n };
    assert.deepEqual(market.send(last, 2), refused);
    assert.deepEqual(market.send(last, 2), superseded);
  });

  test('a refused command uses its request id up, a superseded one changes nothing', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const deposit = { kind: CommandKind.DEPOSIT, account: 2, asset: Asset.BASE, session: 9 };
    const send = (requestId: bigint, amount: bigint) =>
      market.send({ ...deposit, requestId, amount });
    assert.deepEqual(send(5n, 0n), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(send(5n, 100n), superseded);
    assert.equal(market.balance(2), 'base 0+0 quote 0+0');
    assert.deepEqual(send(6n, 100n), ['deposit 2 base 100: 100+0']);
    assert.deepEqual(send(6n, 100n), superseded);
    assert.equal(market.balance(2), 'base 100+0 quote 0+0');
  });

  test('all operators share the sessions of account 0', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const deposit = { kind: CommandKind.DEPOSIT, asset: Asset.BASE, amount: 1n, session: 9 };
    market.send({ ...deposit, account: 2, requestId: 50n });
    assert.deepEqual(market.send({ ...deposit, account: 3, requestId: 50n }), superseded);
    assert.deepEqual(market.send(cancelOf(1, 9, 1), 2), refused);
    const close = { kind: CommandKind.CLOSE_EPOCH, session: 9 };
    assert.deepEqual(market.send({ ...close, requestId: 50n }), superseded);
    assert.equal(market.send({ ...close, requestId: 0n }).length, 1);
    assert.deepEqual(market.send({ ...deposit, account: 3, requestId: 51n }), [
      'deposit 3 base 1: 1+0',
    ]);
  });

  test('an account that no client owns has no session to use up', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    for (const account of [0, 1, 2 ** 24, 2 ** 32 - 1]) {
      assert.deepEqual(market.send(cancelOf(1, 9, 1_000), account), ['rejected INVALID_ACCOUNT']);
    }
    const deposit = { kind: CommandKind.DEPOSIT, asset: Asset.BASE, amount: 1n, session: 9 };
    assert.equal(market.send({ ...deposit, account: 2, requestId: 1n }).length, 1);
    assert.deepEqual(market.send({ ...deposit, account: 2, requestId: 2n }), [
      'deposit 2 base 1: 2+0',
    ]);
  });
}

function garbageTests(makeEngine: MakeEngine): void {
  test('fields that make no sense are refused in the order of the record', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const fields: [code: string, offset: number, bytes: number, value: bigint][] = [
      ['INVALID_ACCOUNT', CommandOffset.ACCOUNT, 4, 1n],
      ['INVALID_SIDE', CommandOffset.SIDE, 1, 2n],
      ['INVALID_TIME_IN_FORCE', CommandOffset.TIME_IN_FORCE, 1, 3n],
      ['INVALID_PRICE', CommandOffset.PRICE, 8, 0n],
      ['INVALID_PRICE', CommandOffset.PRICE, 8, 2n ** 36n],
      ['INVALID_PRICE', CommandOffset.PRICE, 8, 2n ** 64n - 1n],
      ['INVALID_QUANTITY', CommandOffset.QUANTITY, 8, 0n],
      ['INVALID_QUANTITY', CommandOffset.QUANTITY, 8, 2n ** 48n],
      ['INVALID_QUANTITY', CommandOffset.QUANTITY, 8, 2n ** 63n],
    ];
    const record = { kind: CommandKind.NEW, clientOrderId: 1n, side: 0, timeInForce: 0 } as const;
    const good = { ...record, price: 1n, quantity: 1n };
    assert.deepEqual(market.send(good, 2), ['rejected INSUFFICIENT_FUNDS']);
    for (let from = 0; from < fields.length; from += 1) {
      const bytes = market.record(good, 2);
      const view = viewOf(bytes);
      // This field and all after it are wrong: the first one counts.
      for (const [, offset, width, value] of fields.slice(from).reverse()) {
        if (width === 1) view.setUint8(offset, Number(value));
        else if (width === 4) view.setUint32(offset, Number(value), true);
        else view.setBigUint64(offset, value, true);
      }
      const [event] = market.raw(bytes);
      assert(event?.type === 'rejected');
      assert.equal(event.code, ResultCode[fields[from]?.[0] as keyof typeof ResultCode]);
    }
  });

  test('an asset or an account that does not exist', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    for (const kind of [CommandKind.DEPOSIT, CommandKind.WITHDRAW]) {
      const move = (account: number, asset: number) =>
        market.send({ kind, account, asset: asset as Asset, amount: 1n });
      assert.deepEqual(move(2, 2), ['rejected INVALID_ASSET']);
      assert.deepEqual(move(0, 0), ['rejected INVALID_ACCOUNT']);
      assert.deepEqual(move(1, 255), ['rejected INVALID_ACCOUNT']);
    }
    assert.equal(market.balance(2 ** 32 - 1), 'base 0+0 quote 0+0');
    assert.equal(market.balance(2 ** 24), 'base 0+0 quote 0+0');
  });

  test('a kind that does not exist', () => {
    const market = new TestMarket(makeEngine());
    for (const kind of [0, 4, 15, 18, 31, 34, 0x46, 255]) {
      const bytes = new Uint8Array(64).fill(255);
      bytes[0] = kind;
      const [event] = market.raw(bytes);
      assert(event?.type === 'rejected');
      assert.equal(event.code, ResultCode.UNKNOWN_COMMAND);
      assert.equal(event.command, kind);
    }
  });
}

function capacityTests(makeEngine: MakeEngine): void {
  const full = ['rejected CAPACITY'];

  test('room for orders', () => {
    const market = new TestMarket(makeEngine({ orderCapacity: 3 }), { maker: 0, taker: 0 });
    market.fund(1_000, 2, 3);
    for (const id of [1, 2, 3]) market.buy(2, id, 10, 1);
    assert.deepEqual(market.buy(2, 4, 10, 1), full);
    assert.deepEqual(market.sell(3, 4, 10, 1), full);
    assert.equal(market.sell(3, 4, 10, 1, { timeInForce: 1 }).length, 3);
    assert.equal(market.buy(2, 1, 10, 1)[1], 'level buy 3@10/3');
    assert.equal(market.replace(2, 1, 11, 1)[2], 'level buy 1@11/1');
    market.cancel(2, 2);
    assert.equal(market.buy(2, 5, 10, 1)[1], 'level buy 2@10/2');
  });

  test('room for price levels', () => {
    const market = new TestMarket(makeEngine({ levelCapacity: 2 }), { maker: 0, taker: 0 });
    market.fund(1_000, 2, 3);
    market.buy(2, 1, 10, 1);
    market.buy(2, 2, 11, 1);
    assert.deepEqual(market.buy(2, 3, 12, 1), full);
    assert.equal(market.buy(2, 3, 11, 1)[1], 'level buy 2@11/2');
    assert.equal(market.sell(3, 1, 12, 1)[1], 'level sell 1@12/1');
    // Room is judged before an order trades, so a price of the other side does not help.
    assert.deepEqual(market.buy(2, 4, 12, 1), full);
    assert.deepEqual(market.replace(2, 2, 9, 1), full);
    assert.equal(market.replace(2, 1, 9, 1)[2], 'level buy 1@9/1');
    assert.equal(market.replace(2, 1, 9, 2)[2], 'level buy 2@9/1');
  });

  test('room for sessions', () => {
    const market = new TestMarket(makeEngine({ sessionCapacity: 3 }), { maker: 0, taker: 0 });
    assert.deepEqual(market.send(cancelOf(1, 7, 1), 2), refused);
    assert.deepEqual(market.send(cancelOf(1, 8, 1), 2), refused);
    assert.deepEqual(market.send(cancelOf(1, 9, 1), 2), full);
    assert.deepEqual(market.send(cancelOf(1, 7, 1), 3), full);
    assert.deepEqual(market.send(cancelOf(1, 7, 2), 2), refused);
  });

  test('thousands of sessions and accounts', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const accounts = Array.from({ length: 5_000 }, (_, index) => 2 + index * 3_355);
    for (const account of accounts) {
      assert.deepEqual(market.deposit(account, Asset.QUOTE, account), [
        `deposit ${account} quote ${account}: ${account}+0`,
      ]);
      assert.deepEqual(market.send(cancelOf(1, account & 0xffff, 1), account), refused);
    }
    for (const account of accounts) {
      assert.deepEqual(market.send(cancelOf(1, account & 0xffff, 1), account), superseded);
      assert.equal(market.engine.balance(account).quoteAvailable, BigInt(account));
    }
  });
}
