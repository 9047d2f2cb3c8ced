/** What operators do: creation, fees, limits, states, purges, epochs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Account,
  BOTH_SIDES,
  CommandKind,
  EpochOffset,
  MAX_PRICE,
  MAX_QUANTITY,
  MarketState,
  OrderType,
  Side,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import type { CommandFields } from '../command-record.ts';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket, TestMarket, tradeAt } from './test-market.ts';

const { BUY } = Side;

export function marketTests(makeEngine: MakeEngine): void {
  creationTests(makeEngine);
  feeTests(makeEngine);
  limitTests(makeEngine);
  stateTests(makeEngine);
  epochTests(makeEngine);
}

function creationTests(makeEngine: MakeEngine): void {
  test('a market is created once, before all else', () => {
    const market = new TestMarket(makeEngine());
    assert.deepEqual(market.deposit(2, 0, 1), ['rejected MARKET_NOT_CREATED']);
    assert.deepEqual(market.buy(2, 1, 1, 1), ['rejected MARKET_NOT_CREATED']);
    assert.deepEqual(market.closeEpoch(), ['rejected MARKET_NOT_CREATED']);
    assert.deepEqual(market.create(-20, 30), ['created -20 30']);
    assert.deepEqual(market.create(-20, 30), ['rejected MARKET_ALREADY_CREATED']);
    assert.deepEqual(market.create(-40, 30), ['rejected MARKET_ALREADY_CREATED']);
    assert.equal(market.engine.sequence, 6n);
  });

  test('fee rates stay within ten percent and never cost the market', () => {
    const market = new TestMarket(makeEngine());
    const refuse = (maker: number, taker: number, maxFeePpm = 0) => {
      assert.deepEqual(market.create(maker, taker, { maxFeePpm }), ['rejected INVALID_FEES']);
    };
    refuse(100_001, 0);
    refuse(0, 100_001);
    refuse(-100_001, 100_001);
    refuse(-31, 30);
    refuse(30, -31);
    refuse(-(2 ** 31), -(2 ** 31));
    refuse(10, 20, 19);
    refuse(20, 10, 19);
    refuse(10, 20, 100_001);
    refuse(10, 20, 2 ** 32 - 1);
    assert.deepEqual(market.create(100_000, -100_000), ['created 100000 -100000']);
  });

  test('symbols are short names that differ', () => {
    const market = new TestMarket(makeEngine());
    const symbols = (baseSymbol: string, quoteSymbol: string) => {
      return market.create(0, 0, { baseSymbol, quoteSymbol })[0];
    };
    for (const wrong of ['btc', 'B C', 'BTC_', 'B\0C', '\0BTC', 'BTC\x80', 'BTC/']) {
      assert.equal(symbols(wrong, 'USD'), 'rejected INVALID_SYMBOL');
      assert.equal(symbols('USD', wrong), 'rejected INVALID_SYMBOL');
    }
    assert.equal(symbols('USD', 'USD'), 'rejected INVALID_SYMBOL');
    assert.equal(symbols('A-Z.0189', '9'), 'created 0 0');
    const unnamed = new TestMarket(makeEngine());
    assert.deepEqual(unnamed.create(0, 0, { quoteSymbol: 'USD' }), ['created 0 0']);
  });

  test('decimals go to 18, and fees are asked first', () => {
    const market = new TestMarket(makeEngine());
    const wrong = { priceDecimals: 19, baseSymbol: 'x' };
    assert.deepEqual(market.create(1, -2, wrong), ['rejected INVALID_FEES']);
    assert.deepEqual(market.create(1, 2, wrong), ['rejected INVALID_SYMBOL']);
    assert.deepEqual(market.create(1, 2, { priceDecimals: 19 }), ['rejected INVALID_DECIMALS']);
    assert.deepEqual(market.create(1, 2, { quantityDecimals: 255 }), ['rejected INVALID_DECIMALS']);
    const most = { priceDecimals: 18, quantityDecimals: 18 };
    assert.deepEqual(market.create(1, 2, most), ['created 1 2']);
  });

  test('a kind that does not exist', () => {
    const market = new TestMarket(makeEngine());
    for (const kind of [0, 9, 15, 19, 31, 40, 0x46, 255]) {
      const bytes = new Uint8Array(64).fill(255);
      bytes[0] = kind;
      const events = market.raw(bytes);
      assert.equal(events.byteLength, 64);
      assert.deepEqual([events[0], events[1], events[2], events[3]], [5, kind, 200, 0]);
    }
  });
}

function feeTests(makeEngine: MakeEngine): void {
  test('a tier has rates of its own, orders that rest included', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const rich = new TestMarket(makeEngine());
    rich.create(1_000, 2_000, { maxFeePpm: 10_000 });
    rich.fund(1_000_000, 2, 3);
    rich.sell(2, 1, 1_000, 10);
    assert.deepEqual(rich.setFees(3, -500, 10_000), ['fees of tier 3: -500 10000']);
    assert.deepEqual(rich.setTier(2, 3), ['account 2 in tier 3']);
    // Each lot is 1,000: taker 2 of tier 0, maker -0.5 of tier 3.
    assert.deepEqual(rich.buy(3, 1, 1_000, 2).slice(1), [
      'trade 3 buys 2@1000 from 2/1',
      'taker fee 3/1 4',
      'maker rebate 2/1 1',
      'level sell 8@1000/1',
    ]);
    rich.setTier(3, 3);
    assert.deepEqual(rich.buy(3, 1, 1_000, 1).slice(1, 4), [
      'trade 3 buys 1@1000 from 2/1',
      'taker fee 3/1 10',
      'level sell 7@1000/1',
    ]);
    rich.setFees(3, 0, 0);
    assert.deepEqual(rich.buy(3, 1, 1_000, 1).slice(1), [
      'trade 3 buys 1@1000 from 2/1',
      'level sell 6@1000/1',
    ]);
    assert.equal(rich.balance(Account.FEES), 'base 0+0 quote 13+0');
    assert.deepEqual(market.setFees(0, 1, 0), ['rejected INVALID_FEES']);
  });

  test('a purchase holds the highest fee that there may ever be', () => {
    const market = new TestMarket(makeEngine());
    market.create(0, 0, { maxFeePpm: 10_000 });
    market.fund(1_010, 2);
    assert.deepEqual(market.buy(2, 1, 1_000, 2), ['rejected INSUFFICIENT_FUNDS']);
    market.buy(2, 1, 1_000, 1);
    assert.equal(market.balance(2), 'base 1010+0 quote 0+1010');
    market.setFees(0, 10_000, 10_000);
    market.fund(1, 3);
    assert.deepEqual(market.sell(3, 1, 1_000, 1).slice(1, 4), [
      'trade 3 sells 1@1000 from 2/1',
      'taker fee 3/1 10',
      'maker fee 2/1 10',
    ]);
    assert.equal(market.balance(2), 'base 1011+0 quote 0+0');
  });

  test('fees that no pair of tiers may have', () => {
    const market = new TestMarket(makeEngine());
    market.create(200, 300, { maxFeePpm: 5_000 });
    const refuse = (tier: number, maker: number, taker: number, code = 'INVALID_FEES') => {
      assert.deepEqual(market.setFees(tier, maker, taker), [`rejected ${code}`]);
    };
    refuse(16, 0, 0, 'INVALID_TIER');
    refuse(2 ** 32 - 1, -500_000, 0, 'INVALID_TIER');
    refuse(1, 5_001, 0);
    refuse(1, 0, 5_001);
    refuse(1, -100_001, 0);
    refuse(1, 0, -(2 ** 31));
    // The takers of the other tiers pay 300, their makers 200.
    refuse(1, -301, 5_000);
    refuse(1, 5_000, -201);
    refuse(1, -300, 299);
    assert.equal(market.setFees(1, -300, 300)[0], 'fees of tier 1: -300 300');
    refuse(2, 0, 299);
    refuse(15, 300, 0);
    assert.equal(market.setFees(1, -299, 300)[0], 'fees of tier 1: -299 300');
    assert.equal(market.setFees(2, 0, 299)[0], 'fees of tier 2: 0 299');
  });

  test('who may be in a tier, and in which', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    for (const account of [0, 1, 2 ** 24, 2 ** 32 - 1]) {
      assert.deepEqual(market.setTier(account, 99), ['rejected INVALID_ACCOUNT']);
    }
    assert.deepEqual(market.setTier(2, 16), ['rejected INVALID_TIER']);
    assert.deepEqual(market.setTier(2, 2 ** 32 - 1), ['rejected INVALID_TIER']);
    assert.deepEqual(market.setTier(2 ** 24 - 1, 15), [`account ${2 ** 24 - 1} in tier 15`]);
  });
}

function limitTests(makeEngine: MakeEngine): void {
  test('limits are set together, and taken off together', () => {
    const market = freeMarket(makeEngine);
    const limits = { minPrice: 90, maxPrice: 110, maxQuantity: 10, maxOpenOrders: 2 };
    assert.deepEqual(market.configure(limits), ['configured 90-110 quantity 10 band 0 orders 2']);
    assert.deepEqual(market.buy(2, 1, 100, 11), ['rejected QUANTITY_LIMIT']);
    assert.deepEqual(market.buy(2, 1, 89, 10), ['rejected PRICE_BAND']);
    assert.deepEqual(market.buy(2, 1, 111, 10), ['rejected PRICE_BAND']);
    assert.equal(market.buy(2, 1, 90, 10).length, 2);
    assert.equal(market.sell(2, 2, 110, 10).length, 2);
    assert.deepEqual(market.buy(2, 3, 100, 1), ['rejected OPEN_ORDERS_LIMIT']);
    const stop = { orderType: OrderType.STOP, timeInForce: TimeInForce.IOC, stopPrice: 5 };
    assert.deepEqual(market.buy(2, 3, 100, 1, stop), ['rejected OPEN_ORDERS_LIMIT']);
    assert.equal(market.buy(2, 3, 100, 1, { timeInForce: TimeInForce.IOC }).length, 2);
    assert.equal(market.buy(3, 3, 100, 1).length, 2);
    assert.equal(market.replace(2, 1, 91, 10).length, 3);
    assert.deepEqual(market.configure({}), ['configured 0-0 quantity 0 band 0 orders 0']);
    assert.equal(market.buy(2, 4, 1, 11).length, 2);
  });

  test('open orders are not judged again', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 200, 50);
    market.configure({ maxPrice: 110, maxQuantity: 10 });
    assert.deepEqual(market.replace(2, 1, 200, 10), ['rejected PRICE_BAND']);
    assert.deepEqual(market.replace(2, 1, 100, 50), ['rejected QUANTITY_LIMIT']);
    assert.deepEqual(market.amend(2, 1, -1)[0], 'kept 2/1 sell 49@200 gtc');
    assert.equal(market.engine.openOrders(), 1);
  });

  test('a price stays within the band around the last one, once there is one', () => {
    const market = freeMarket(makeEngine);
    market.configure({ bandPpm: 100_000 });
    assert.equal(market.sell(2, 1, 5_000, 1).length, 2);
    tradeAt(market, 1_005);
    const refused = ['rejected PRICE_BAND'];
    // A tenth of 1,005 is 100.5.
    assert.deepEqual(market.buy(2, 2, 904, 1), refused);
    assert.equal(market.buy(2, 2, 905, 1).length, 2);
    assert.deepEqual(market.sell(2, 3, 1_106, 1), refused);
    assert.equal(market.sell(2, 3, 1_105, 1).length, 2);
    // The band of a stop is around its own price: it is for when the market is there.
    const stop = { orderType: OrderType.STOP_LIMIT, stopPrice: 5_000 };
    assert.deepEqual(market.buy(2, 4, 5_501, 1, stop), refused);
    assert.equal(market.buy(2, 4, 5_500, 1, stop).length, 1);
    assert.deepEqual(market.buy(2, 4, 4_499, 1, stop).slice(0, 1), refused);
    market.configure({ bandPpm: 1_000_000 });
    assert.equal(market.sell(2, 5, 2_010, 1).length, 2);
    assert.deepEqual(market.sell(2, 6, 2_011, 1), refused);
  });

  test('limits that make no sense', () => {
    const market = freeMarket(makeEngine);
    const refuse = (limits: CommandFields) => {
      assert.deepEqual(market.configure(limits), ['rejected INVALID_CONFIGURATION']);
    };
    refuse({ minPrice: MAX_PRICE + 1n });
    refuse({ maxPrice: MAX_PRICE + 1n });
    refuse({ maxPrice: 2n ** 64n - 1n });
    refuse({ minPrice: 6, maxPrice: 5 });
    refuse({ maxQuantity: MAX_QUANTITY + 1n });
    refuse({ bandPpm: 1_000_001 });
    const most = { minPrice: MAX_PRICE, maxPrice: MAX_PRICE, maxQuantity: MAX_QUANTITY };
    const all = { ...most, bandPpm: 1_000_000, maxOpenOrders: 2 ** 32 - 1 };
    const text = `quantity ${MAX_QUANTITY} band 1000000 orders 4294967295`;
    assert.deepEqual(market.configure(all), [`configured ${MAX_PRICE}-${MAX_PRICE} ${text}`]);
    assert.deepEqual(market.configure({ minPrice: 7 }), [
      'configured 7-0 quantity 0 band 0 orders 0',
    ]);
  });
}

function stateTests(makeEngine: MakeEngine): void {
  /** What becomes of each client command. */
  const outcomes = (market: TestMarket) => [
    market.buy(2, 7, 100, 1)[0],
    market.replace(2, 1, 100, 1)[0],
    market.amend(2, 1, -1)[0],
    market.quote(2, 1, BUY, 100, 1)[0],
    market.quote(2, 1, BUY, 0, 0)[0],
    market.cancel(2, 2)[0],
    market.cancelOrder(2, 12)[0],
    market.cancelAll(2, BOTH_SIDES)[0],
    market.cancelAfter(2, 0)[0],
  ];
  const withOrders = () => {
    const market = freeMarket(makeEngine);
    for (const id of [1, 2, 3]) market.buy(2, id, 100, 5);
    return market;
  };

  test('a halted market takes nothing but the switch of an account', () => {
    const market = withOrders();
    assert.deepEqual(market.setState(MarketState.HALTED), ['state halted']);
    const refused = Array.from({ length: 8 }, () => 'rejected MARKET_HALTED');
    assert.deepEqual(outcomes(market), [...refused, 'cancel-after 2 off']);
    assert.equal(market.deposit(2, 0, 1).length, 1);
    assert.equal(market.closeEpoch().length, 1);
    assert.deepEqual(market.setState(MarketState.OPEN), ['state open']);
    assert.equal(market.buy(2, 7, 100, 1).length, 2);
  });

  test('a market that only cancels', () => {
    const market = withOrders();
    assert.deepEqual(market.setState(MarketState.CANCEL_ONLY), ['state cancel-only']);
    const refused = Array.from({ length: 4 }, () => 'rejected MARKET_CANCEL_ONLY');
    assert.deepEqual(outcomes(market), [
      ...refused,
      'cancelled 2/1 buy 5@100 requested',
      'cancelled 2/2 buy 5@100 requested',
      'cancelled 2/3 buy 5@100 requested',
      'all both of 2 cancelled: 0 requested',
      'cancel-after 2 off',
    ]);
  });

  test('a state that does not exist', () => {
    const market = withOrders();
    for (const state of [3, 255])
      assert.deepEqual(market.setState(state), ['rejected INVALID_STATE']);
    assert.equal(market.buy(2, 7, 100, 1).length, 2);
  });

  test('the account and the request are asked for first', () => {
    const market = withOrders();
    market.setState(MarketState.HALTED);
    assert.deepEqual(market.buy(1, 7, 100, 1), ['rejected INVALID_ACCOUNT']);
    const order = { kind: CommandKind.NEW, account: 2, requestId: 0 };
    assert.deepEqual(market.send(order), ['rejected SUPERSEDED']);
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
    market.withdraw(2, 0, 1);
    assert.deepEqual(market.send({ kind: CommandKind.CLOSE_EPOCH }), [
      'epoch 2 records 1 from 6 sequence 10',
    ]);
    assert.deepEqual(market.closeEpoch(), ['epoch 3 records 0 from 7 sequence 12']);
  });

  test('a mark carries the hash of the state after it, and the engine time', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const late = market.timeNs + 1_000n;
    const close = (requestId: number | undefined, timeNs: bigint) => {
      const fields = requestId === undefined ? {} : { requestId };
      const record = market.record({ kind: CommandKind.CLOSE_EPOCH, ...fields });
      const mark = viewOf(market.raw(record, timeNs));
      assert.equal(mark.getBigUint64(EpochOffset.STATE_HASH, true), market.engine.stateHash());
      assert.equal(mark.getBigUint64(EpochOffset.TIME_NS, true), late);
      return market.engine.stateHash();
    };
    const hashes = [close(0, late), close(0, late - 999n), close(undefined, late), close(0, late)];
    assert.equal(new Set(hashes).size, 4);
  });
}
