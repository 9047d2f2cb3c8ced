import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BigElement,
  evaluate,
  inverse,
  inverseExtension,
  modulo,
  multiply,
  P,
  point,
  power,
  root,
} from '../testing/big-field.ts';
import * as columns from '../testing/kernel-columns.ts';
import { Kernel } from './kernel.ts';
import { readKernelModule } from './module-node.ts';

const module = await readKernelModule();
const ROWS = 64;
const LOG_ROWS = 6;
const LOG_BLOWUP = 2;
const zero: BigElement = [0n, 0n, 0n, 0n, 0n];
const plus = (a: BigElement, b: BigElement) => a.map((x, i) => modulo(x + (b[i] ?? 0n)));
const times = (a: BigElement, b: bigint) => a.map((x) => modulo(x * b));
const embed = (x: bigint): BigElement => [x, 0n, 0n, 0n, 0n];

/** Coset 0 of the extended domain. */
const xs = Array.from({ length: ROWS }, (_, i) => point(LOG_ROWS + LOG_BLOWUP, i << LOG_BLOWUP));
/** Largest words in every place, where sums are largest. */
const largest = new Array<bigint>(ROWS).fill(P - inverse(2n ** 32n));

test('a geometric column', () => {
  const kernel = new Kernel(module);
  const target = kernel.arena.take(4 * ROWS);
  const [first = 0n, ratio = 0n] = [xs[0], root(LOG_ROWS)];
  const [shift, step] = [first, ratio].map(columns.toMontgomery);
  kernel.exports.geometric(target, ROWS, shift ?? 0, step ?? 0);
  assert.deepEqual(columns.readBack(kernel, target, ROWS), xs);
});

test('barycentric weights and dots give the values of polynomials outside the domain', () => {
  const kernel = new Kernel(module);
  const values = columns.valuesFrom(2);
  const zeta = columns.takeElement(values);
  const polynomials = Array.from({ length: 5 }, () => columns.take(values, ROWS));
  const pointers = polynomials.map((coefficients) =>
    columns.place(
      kernel,
      xs.map((x) => evaluate(coefficients, x)),
    ),
  );
  const inverses = xs.map((x) => inverseExtension(plus(embed(x), times(zeta, -1n))));
  // (A - zeta^n) / (n A), A = x^n on the coset.
  const a = power(xs[0] ?? 0n, BigInt(ROWS));
  let zetaPower = embed(1n);
  for (let i = 0; i < ROWS; i++) zetaPower = multiply(zetaPower, zeta);
  const scale = inverse(modulo(BigInt(ROWS) * a));
  const factor = times(plus(embed(a), times(zetaPower, -1n)), scale);
  const weights = kernel.arena.take(20 * ROWS);
  kernel.exports.barycentricWeights(
    columns.place(kernel, xs),
    columns.placeElements(kernel, inverses),
    columns.placeElements(kernel, [factor]),
    ROWS,
    weights,
  );
  const out = kernel.arena.take(20 * pointers.length);
  const sums = kernel.arena.take(80 * pointers.length);
  const list = columns.placePointers(kernel, pointers);
  kernel.exports.dotColumns(weights, list, pointers.length, ROWS, out, sums);
  const horner = polynomials.map((coefficients) =>
    coefficients.reduceRight((sum, one) => plus(multiply(sum, zeta), embed(one)), zero),
  );
  assert.deepEqual(columns.readBack(kernel, out, 5 * pointers.length), horner.flat());
});

for (const rows of [ROWS, 1024]) {
  test(`dots over ${rows} rows, of the largest words too`, () => {
    const kernel = new Kernel(module);
    const values = columns.valuesFrom(3);
    const top = P - inverse(2n ** 32n);
    const all = [columns.take(values, rows), new Array<bigint>(rows).fill(top)];
    for (const weights of [
      Array.from({ length: rows }, () => columns.takeElement(values)),
      new Array<BigElement>(rows).fill([top, top, top, top, top]),
    ]) {
      const list = columns.placePointers(
        kernel,
        all.map((one) => columns.place(kernel, one)),
      );
      const out = kernel.arena.take(20 * all.length);
      const sums = kernel.arena.take(80 * all.length);
      const address = columns.placeElements(kernel, weights);
      kernel.exports.dotColumns(address, list, all.length, rows, out, sums);
      const expected = all.map((column) =>
        column.reduce<BigElement>((sum, value, i) => {
          return plus(sum, times(weights[i] ?? zero, value));
        }, zero),
      );
      assert.deepEqual(columns.readBack(kernel, out, 5 * all.length), expected.flat());
    }
  });
}

for (const [count, rows] of [
  [1, 64],
  [4, 64],
  [7, 512],
] as const) {
  test(`${count} columns of ${rows} rows are combined`, () => {
    const kernel = new Kernel(module);
    const values = columns.valuesFrom(count);
    const all = Array.from({ length: count }, () => columns.take(values, rows));
    const factors = all.map(() => columns.takeElement(values));
    const target = kernel.arena.take(20 * rows);
    const list = columns.placePointers(
      kernel,
      all.map((one) => columns.place(kernel, one)),
    );
    kernel.exports.combineColumns(columns.place(kernel, factors.flat()), list, count, rows, target);
    const expected = Array.from({ length: rows }, (_, i) =>
      all.reduce((sum, one, j) => plus(sum, times(factors[j] ?? zero, one[i] ?? 0n)), zero),
    );
    assert.deepEqual(columns.readElements(kernel, target, rows), expected);
  });
}

test('combined sums of the largest words do not overflow', () => {
  const kernel = new Kernel(module);
  const [top = 0n] = largest;
  const column = columns.place(kernel, largest);
  const factors = columns.place(kernel, new Array<bigint>(5 * 9).fill(top));
  const target = kernel.arena.take(20 * ROWS);
  const list = columns.placePointers(kernel, new Array<number>(9).fill(column));
  kernel.exports.combineColumns(factors, list, 9, ROWS, target);
  const expected = new Array<bigint>(5 * ROWS).fill(modulo(9n * top * top));
  assert.deepEqual(columns.readBack(kernel, target, 5 * ROWS), expected);
});

test('a quotient is added', () => {
  const kernel = new Kernel(module);
  const values = columns.valuesFrom(4);
  const [combined, inverses, before] = [0, 1, 2].map(() =>
    Array.from({ length: ROWS }, () => columns.takeElement(values)),
  );
  assert.ok(combined && inverses && before);
  const value = columns.takeElement(values);
  const target = columns.placeElements(kernel, before);
  kernel.exports.addQuotient(
    columns.placeElements(kernel, combined),
    columns.placeElements(kernel, [value]),
    columns.placeElements(kernel, inverses),
    ROWS,
    target,
  );
  const expected = before.map((one, i) => {
    const difference = plus(combined[i] ?? zero, times(value, -1n));
    return plus(one, multiply(difference, inverses[i] ?? zero));
  });
  assert.deepEqual(columns.readElements(kernel, target, ROWS), expected);
});
