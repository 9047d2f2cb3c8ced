/** An order meets one of its own account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SelfTrade, TimeInForce } from '@foldbook/protocol';
import type { MakeEngine } from './make-engine.ts';
import { freeMarket } from './test-market.ts';

const { NONE, EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, DECREMENT } = SelfTrade;
const UNTOUCHED = 'base 1000000000000+0 quote 1000000000000+0';

export function selfTradeTests(makeEngine: MakeEngine): void {
  expiryTests(makeEngine);
  decrementTests(makeEngine);
}

/** Account 2 offers 5, account 3 offers 4 behind it. */
function ownFirst(makeEngine: MakeEngine) {
  const market = freeMarket(makeEngine);
  market.sell(2, 1, 100, 5);
  market.sell(3, 2, 100, 4);
  return market;
}

function expiryTests(makeEngine: MakeEngine): void {
  test('mode NONE trades with itself', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 5, { selfTrade: NONE }).slice(1), [
      'trade 2 buys 5@100 from 2/1',
      'level sell 4@100/1',
    ]);
  });

  test('mode EXPIRE_TAKER cancels what is left of the incoming order', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 7, { selfTrade: EXPIRE_TAKER }), [
      'accepted 2/9 buy 7@100 gtc expire-taker',
      'cancelled 2/9 buy 7@100 self-trade',
      'level sell 9@100/2',
    ]);
    assert.equal(market.balance(2), 'base 999999999995+5 quote 1000000000000+0');
    assert.equal(market.engine.lastPrice(), 0n);
    market.cancel(2, 1);
    market.sell(2, 1, 100, 5);
    assert.deepEqual(market.buy(2, 9, 100, 7, { selfTrade: EXPIRE_TAKER }).slice(1), [
      'trade 2 buys 4@100 from 3/2',
      'cancelled 2/9 buy 3@100 self-trade',
      'level sell 5@100/1',
    ]);
  });

  test('mode EXPIRE_MAKER cancels the resting order and goes on', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 7, { selfTrade: EXPIRE_MAKER }), [
      'accepted 2/9 buy 7@100 gtc expire-maker',
      'cancelled 2/1 sell 5@100 self-trade',
      'trade 2 buys 4@100 from 3/2',
      'level sell 0@100/0',
      'level buy 3@100/1',
    ]);
    assert.equal(market.balance(2), 'base 1000000000004+0 quote 999999999300+300');
  });

  test('mode EXPIRE_BOTH cancels the resting order first', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 7, { selfTrade: EXPIRE_BOTH }), [
      'accepted 2/9 buy 7@100 gtc expire-both',
      'cancelled 2/1 sell 5@100 self-trade',
      'cancelled 2/9 buy 7@100 self-trade',
      'level sell 4@100/1',
    ]);
    assert.equal(market.balance(2), UNTOUCHED);
  });

  test('the mode of the incoming order counts, not that of the resting one', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5, { selfTrade: EXPIRE_BOTH });
    assert.equal(market.buy(2, 9, 100, 5)[1], 'trade 2 buys 5@100 from 2/1');
  });

  test('the hidden part of an own iceberg goes with it', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 10, { displayQuantity: 3 });
    const options = { selfTrade: EXPIRE_MAKER, timeInForce: TimeInForce.IOC };
    assert.deepEqual(market.buy(2, 9, 100, 2, options).slice(1), [
      'cancelled 2/1 sell 10@100 self-trade',
      'level sell 0@100/0',
      'cancelled 2/9 buy 2@100 ioc',
    ]);
    assert.equal(market.balance(2), UNTOUCHED);
  });

  test('an unknown mode is refused', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 7, { selfTrade: 5 }), ['rejected INVALID_SELF_TRADE']);
  });
}

function decrementTests(makeEngine: MakeEngine): void {
  const selfTrade = DECREMENT;

  test('mode DECREMENT uses up the smaller one: the resting order', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 7, { selfTrade }), [
      'accepted 2/9 buy 7@100 gtc decrement',
      'cancelled 2/1 sell 5@100 self-trade',
      'reduced 2/9 buy 2@100 self-trade',
      'trade 2 buys 2@100 from 3/2',
      'level sell 2@100/1',
    ]);
    assert.equal(market.balance(2), 'base 1000000000002+0 quote 999999999800+0');
  });

  test('mode DECREMENT uses up the smaller one: the incoming order', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 3, { selfTrade }).slice(1), [
      'cancelled 2/9 buy 3@100 self-trade',
      'reduced 2/1 sell 2@100 self-trade',
      'level sell 6@100/2',
    ]);
    assert.equal(market.balance(2), 'base 999999999998+2 quote 1000000000000+0');
    assert.equal(market.engine.lastPrice(), 0n);
    assert.equal(market.engine.openRecords(), 8);
  });

  test('mode DECREMENT uses up both: the resting order first', () => {
    const market = ownFirst(makeEngine);
    assert.deepEqual(market.buy(2, 9, 100, 5, { selfTrade }).slice(1), [
      'cancelled 2/1 sell 5@100 self-trade',
      'cancelled 2/9 buy 5@100 self-trade',
      'level sell 4@100/1',
    ]);
    assert.equal(market.balance(2), UNTOUCHED);
  });

  test('it comes off hidden lots first', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 10, { displayQuantity: 3 });
    assert.deepEqual(market.buy(2, 8, 100, 5, { selfTrade }).slice(1), [
      'cancelled 2/8 buy 5@100 self-trade',
      'reduced 2/1 sell 5@100 self-trade',
      'level sell 3@100/1',
    ]);
    assert.deepEqual(market.buy(2, 9, 100, 3, { selfTrade }).slice(1), [
      'cancelled 2/9 buy 3@100 self-trade',
      'reduced 2/1 sell 2@100 self-trade',
      'level sell 2@100/1',
    ]);
  });

  test('what stays open of the incoming order may rest', () => {
    const market = freeMarket(makeEngine);
    market.sell(2, 1, 100, 5);
    assert.deepEqual(market.buy(2, 9, 101, 7, { selfTrade }).slice(1), [
      'cancelled 2/1 sell 5@100 self-trade',
      'reduced 2/9 buy 2@101 self-trade',
      'level sell 0@100/0',
      'level buy 2@101/1',
    ]);
    assert.equal(market.balance(2), 'base 1000000000000+0 quote 999999999798+202');
  });
}
