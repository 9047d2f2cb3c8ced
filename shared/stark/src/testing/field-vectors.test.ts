import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as base from '../field/base.ts';
import { point, root, shift } from '../field/domain.ts';
import * as extension from '../field/extension.ts';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { exponentAt, Transforms } from '../kernel/ntt.ts';
import { type FieldVectors, makeFieldVectors } from './field-vectors.ts';

const file = new URL('vectors/field.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as FieldVectors;

test('the vectors are those that plain code makes', () => {
  assert.deepEqual(vectors, makeFieldVectors());
});

test('the verifier: domains, products, inverses', () => {
  assert.deepEqual(
    vectors.roots.map((_, k) => root(k)),
    vectors.roots,
  );
  assert.deepEqual(
    vectors.shifts.map((_, m) => shift(m)),
    vectors.shifts,
  );
  for (const { m, e, point: wanted } of vectors.points) assert.equal(point(m, e), wanted);
  for (const { a, b, product } of vectors.products) assert.equal(base.mul(a, b), product);
  for (const { a, inverse } of vectors.inverses) assert.equal(base.inverse(a), inverse);
  const element = (words: readonly number[]) => extension.fromWords(words);
  for (const { a, b, product } of vectors.extensionProducts) {
    assert.deepEqual(extension.mul(element(a), element(b)), product);
  }
  for (const { a, inverse } of vectors.extensionInverses) {
    assert.deepEqual(extension.inverse(element(a)), inverse);
  }
});

test('the kernel: a column from values to coefficients to all cosets', async () => {
  const kernel = new Kernel(await readKernelModule());
  const { k, b, values, coefficients, extended } = vectors.column;
  const n = 2 ** k;
  const transforms = new Transforms(kernel, [k], b);
  const address = kernel.arena.take(4 * n);
  const target = kernel.arena.take(4 * n * 2 ** b);
  const columns = { address, strideBytes: 4 * n, count: 1 };
  kernel.arena.words(address, n).set(values);
  kernel.exports.enterColumn(address, address, n);
  transforms.interpolate(columns, k);
  transforms.extend(columns, { address: target, strideBytes: 4 * n * 2 ** b }, k);
  kernel.exports.leaveColumn(address, address, n);
  kernel.exports.leaveColumn(target, target, n * 2 ** b);
  kernel.arena.words(address, n).forEach((value, index) => {
    assert.equal(value, coefficients[exponentAt(index, k)]);
  });
  kernel.arena.words(target, n * 2 ** b).forEach((value, index) => {
    assert.equal(value, extended[(index % n) * 2 ** b + Math.floor(index / n)]);
  });
});
