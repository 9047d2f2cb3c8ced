import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimal, priceText, unitsOf } from './decimal.ts';

test('integers of a unit as decimals, exactly', () => {
  for (const [value, exponent, text] of [
    [4_810_250_000_000n, -9, '4810.25'],
    [4_810_000_000_000n, -9, '4810.00'],
    [1n, -9, '0.000000001'],
    [-1_500n, -4, '-0.15'],
    [0n, -8, '0.00'],
    [7n, 0, '7'],
    [7n, -1, '0.7'],
    [7n, 2, '700'],
    [2n ** 63n - 1n, -8, '92233720368.54775807'],
  ] as const) {
    assert.equal(priceText(value, exponent), text);
  }
  assert.equal(decimal(250_000_000n, -8), '2.5');
  assert.equal(decimal(200_000_000n, -8), '2');
});

test('decimals as integers of a unit, or not at all', () => {
  for (const [text, exponent, units] of [
    ['4810.25', -9, 4_810_250_000_000n],
    ['0.50', -1, 5n],
    ['7', 0, 7n],
    ['7.0', 0, 7n],
    ['0.05', -1, undefined],
  ] as const) {
    assert.equal(unitsOf(text, exponent), units);
  }
});
