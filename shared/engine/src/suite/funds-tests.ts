/** Balances, holds, fees and rebates; every figure is computed by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Account,
  Asset,
  CommandKind,
  FEE_TIERS,
  MAX_AMOUNT,
  MAX_PRICE,
  SettlementKind,
  Side,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import type { CommandFields } from '../command-record.ts';
import { describeEvents } from '../event-words.ts';
import { settlementRecord } from '../settlement.ts';
import type { MakeEngine } from './make-engine.ts';
import { TestMarket } from './test-market.ts';

export function fundsTests(makeEngine: MakeEngine): void {
  moveTests(makeEngine);
  collectTests(makeEngine);
  holdTests(makeEngine);
  feeTests(makeEngine);
  limitTests(makeEngine);
}

function moveTests(makeEngine: MakeEngine): void {
  test('deposits and withdrawals', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    assert.deepEqual(market.deposit(2, Asset.BASE, 50), ['deposit 2 base 50: 50+0']);
    assert.deepEqual(market.deposit(2, Asset.QUOTE, 700), ['deposit 2 quote 700: 700+0']);
    assert.deepEqual(market.deposit(3, Asset.QUOTE, 1), ['deposit 3 quote 1: 1+0']);
    market.buy(2, 1, 100, 3);
    assert.deepEqual(market.withdraw(2, Asset.QUOTE, 401), ['rejected INSUFFICIENT_FUNDS']);
    assert.deepEqual(market.withdraw(2, Asset.QUOTE, 400), ['withdrawal 2 quote 400: 0+300']);
    assert.deepEqual(market.withdraw(4, Asset.BASE, 1), ['rejected INSUFFICIENT_FUNDS']);
    assert.equal(market.balance(2), 'base 50+0 quote 0+300');
    assert.equal(market.balance(4), 'base 0+0 quote 0+0');
    assert.equal(market.balance(Account.SUPPLY), 'base 50+0 quote 301+0');
    assert.equal(market.engine.openRecords(), 4);
  });

  test('what a withdrawal or a deposit says of a transfer changes nothing', () => {
    const play = (more: CommandFields) => {
      const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
      const funds = { account: 2, asset: Asset.QUOTE };
      const events = [
        market.send({ kind: CommandKind.DEPOSIT, ...funds, amount: 700, ...more }),
        market.send({ kind: CommandKind.WITHDRAW, ...funds, amount: 300, ...more }),
      ];
      return { events, hash: market.engine.stateHash(), balance: market.balance(2) };
    };
    const plain = play({});
    assert.deepEqual(plain.events, [
      ['deposit 2 quote 700: 700+0'],
      ['withdrawal 2 quote 300: 400+0'],
    ]);
    const name = { clientOrderId: 'ETH-USD-', price: 'AND-MORE', displayQuantity: 'OF-A-NAM' };
    const other = { side: 1, tier: 2 ** 32 - 1, ...name, stopPrice: 'E-OF-32.' };
    assert.deepEqual(play(other), plain);
  });

  test('an account has the largest number', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    const last = 2 ** 24 - 1;
    assert.deepEqual(market.deposit(last, Asset.BASE, 5), [`deposit ${last} base 5: 5+0`]);
    assert.deepEqual(market.deposit(last + 1, Asset.BASE, 5), ['rejected INVALID_ACCOUNT']);
    assert.equal(market.sell(last, 1, 10, 5)[1], 'level sell 5@10/1');
    assert.equal(market.balance(last), 'base 0+5 quote 0+0');
  });
}

function collectTests(makeEngine: MakeEngine): void {
  /** With 35 quote units of fees. */
  const feeMarket = () => {
    const market = new TestMarket(makeEngine(), { maker: 1_000, taker: 2_500 });
    market.fund(20_000, 2, 3);
    market.sell(3, 31, 999, 10);
    market.buy(2, 21, 999, 10);
    return market;
  };

  test('fees go to an account, as one settlement record that a rebate would be', () => {
    const market = feeMarket();
    const records = market.engine.openRecords();
    const events = market.raw(
      market.record({ kind: CommandKind.COLLECT_FEES, account: 9, amount: 20 }),
    );
    assert.deepEqual(describeEvents(events), ['fees to 9 quote 20: 20+0']);
    assert.deepEqual(settlementRecord(viewOf(events), 0), {
      kind: SettlementKind.REBATE,
      a: 9,
      b: Account.FEES,
      price: 0n,
      base: 0n,
      quote: 20n,
    });
    assert.equal(market.engine.openRecords(), records + 1);
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 15+0');
    assert.equal(market.balance(Account.SUPPLY), 'base 40000+0 quote 40000+0');
    assert.deepEqual(market.collectFees(2, 15), ['fees to 2 quote 15: 10000+0']);
    assert.deepEqual(market.withdraw(9, Asset.QUOTE, 20), ['withdrawal 9 quote 20: 0+0']);
  });

  test('what is not there, or for nobody, is not collected', () => {
    const market = feeMarket();
    assert.deepEqual(market.collectFees(9, 36), ['rejected INSUFFICIENT_FUNDS']);
    assert.deepEqual(market.collectFees(9, 0), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(market.collectFees(9, MAX_AMOUNT + 1n), ['rejected INVALID_QUANTITY']);
    for (const account of [Account.SUPPLY, Account.FEES, 2 ** 24]) {
      assert.deepEqual(market.collectFees(account, 1), ['rejected INVALID_ACCOUNT']);
    }
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 35+0');
    assert.equal(market.balance(9), 'base 0+0 quote 0+0');
  });

  test('rebates are paid after all fees were collected', () => {
    const market = feeMarket();
    const trade = (name: number) => {
      assert.equal(market.collectFees(9, market.engine.balance(1).quoteAvailable).length, 1);
      assert.equal(market.balance(Account.FEES), 'base 0+0 quote 0+0');
      market.buy(3, name, 999, 10);
      return market.sell(2, name, 999, 10).slice(2, 4);
    };
    market.setFees(0, -500, 500);
    for (let tier = 1; tier < FEE_TIERS; tier += 1) market.setFees(tier, 1_000, 1_000);
    market.setFees(0, -1_000, 1_000);
    assert.deepEqual(trade(41), ['taker fee 2/41 10', 'maker rebate 3/41 9']);
    market.setFees(0, 1_000, -1_000);
    assert.deepEqual(trade(42), ['taker rebate 2/42 9', 'maker fee 3/42 10']);
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 1+0');
  });
}

