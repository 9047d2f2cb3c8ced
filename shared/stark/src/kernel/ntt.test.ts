import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as big from '../testing/big-field.ts';
import { Kernel } from './kernel.ts';
import { readKernelModule } from './module-node.ts';
import { type Columns, exponentAt, MIN_LOG_HEIGHT, Transforms } from './ntt.ts';

const kernel = new Kernel(await readKernelModule());
const p = Number(big.P);

/** Plain columns into kernel memory, `gap` words apart. */
function place(columns: readonly (readonly bigint[])[], gap = 0): Columns {
  const n = columns[0]?.length ?? 0;
  const strideBytes = 4 * (n + gap);
  const address = kernel.arena.take(strideBytes * columns.length);
  columns.forEach((column, j) => {
    kernel.arena.words(address + j * strideBytes, n).set(column.map(Number));
    kernel.exports.enterColumn(address + j * strideBytes, address + j * strideBytes, n);
  });
  return { address, strideBytes, count: columns.length };
}

function read(address: number, n: number): bigint[] {
  const copy = kernel.arena.take(4 * n);
  kernel.exports.leaveColumn(copy, address, n);
  return Array.from(kernel.arena.words(copy, n), BigInt);
}

/** Column j in transform order, made plain: coefficients of X^0, X^1, ... */
function coefficientsOf(columns: Columns, j: number, k: number): bigint[] {
  const plain = new Array<bigint>(2 ** k).fill(0n);
  read(columns.address + j * columns.strideBytes, 2 ** k).forEach((value, index) => {
    plain[exponentAt(index, k)] = value;
  });
  return plain;
}

const random = (k: number, seed: number): bigint[] =>
  fc
    .sample(fc.array(fc.nat(p - 1), { minLength: 2 ** k, maxLength: 2 ** k }), { seed, numRuns: 1 })
    .flat()
    .map(BigInt);

// Even and odd heights of one leaf, and with one and two stages above leaves.
for (const k of [6, 7, 8, 9, 10, 11, 12, 13, 14]) {
  test(`2^${k} elements: trace to coefficients to cosets and back`, () => {
    const { mark } = kernel.arena;
    const [b, n] = [2, 2 ** k];
    const transforms = new Transforms(kernel, [k, k], b);
    const values = [random(k, 1), Array<bigint>(n).fill(big.P - 1n), random(k, 2)];
    const columns = place(values, 16);
    transforms.interpolate(columns, k);
    const polynomials = values.map((_, j) => coefficientsOf(columns, j, k));
    assert.deepEqual(polynomials[1], [big.P - 1n, ...Array<bigint>(n - 1).fill(0n)]);
    const sampled = [0, 1, 2, 5, n / 2 + 1, n - 1];
    for (const i of sampled) {
      const x = big.power(big.root(k), BigInt(i));
      const found = polynomials.map((polynomial) => big.evaluate(polynomial, x));
      assert.deepEqual(
        found,
        values.map((column) => column[i]),
        `row ${i}`,
      );
    }
    if (k === MIN_LOG_HEIGHT) assert.deepEqual(polynomials, values.map(big.interpolate));

    const strideBytes = 4 * n * 4 + 64;
    const target = { address: kernel.arena.take(3 * strideBytes), strideBytes };
    transforms.extend(columns, target, k);
    for (const [j, polynomial] of polynomials.entries()) {
      const extended = read(target.address + j * strideBytes, 4 * n);
      for (const [c, i] of sampled.flatMap((row) => [0, 1, 2, 3].map((one) => [one, row]))) {
        assert(c !== undefined && i !== undefined);
        const wanted = big.evaluate(polynomial, big.point(k + b, 4 * i + c));
        assert.equal(extended[c * n + i], wanted, `column ${j}, coset ${c}, row ${i}`);
      }
    }
    for (let c = 0; c < 4; c++) {
      const coset = { address: target.address + c * 4 * n, strideBytes, count: 3 };
      transforms.interpolateCoset(coset, k, c);
      for (const j of values.keys()) {
        assert.deepEqual(coefficientsOf(coset, j, k), polynomials[j], `coset ${c}`);
      }
    }
    kernel.arena.release(mark);
  });
}

test('other blowups have cosets of their own', () => {
  const { mark } = kernel.arena;
  for (const b of [0, 1, 3]) {
    const transforms = new Transforms(kernel, [6], b);
    const polynomial = random(6, 3);
    const inOrder = polynomial.map((_, index) => polynomial[exponentAt(index, 6)] ?? 0n);
    const columns = place([inOrder]);
    const size = 64 * 2 ** b;
    const target = { address: kernel.arena.take(4 * size), strideBytes: 4 * size };
    transforms.extend(columns, target, 6);
    read(target.address, size).forEach((value, index) => {
      const exponent = (index % 64) * 2 ** b + Math.floor(index / 64);
      assert.equal(value, big.evaluate(polynomial, big.point(6 + b, exponent)));
    });
  }
  kernel.arena.release(mark);
});

test('heights and cosets that there are no tables for are mistakes of the caller', () => {
  const columns = { address: 0, strideBytes: 256, count: 0 };
  assert.throws(() => new Transforms(kernel, [5], 2), /no transforms of 2\^5/);
  assert.throws(() => new Transforms(kernel, [26], 2), /no transforms of 2\^26/);
  const transforms = new Transforms(kernel, [6], 2);
  assert.throws(() => transforms.interpolate(columns, 7), /no tables for height 2\^7/);
  assert.throws(() => transforms.interpolateCoset(columns, 6, 4), /no coset 4/);
});
