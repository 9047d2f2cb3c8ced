/** The verifier's field and extension against bigints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as big from '../testing/big-field.ts';
import * as base from './base.ts';
import * as extension from './extension.ts';

const p = Number(big.P);
/** Where carries and roundings turn. */
const edges = [0, 1, 2, 3, 2 ** 27, 2 ** 30, p >> 1, (p >> 1) + 1, p - 3, p - 2, p - 1];
const value = fc.oneof(fc.constantFrom(...edges), fc.nat(p - 1));
const element = fc.tuple(value, value, value, value, value);
const runs = { numRuns: 2000 };
const bigs = (a: extension.Extension): bigint[] => a.map(BigInt);

test('base elements: sum, difference, product', () => {
  fc.assert(
    fc.property(value, value, (x, y) => {
      const [a, b] = [BigInt(x), BigInt(y)];
      assert.equal(BigInt(base.add(x, y)), big.modulo(a + b));
      assert.equal(BigInt(base.sub(x, y)), big.modulo(a - b));
      assert.equal(BigInt(base.mul(x, y)), big.modulo(a * b));
    }),
    runs,
  );
});

test('products whose quotient lies next to an integer', () => {
  // x y = q p + r with r near 0 and near p: y is r / x modulo p.
  const remainder = fc.oneof(
    fc.nat(3000),
    fc.nat(3000).map((low) => p - 1 - low),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: p - 1 }), remainder, (x, r) => {
      const y = Number(big.modulo(BigInt(r) * big.inverse(BigInt(x))));
      assert.equal(base.mul(x, y), r);
    }),
    runs,
  );
});

test('sums of sixteen products at most', () => {
  const pair = fc.tuple(value, value);
  fc.assert(
    fc.property(fc.array(pair, { minLength: 16, maxLength: 16 }), (pairs) => {
      const rounded = pairs.reduce((sum, [x, y]) => sum + x * y, 0);
      const low = pairs.reduce((sum, [x, y]) => sum + Math.imul(x, y), 0);
      const wanted = pairs.reduce((sum, [x, y]) => sum + BigInt(x) * BigInt(y), 0n);
      assert.equal(BigInt(base.reduce(rounded, low)), big.modulo(wanted));
    }),
    runs,
  );
});

test('base elements: inverse and power', () => {
  const exponent = fc.oneof(fc.nat(40), fc.nat(p - 1), fc.constant(2 ** 40 + 3));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: p - 1 }), exponent, (x, e) => {
      assert.equal(base.mul(x, base.inverse(x)), 1);
      assert.equal(BigInt(base.power(x, e)), big.power(BigInt(x), BigInt(e)));
    }),
  );
  assert.equal(base.power(0, 0), 1);
  assert.throws(() => base.inverse(0), /0 has no inverse/);
});

test('the extension: sum, difference, products', () => {
  fc.assert(
    fc.property(element, element, (x, y) => {
      const [a, b] = [bigs(x), bigs(y)];
      const wanted = (of: (x: bigint, y: bigint) => bigint) =>
        a.map((one, j) => big.modulo(of(one, b[j] ?? 0n)));
      assert.deepEqual(
        bigs(extension.add(x, y)),
        wanted((one, other) => one + other),
      );
      assert.deepEqual(
        bigs(extension.sub(x, y)),
        wanted((one, other) => one - other),
      );
      assert.deepEqual(bigs(extension.mul(x, y)), big.multiply(a, b));
      assert.deepEqual(bigs(extension.scale(x, y[0])), big.multiply(a, [BigInt(y[0])]));
      assert.equal(extension.equals(x, y), x.join() === y.join());
      assert.deepEqual(extension.mul(x, extension.fromBase(y[1])), extension.scale(x, y[1]));
    }),
    runs,
  );
  const least: extension.Extension = [p - 1, p - 1, p - 1, p - 1, p - 1];
  assert.deepEqual(bigs(extension.mul(least, least)), big.multiply(bigs(least), bigs(least)));
});

test('the extension: inverse, power, elements in arrays', () => {
  fc.assert(
    fc.property(element, fc.nat(200), (x, e) => {
      const isZero = extension.equals(x, extension.ZERO);
      if (!isZero) {
        assert.deepEqual(extension.mul(x, extension.inverse(x)), extension.ONE);
      }
      const power = Array.from({ length: e }).reduce(
        (product: bigint[]) => big.multiply(product, bigs(x)),
        [1n, 0n, 0n, 0n, 0n],
      );
      assert.deepEqual(bigs(extension.power(x, e)), power);
      assert.deepEqual(extension.fromWords(Uint32Array.of(7, ...x, 9), 1), x);
    }),
  );
  assert.throws(() => extension.inverse(extension.ZERO), /0 has no inverse/);
  assert.throws(() => extension.fromWords([1, 2, 3, 4]), /cut off/);
  for (const j of [0, 1, 2, 3, 4]) {
    const unit = extension.fromWords([0, 1, 2, 3, 4].map((i) => (i === j ? 1 : 0)));
    const other = extension.fromWords([0, 1, 2, 3, 4].map((i) => (i === j ? 2 : 0)));
    assert.equal(extension.equals(unit, other), false);
  }
});