function holdTests(makeEngine: MakeEngine): void {
  test('a sale holds lots, a purchase holds its price and the highest fee', () => {
    const market = new TestMarket(makeEngine(), { maker: 1_000, taker: 2_500 });
    market.fund(10_040, 2, 3);
    market.sell(3, 1, 2_000, 10_040);
    assert.equal(market.balance(3), 'base 0+10040 quote 10040+0');
    assert.deepEqual(market.sell(3, 2, 2_000, 1), ['rejected INSUFFICIENT_FUNDS']);
    // ceil(1001 x 0.0025) = 3 a lot: 10 x 1004.
    assert.deepEqual(market.buy(2, 1, 1_002, 10), ['rejected INSUFFICIENT_FUNDS']);
    assert.equal(market.buy(2, 1, 1_001, 10)[0], 'accepted 2/1 buy 10@1001 gtc');
    assert.equal(market.balance(2), 'base 10040+0 quote 0+10040');
    market.cancel(2, 1);
    assert.equal(market.balance(2), 'base 10040+0 quote 10040+0');
    market.cancel(3, 1);
    assert.equal(market.balance(3), 'base 10040+0 quote 10040+0');
  });

  test('a taker that buys below its limit gets the difference back', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    market.fund(1_100, 2, 3);
    market.sell(3, 1, 100, 6);
    market.buy(2, 1, 110, 10);
    // 600 paid; 4 lots go on holding 110 each; 60 come back.
    assert.equal(market.balance(2), 'base 1106+0 quote 60+440');
    assert.equal(market.balance(3), 'base 1094+0 quote 1700+0');
  });

  test('the rest of an immediate-or-cancel order frees its hold', () => {
    const market = new TestMarket(makeEngine(), { maker: 1_000, taker: 2_500 });
    market.fund(10_040, 2, 3);
    market.sell(3, 1, 1_000, 1);
    market.buy(2, 1, 1_001, 10, { timeInForce: TimeInForce.IOC });
    // 1000 and a fee of ceil(2.5) = 3.
    assert.equal(market.balance(2), 'base 10041+0 quote 9037+0');
    market.buy(2, 1, 1_000, 1);
    market.sell(3, 1, 999, 5, { timeInForce: TimeInForce.IOC });
    assert.equal(market.balance(3), 'base 10038+0 quote 12036+0');
  });
}

