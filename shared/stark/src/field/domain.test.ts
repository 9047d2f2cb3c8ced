import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as big from '../testing/big-field.ts';
import { inverse, mul, PRIME, power } from './base.ts';
import { point, root, shift, TWO_ADICITY } from './domain.ts';

test('w(k) has order 2^k and is the square of the next', () => {
  assert.equal(root(TWO_ADICITY), 440564289);
  assert.equal(root(0), 1);
  for (let k = 1; k <= TWO_ADICITY; k++) {
    assert.equal(mul(root(k), root(k)), root(k - 1));
    assert.equal(power(root(k), 2 ** (k - 1)), PRIME - 1);
  }
});

test('squaring takes D(m) onto D(m - 1), exponent e to e modulo its size', () => {
  for (const m of [1, 2, 8, TWO_ADICITY]) {
    for (const exponent of [0, 1, 2 ** (m - 1), 2 ** m - 1]) {
      const x = point(m, exponent);
      assert.equal(BigInt(x), big.point(m, exponent));
      assert.equal(mul(x, x), point(m - 1, exponent % 2 ** (m - 1)));
      assert.equal(power(x, 2 ** m), shift(0));
    }
  }
});

test('no point of an extended domain lies in a trace domain', () => {
  assert.notEqual(shift(0), 1);
  assert.equal(mul(shift(0), inverse(shift(0))), 1);
  for (const m of [0, 1, 8, 20]) assert.notEqual(power(point(m, 2 ** m - 1), 2 ** TWO_ADICITY), 1);
});

test('sizes that no domain has are mistakes of the caller', () => {
  for (const size of [-1, 28, 1.5, Number.NaN]) {
    assert.throws(() => root(size), /no domain has/);
    assert.throws(() => shift(size), /no domain has/);
  }
});
