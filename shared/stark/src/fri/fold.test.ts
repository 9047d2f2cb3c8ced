import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as base from '../field/base.ts';
import { point, root } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import { evaluate, modulo, multiply, power } from '../testing/big-field.ts';
import { takeElement, valuesFrom } from '../testing/kernel-columns.ts';
import { foldLeaf } from './fold.ts';

const zero = [0n, 0n, 0n, 0n, 0n];
const toExtension = ([a = 0n, b = 0n, c = 0n, d = 0n, e = 0n]: readonly bigint[]): Extension => [
  Number(a),
  Number(b),
  Number(c),
  Number(d),
  Number(e),
];

for (const arityLog of [1, 2, 3]) {
  test(`a leaf of ${2 ** arityLog} folds to the sum of beta^i f_i`, () => {
    const values = valuesFrom(arityLog);
    const count = 2 ** arityLog;
    const coefficients = Array.from({ length: 5 * count }, () => takeElement(values));
    const beta = takeElement(values);
    const x = BigInt(point(10, 77));
    const at = (list: readonly (readonly bigint[])[], where: bigint) =>
      zero.map((_, i) =>
        evaluate(
          list.map((one) => one[i] ?? 0n),
          where,
        ),
      );
    const siblings = Array.from({ length: count }, (_, j) =>
      toExtension(at(coefficients, modulo(x * power(BigInt(root(arityLog)), BigInt(j))))),
    );
    let [expected, factor] = [zero, [1n, 0n, 0n, 0n, 0n]];
    for (let i = 0; i < count; i++) {
      const part = coefficients.filter((_, t) => t % count === i);
      const term = multiply(factor, at(part, power(x, BigInt(count))));
      expected = expected.map((sum, k) => modulo(sum + (term[k] ?? 0n)));
      factor = multiply(factor, beta);
    }
    const folded = foldLeaf(siblings, toExtension(beta), base.inverse(Number(x)));
    assert.deepEqual(folded, toExtension(expected));
  });
}
