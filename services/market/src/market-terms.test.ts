import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MarketState } from '@foldbook/protocol';
import { decode, encode } from '@msgpack/msgpack';
import { MarketTerms } from './market-terms.ts';

const ANSWER = { sequence: 1, account: 0, session: 0, requestId: 1n };
const SYMBOLS = { baseSymbol: 'BTC', quoteSymbol: 'USD' };
const DECIMALS = { priceDecimals: 2, quantityDecimals: 6 };
const RATES = { makerFeePpm: -20, takerFeePpm: 50 };
const LIMITS = { maxPrice: 2n ** 36n - 1n, maxQuantity: 2n ** 48n - 1n, bandPpm: 7 };

test('facts follow what operators set, and fit into a message', () => {
  const terms = new MarketTerms();
  const created = { ...SYMBOLS, ...DECIMALS, maxFeePpm: 500 };
  terms.apply({ type: 'market-created', ...ANSWER, ...RATES, ...created });
  terms.apply({ type: 'fees-changed', ...ANSWER, tier: 15, makerFeePpm: 0, takerFeePpm: 1 });
  terms.apply({ type: 'configured', ...ANSWER, ...LIMITS, minPrice: 1n, maxOpenOrders: 0 });
  terms.apply({ type: 'state-changed', ...ANSWER, state: MarketState.CANCEL_ONLY });
  terms.apply({ type: 'tier-changed', ...ANSWER, tier: 3 });
  terms.apply(undefined);
  const { tiers, ...facts } = terms.facts();
  assert.deepEqual(facts, {
    state: 'cancel_only',
    ...created,
    minPrice: 1,
    maxPrice: 2 ** 36 - 1,
    maxQuantity: 2 ** 48 - 1,
    bandPpm: 7,
    maxOpenOrders: 0,
  });
  assert.equal(tiers.length, 16);
  assert.deepEqual(tiers[0], { tier: 0, ...RATES });
  assert.deepEqual(tiers[15], { tier: 15, makerFeePpm: 0, takerFeePpm: 1 });
  assert.deepEqual(decode(encode(facts)), facts);
});
