import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  at,
  domainPoint,
  type Element,
  equals,
  evaluateOnDomain,
  fromBase,
  inverse,
  mod,
  multiply,
  ONE,
  P,
  power,
  powerOf,
  rootOfUnity,
  shift,
} from './field.ts';
import { fold } from './fri.ts';
import { big, extend, interpolate, times, wideTimes } from './numbers.ts';

const base = fc.bigInt({ min: 0n, max: P - 1n });
const element: fc.Arbitrary<Element> = fc.array(base, { minLength: 5, maxLength: 5 });

test('the constants are those of the specification', () => {
  assert.equal(P, 2_013_265_921n);
  assert.equal(rootOfUnity(27), 440_564_289n);
  assert.equal(power(rootOfUnity(27), 2n ** 26n), P - 1n);
  assert.notEqual(power(2n, (P - 1n) / 5n), 1n);
});

test('inverses are those of the group order', () => {
  fc.assert(
    fc.property(element, (a) => {
      fc.pre(a.some((part) => part !== 0n));
      assert.ok(equals(multiply(a, inverse(a)), ONE));
      assert.ok(equals(inverse(a), powerOf(a, P ** 5n - 2n)));
    }),
  );
});

test('arithmetic in numbers is that in BigInt', () => {
  const edge = fc.constantFrom(0n, 1n, 2n, P - 2n, P - 1n);
  const any = fc.oneof(base, edge);
  fc.assert(
    fc.property(any, any, (a, b) => {
      assert.equal(BigInt(times(Number(a), Number(b))), mod(a * b));
    }),
  );
  fc.assert(
    fc.property(element, element, (a, b) => {
      assert.deepEqual(big(wideTimes(a.map(Number), b.map(Number))), multiply(a, b));
    }),
  );
});

test('squaring takes a domain onto the next, and exponents with it', () => {
  for (const m of [8, 14, 25]) {
    for (const e of [0, 1, 2 ** (m - 1) + 5, 2 ** m - 1]) {
      const square = mod(domainPoint(m, e) ** 2n);
      assert.equal(square, domainPoint(m - 1, e % 2 ** (m - 1)));
      assert.equal(power(domainPoint(m, e), 2n ** BigInt(m)), power(31n, 2n ** 27n));
    }
  }
});

test('transforms are evaluation by definition, and back', () => {
  const coefficients = Uint32Array.from({ length: 16 }, (_, i) => Number(power(7n, BigInt(i * i))));
  const offset = Number(shift(6));
  const values = extend(coefficients, offset, 6);
  const expected = evaluateOnDomain(
    [...coefficients].map((one) => fromBase(BigInt(one))),
    6,
  );
  assert.deepEqual(
    [...values].map((value) => fromBase(BigInt(value))),
    expected,
  );
  const back = interpolate(values, offset);
  assert.deepEqual([...back], [...coefficients, ...Array(48).fill(0)]);
});

test('a fold is the sum of powers of beta and parts, by definition', () => {
  const one = fc.array(element, { minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(one, element, fc.integer({ min: 1, max: 3 }), (coefficients, beta, logFold) => {
      const values = evaluateOnDomain(coefficients, 6);
      const count = 2 ** logFold;
      const folded = Array.from({ length: 64 / count }, (_, i) =>
        Array.from({ length: count }, (_, j) => at(coefficients, count * i + j)),
      ).map((parts) => parts.reduceRight((sum, part) => plus(multiply(sum, beta), part)));
      const expected = evaluateOnDomain(folded, 6 - logFold);
      const leaf = 3;
      const leaves = 64 / count;
      const opened = Array.from({ length: count }, (_, i) => at(values, leaf + i * leaves));
      assert.deepEqual(fold(opened, { logSize: 6, logFold }, leaf, beta), at(expected, leaf));
    }),
    { numRuns: 5 },
  );
});

function plus(a: Element, b: Element): Element {
  return a.map((value, i) => mod(value + at(b, i)));
}