function feeTests(makeEngine: MakeEngine): void {
  test('both sides pay fees, rounded up', () => {
    const market = new TestMarket(makeEngine(), { maker: 1_000, taker: 2_500 });
    market.fund(20_000, 2, 3);
    market.sell(3, 31, 999, 10);
    // Quote 9990: taker 24.975, maker 9.99.
    assert.deepEqual(market.buy(2, 21, 1_001, 10), [
      'accepted 2/21 buy 10@1001 gtc',
      'trade 2 buys 10@999 from 3/31',
      'taker fee 2/21 25',
      'maker fee 3/31 10',
      'level sell 0@999/0',
    ]);
    assert.equal(market.balance(2), 'base 20010+0 quote 9985+0');
    assert.equal(market.balance(3), 'base 19990+0 quote 29980+0');
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 35+0');
    assert.equal(market.engine.openRecords(), 7);
  });

  test('a purchase that rests pays its fees out of its hold, fill by fill', () => {
    const market = new TestMarket(makeEngine(), { maker: 1_000, taker: 0 });
    market.fund(3_009, 2);
    market.fund(10, 3);
    // ceil(1001 x 0.001) = 2 a lot.
    market.buy(2, 1, 1_001, 3);
    assert.equal(market.balance(2), 'base 3009+0 quote 0+3009');
    assert.deepEqual(market.sell(3, 1, 1_001, 1).slice(1), [
      'trade 3 sells 1@1001 from 2/1',
      'maker fee 2/1 2',
      'level buy 2@1001/1',
    ]);
    assert.equal(market.balance(2), 'base 3010+0 quote 0+2006');
    // Two lots at once: ceil(2.002) = 3, so one unit comes back.
    market.sell(3, 1, 1_001, 2);
    assert.equal(market.balance(2), 'base 3012+0 quote 1+0');
    assert.equal(market.balance(3), 'base 7+0 quote 3013+0');
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 5+0');
  });

  test('a maker rebate comes out of the taker fee, rounded down', () => {
    const market = new TestMarket(makeEngine(), { maker: -500, taker: 600 });
    market.fund(20_000, 2, 3);
    market.sell(3, 31, 999, 10);
    // Quote 9990: fee 5.994, rebate 4.995.
    assert.deepEqual(market.buy(2, 21, 999, 10).slice(2, 4), [
      'taker fee 2/21 6',
      'maker rebate 3/31 4',
    ]);
    assert.equal(market.balance(2), 'base 20010+0 quote 10004+0');
    assert.equal(market.balance(3), 'base 19990+0 quote 29994+0');
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 2+0');
  });

  test('a taker rebate comes out of the maker fee of the same trade', () => {
    const market = new TestMarket(makeEngine(), { maker: 600, taker: -500 });
    market.fund(20_000, 2, 3);
    market.buy(3, 31, 999, 10);
    assert.deepEqual(market.sell(2, 21, 999, 10).slice(2, 4), [
      'taker rebate 2/21 4',
      'maker fee 3/31 6',
    ]);
    assert.equal(market.balance(2), 'base 19990+0 quote 29994+0');
    assert.equal(market.balance(3), 'base 20010+0 quote 10004+0');
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 2+0');
  });

  test('fees and rebates of nothing are not told', () => {
    const market = new TestMarket(makeEngine(), { maker: 1, taker: -1 });
    market.fund(1_000, 2, 3);
    market.sell(3, 1, 10, 1);
    assert.deepEqual(market.buy(2, 1, 10, 1), [
      'accepted 2/1 buy 1@10 gtc',
      'trade 2 buys 1@10 from 3/1',
      'maker fee 3/1 1',
      'level sell 0@10/0',
    ]);
    const records = market.engine.openRecords();
    assert.equal(records, 6);
  });

  test('an account that trades with itself pays both fees', () => {
    const market = new TestMarket(makeEngine(), { maker: 100_000, taker: 100_000 });
    market.fund(110, 2);
    market.sell(2, 1, 100, 1);
    assert.equal(market.balance(2), 'base 109+1 quote 110+0');
    assert.deepEqual(market.buy(2, 2, 100, 1).slice(1, 4), [
      'trade 2 buys 1@100 from 2/1',
      'taker fee 2/2 10',
      'maker fee 2/1 10',
    ]);
    assert.equal(market.balance(2), 'base 110+0 quote 90+0');
  });

  test('the smallest sale can pay the highest fee', () => {
    const market = new TestMarket(makeEngine(), { maker: 100_000, taker: 100_000 });
    market.fund(2, 2);
    market.deposit(3, Asset.BASE, 1);
    market.buy(2, 1, 1, 1);
    market.sell(3, 1, 1, 1);
    assert.equal(market.balance(2), 'base 3+0 quote 0+0');
    assert.equal(market.balance(3), 'base 0+0 quote 0+0');
    assert.equal(market.balance(Account.FEES), 'base 0+0 quote 2+0');
  });
}

