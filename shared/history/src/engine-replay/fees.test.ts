import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFees, feeOf } from './fees.ts';

const rates = { makerPpm: -10, takerPpm: 50 };

test('fees are rounded up, rebates down, to a unit', () => {
  assert.equal(feeOf(rates, 'taker', 1_000_000n), 50n);
  assert.equal(feeOf(rates, 'taker', 1_000_001n), 51n);
  assert.equal(feeOf(rates, 'maker', 1_000_000n), -10n);
  assert.equal(feeOf(rates, 'maker', 1_099_999n), -10n);
  assert.equal(feeOf(rates, 'maker', 99_999n), 0n);
});

test('rates that add up to less than nothing are refused', () => {
  checkFees({ makerPpm: -10, takerPpm: 10 });
  assert.throws(() => checkFees({ makerPpm: -20, takerPpm: 10 }), /INVALID_FEES/);
});
