import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BigElement,
  inverse,
  modulo,
  multiply,
  point,
  power,
  root,
} from '../testing/big-field.ts';
import * as columns from '../testing/kernel-columns.ts';
import { Kernel } from './kernel.ts';
import { readKernelModule } from './module-node.ts';

const module = await readKernelModule();
const zero: BigElement = [0n, 0n, 0n, 0n, 0n];
const one: BigElement = [1n, 0n, 0n, 0n, 0n];
const plus = (a: BigElement, b: BigElement) => a.map((x, i) => modulo(x + (b[i] ?? 0n)));
const powers = (base: BigElement, count: number) => {
  const all = [one];
  while (all.length < count) all.push(multiply(all.at(-1) ?? one, base));
  return all;
};

/** Coefficients of sum of beta^i f_i, where f = sum of X^i f_i(X^count). */
function foldCoefficients(coefficients: readonly BigElement[], beta: BigElement, count: number) {
  const factors = powers(beta, count);
  return Array.from({ length: coefficients.length / count }, (_, t) =>
    factors.reduce((sum, factor, i) => {
      return plus(sum, multiply(factor, coefficients[t * count + i] ?? zero));
    }, zero),
  );
}

/** As the kernel wants them, of all cosets. */
function foldFactors(beta: BigElement, m: number, cosets: number, arityLog: number) {
  return Array.from({ length: cosets }, (_, c) =>
    Array.from({ length: arityLog }, (_, l) =>
      Array.from({ length: 2 ** (arityLog - 1 - l) }, (_, j) => {
        const x = modulo(point(m, c) * power(root(arityLog), BigInt(j)));
        const scale = power(inverse(x), BigInt(2 ** l));
        return (powers(beta, 2 ** l + 1).at(-1) ?? zero).map((value) => modulo(value * scale));
      }),
    ),
  ).flat(3);
}

for (const [arityLog, logBlowup, joined] of [
  [1, 2, true],
  [2, 3, false],
  [3, 2, true],
  [3, 2, false],
] as const) {
  const name = `by ${2 ** arityLog} at blowup ${2 ** logBlowup}`;
  test(`a layer folds ${name}, ${joined ? 'and a combination joins' : 'alone'}`, () => {
    const kernel = new Kernel(module);
    const values = columns.valuesFrom(arityLog);
    const [rows, cosets] = [64, 2 ** logBlowup];
    const m = 6 + logBlowup;
    const beta = columns.takeElement(values);
    const polynomial = Array.from({ length: rows }, () => columns.takeElement(values));
    const joining = Array.from({ length: rows >> arityLog }, () => columns.takeElement(values));
    const weight = powers(beta, 2 ** arityLog + 1).at(-1) ?? zero;
    const folded = foldCoefficients(polynomial, beta, 2 ** arityLog).map((sum, i) =>
      joined ? plus(sum, multiply(weight, joining[i] ?? zero)) : sum,
    );
    const placed = (coefficients: readonly BigElement[], size: number) =>
      columns.placeElements(
        kernel,
        columns.byCosets(columns.evaluateOver(coefficients, size), logBlowup),
      );
    const backwards = inverse(root(6));
    const inverses = Array.from({ length: rows }, (_, i) => power(backwards, BigInt(i)));
    const target = kernel.arena.take((20 * rows * cosets) >> arityLog);
    kernel.exports.foldLayer(
      placed(polynomial, m),
      target,
      rows,
      cosets,
      arityLog,
      columns.place(kernel, inverses),
      columns.place(kernel, foldFactors(beta, m, cosets, arityLog)),
      columns.toMontgomery(inverse(BigInt(2 ** arityLog))),
      joined ? placed(joining, m - arityLog) : 0,
      columns.place(kernel, weight),
    );
    const expected = columns.byCosets(columns.evaluateOver(folded, m - arityLog), logBlowup);
    const size = (rows * cosets) >> arityLog;
    assert.deepEqual(columns.readElements(kernel, target, size), expected);
  });
}