function limitTests(makeEngine: MakeEngine): void {
  test('the supply of an asset stays below 2^63', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    assert.deepEqual(market.deposit(2, Asset.BASE, MAX_AMOUNT + 1n), ['rejected INVALID_QUANTITY']);
    assert.deepEqual(market.deposit(2, Asset.BASE, 2n ** 64n - 1n), ['rejected INVALID_QUANTITY']);
    market.deposit(2, Asset.BASE, MAX_AMOUNT - 1n);
    assert.deepEqual(market.deposit(3, Asset.BASE, 2), ['rejected BALANCE_LIMIT']);
    assert.deepEqual(market.deposit(3, Asset.BASE, MAX_AMOUNT), ['rejected BALANCE_LIMIT']);
    assert.deepEqual(market.deposit(3, Asset.BASE, 1), ['deposit 3 base 1: 1+0']);
    assert.deepEqual(market.deposit(3, Asset.QUOTE, 1), ['deposit 3 quote 1: 1+0']);
    assert.deepEqual(market.withdraw(2, Asset.BASE, MAX_AMOUNT - 1n), [
      `withdrawal 2 base ${MAX_AMOUNT - 1n}: 0+0`,
    ]);
    assert.deepEqual(market.deposit(3, Asset.BASE, 2), ['deposit 3 base 2: 3+0']);
  });

  test('a notional stays below 2^63', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 0 });
    market.deposit(2, Asset.QUOTE, MAX_AMOUNT);
    market.deposit(3, Asset.BASE, 2n ** 50n);
    const most = 2n ** 27n;
    const tooMuch = ['rejected NOTIONAL_TOO_LARGE'];
    assert.deepEqual(market.sell(3, 1, MAX_PRICE, most + 1n), tooMuch);
    assert.deepEqual(market.buy(2, 1, MAX_PRICE, most + 1n), tooMuch);
    assert.deepEqual(market.buy(2, 1, MAX_PRICE, 2n ** 48n - 1n), tooMuch);
    assert.deepEqual(market.buy(2, 1, 2n ** 35n, 2n ** 28n), tooMuch);
    assert.equal(market.sell(3, 1, MAX_PRICE, most)[0]?.startsWith('accepted'), true);
    assert.deepEqual(market.buy(2, 1, MAX_PRICE, most).slice(1), [
      `trade 2 buys ${most}@${MAX_PRICE} from 3/1`,
      `level sell 0@${MAX_PRICE}/0`,
    ]);
    assert.equal(market.engine.balance(3).quoteAvailable, MAX_PRICE * most);
  });

  test('a notional counts the fee of a purchase, and the largest fee is exact', () => {
    const market = new TestMarket(makeEngine(), { maker: 0, taker: 100_000 });
    market.deposit(2, Asset.QUOTE, MAX_AMOUNT);
    market.deposit(3, Asset.BASE, 2n ** 50n);
    // A lot at a million with its fee is 1.1 million: floor((2^63 - 1) / 1.1 million) lots fit.
    const most = 8_384_883_669_867n;
    market.sell(3, 1, 1_000_000, most);
    assert.deepEqual(market.buy(2, 1, 1_000_000, most + 1n), ['rejected NOTIONAL_TOO_LARGE']);
    assert.deepEqual(market.buy(2, 1, 1_000_000, most).slice(1, 3), [
      `trade 2 buys ${most}@1000000 from 3/1`,
      'taker fee 2/1 838488366986700000',
    ]);
    assert.equal(market.depth(Side.SELL), '');
    const { quoteAvailable, quoteHeld } = market.engine.balance(2);
    assert.equal(quoteAvailable, MAX_AMOUNT - most * 1_100_000n);
    assert.equal(quoteHeld, 0n);
  });
}
