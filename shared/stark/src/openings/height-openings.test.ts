import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Extension } from '../field/extension.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { Transforms } from '../kernel/ntt.ts';
import {
  type BigElement,
  evaluate,
  inverseExtension,
  modulo,
  multiply,
  point,
} from '../testing/big-field.ts';
import * as columns from '../testing/kernel-columns.ts';
import { HeightOpenings } from './height-openings.ts';

const LOG_HEIGHT = 6;
const zero: BigElement = [0n, 0n, 0n, 0n, 0n];
const plus = (a: BigElement, b: BigElement) => a.map((x, i) => modulo(x + (b[i] ?? 0n)));
const minus = (a: BigElement, b: BigElement) => a.map((x, i) => modulo(x - (b[i] ?? 0n)));
const embed = (x: bigint): BigElement => [x, 0n, 0n, 0n, 0n];
const toExtension = ([a, b, c, d, e]: BigElement): Extension => [
  Number(a),
  Number(b),
  Number(c),
  Number(d),
  Number(e),
];

for (const logBlowup of [2, 3]) {
  test(`values and the combination that proves them, at blowup ${2 ** logBlowup}`, async () => {
    const kernel = new Kernel(await readKernelModule());
    const transforms = new Transforms(kernel, [LOG_HEIGHT], logBlowup);
    const logSize = LOG_HEIGHT + logBlowup;
    const random = columns.valuesFrom(logBlowup);
    const polynomials = Array.from({ length: 6 }, () => columns.take(random, 2 ** LOG_HEIGHT));
    const xs = Array.from({ length: 2 ** logSize }, (_, e) => point(logSize, e));
    const words = polynomials.map((coefficients) => xs.map((x) => evaluate(coefficients, x)));
    const placed = words.map((word) => columns.place(kernel, columns.byCosets(word, logBlowup)));
    const openings = new HeightOpenings(kernel, transforms, LOG_HEIGHT);
    const gamma = columns.takeElement(random);
    let factor: BigElement = embed(1n);
    let expected: BigElement[] = xs.map(() => zero);
    // All columns at one point, some of them at another.
    for (const chosen of [
      [0, 1, 2, 3, 4, 5],
      [1, 4],
    ]) {
      const zeta = columns.takeElement(random);
      const opened = openings.at(toExtension(zeta));
      const addresses = chosen.map((j) => placed[j] ?? 0);
      const horner = chosen.map((j) =>
        (polynomials[j] ?? []).reduceRight<BigElement>(
          (sum, one) => plus(multiply(sum, zeta), embed(one)),
          zero,
        ),
      );
      const values = openings.values(opened, addresses);
      assert.deepEqual(values, horner.map(toExtension));
      const factors = chosen.map(() => {
        const power = factor;
        factor = multiply(factor, gamma);
        return power;
      });
      openings.combine(opened, addresses, values, factors.map(toExtension));
      expected = expected.map((before, e) => {
        const inverse = inverseExtension(minus(embed(xs[e] ?? 0n), zeta));
        return chosen.reduce((sum, j, i) => {
          const difference = minus(embed(words[j]?.[e] ?? 0n), horner[i] ?? zero);
          return plus(sum, multiply(factors[i] ?? zero, multiply(difference, inverse)));
        }, before);
      });
    }
    const combination = columns.readElements(kernel, openings.extend(), 2 ** logSize);
    assert.deepEqual(combination, columns.byCosets(expected, logBlowup));
  });
}

test('what was taken for a while is given back', async () => {
  const kernel = new Kernel(await readKernelModule());
  const openings = new HeightOpenings(kernel, new Transforms(kernel, [6], 2), 6);
  const opened = openings.at([1, 2, 3, 4, 5]);
  const { mark } = kernel.arena;
  const column = opened.inverses;
  openings.combine(opened, [column], openings.values(opened, [column]), [[1, 0, 0, 0, 0]]);
  assert.equal(kernel.arena.mark, mark);
  assert.throws(() => openings.combine(opened, [column], [], []), /one value/);
});
