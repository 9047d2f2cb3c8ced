/** assembly/field.ts and assembly/extension.ts against bigints. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import * as big from '../testing/big-field.ts';
import { compileFieldProbe } from '../testing/field-probe.ts';
import type { FieldVectors } from '../testing/field-vectors.ts';

const probe = await compileFieldProbe();
const n = 64;
const p = Number(big.P);
const target = 64 * Math.ceil(probe.heapBase() / 64);
const [a, b] = [target + 5 * 4 * n, target + 10 * 4 * n];

/** Where carries and reductions turn, as numbers and as words of memory. */
const turning = [0, 1, 2, 3, 2 ** 27, 2 ** 31 - p, 2 ** 30, p >> 1, (p >> 1) + 1, p - 2, p - 1];
/** The value that such a word stands for. */
const valueOfWord = (word: number): number =>
  Number(big.modulo(BigInt(word) * big.inverse(1n << 32n)));
const edges = [...turning, ...turning.map(valueOfWord)];
const LARGEST = valueOfWord(p - 1);
const value = fc.oneof(fc.constantFrom(...edges), fc.nat(p - 1));
const column = (length: number) => fc.array(value, { minLength: length, maxLength: length });

const words = (address: number, count: number) =>
  new Uint32Array(probe.memory.buffer, address, count);

type Operation = (target: number, a: number, b: number, n: number) => void;

/** Plain columns in; out comes, plain, what an operation makes of their Montgomery forms. */
function run(operation: Operation, x: readonly number[], y: readonly number[] = []): bigint[] {
  words(a, x.length).set(x);
  words(b, y.length).set(y);
  probe.enter(a, a, x.length);
  probe.enter(b, b, y.length);
  operation(target, a, b, n);
  probe.leave(target, target, x.length);
  return Array.from(words(target, x.length), BigInt);
}

const elements = (columns: readonly number[]): bigint[][] =>
  Array.from({ length: n }, (_, row) =>
    [0, 1, 2, 3, 4].map((j) => BigInt(columns[j * n + row] ?? 0)),
  );
const columnsOf = (rows: readonly (readonly bigint[])[]): bigint[] =>
  [0, 1, 2, 3, 4].flatMap((j) => rows.map((row) => row[j] ?? 0n));

test('lanes: sum, difference, product, inverse', () => {
  fc.assert(
    fc.property(column(n), column(n), (x, y) => {
      const pairs = x.map((one, i) => [BigInt(one), BigInt(y[i] ?? 0)] as const);
      const wanted = (of: (x: bigint, y: bigint) => bigint) =>
        pairs.map(([one, other]) => big.modulo(of(one, other)));
      const sum = wanted((one, other) => one + other);
      assert.deepEqual(run(probe.add, x, y), sum);
      const difference = wanted((one, other) => one - other);
      assert.deepEqual(run(probe.sub, x, y), difference);
      const product = wanted((one, other) => one * other);
      assert.deepEqual(run(probe.mul, x, y), product);
      assert.deepEqual(run(probe.inverse, x), wanted(big.inverse));
      const eight = wanted((one, other) => 8n * one * other);
      assert.deepEqual(run(probe.wideSum, x, y), eight);
    }),
  );
  const largest = Array<number>(n).fill(LARGEST);
  const eight = big.modulo(8n * BigInt(LARGEST) ** 2n);
  assert.deepEqual(run(probe.wideSum, largest, largest), Array<bigint>(n).fill(eight));
});

test('lanes: any word enters; a known factor takes any word and leaves its form', () => {
  const any = fc.oneof(fc.constantFrom(...edges, p, 2 * p, 2 ** 32 - 1), fc.nat(2 ** 32 - 1));
  fc.assert(
    fc.property(fc.array(any, { minLength: n, maxLength: n }), value, (x, factor) => {
      words(a, n).set(x);
      words(b, 1).set([factor]);
      probe.mulKnown(target, a, b, n);
      const product = x.map((one) => big.modulo(BigInt(one) * BigInt(factor)));
      assert.deepEqual(Array.from(words(target, n), BigInt), product);
      probe.enter(target, a, n);
      const entered = x.map((one) => big.modulo(BigInt(one) << 32n));
      assert.deepEqual(Array.from(words(target, n), BigInt), entered);
    }),
  );
});

test('words: sum, difference, product, inverse, Montgomery form', () => {
  fc.assert(
    fc.property(value, value, (x, y) => {
      const [one, other] = [BigInt(x), BigInt(y)];
      const enter = (plain: number) => probe.wordToMontgomery(plain) >>> 0;
      const leave = (word: number) => BigInt(probe.wordFromMontgomery(word) >>> 0);
      assert.equal(BigInt(enter(x)), big.modulo(one << 32n));
      assert.equal(leave(probe.addWord(enter(x), enter(y))), big.modulo(one + other));
      assert.equal(leave(probe.subWord(enter(x), enter(y))), big.modulo(one - other));
      assert.equal(leave(probe.mulWord(enter(x), enter(y))), big.modulo(one * other));
      assert.equal(leave(probe.inverseWord(enter(x))), big.inverse(one));
    }),
  );
});

test('extension: sum, difference, product, product by a base element, square, inverse', () => {
  fc.assert(
    fc.property(column(5 * n), column(5 * n), (x, y) => {
      const [rows, others] = [elements(x), elements(y)];
      const sums = rows.map((row, i) =>
        row.map((one, j) => big.modulo(one + (others[i]?.[j] ?? 0n))),
      );
      assert.deepEqual(run(probe.addExtension, x, y), columnsOf(sums));
      const differences = rows.map((row, i) =>
        row.map((one, j) => big.modulo(one - (others[i]?.[j] ?? 0n))),
      );
      assert.deepEqual(run(probe.subExtension, x, y), columnsOf(differences));
      const products = rows.map((row, i) => big.multiply(row, others[i] ?? []));
      assert.deepEqual(run(probe.mulExtension, x, y), columnsOf(products));
      const scaled = rows.map((row, i) => big.multiply(row, [BigInt(y[i] ?? 0)]));
      assert.deepEqual(run(probe.scaleExtension, x, y), columnsOf(scaled));
      const squares = rows.map((row) => big.multiply(row, row));
      assert.deepEqual(run(probe.squareExtension, x), columnsOf(squares));
    }),
    { numRuns: 50 },
  );
  const largest = Array<number>(5 * n).fill(LARGEST);
  const products = columnsOf(elements(largest).map((row) => big.multiply(row, row)));
  assert.deepEqual(run(probe.mulExtension, largest, largest), products);
  assert.deepEqual(run(probe.squareExtension, largest), products);
  const sample = fc.sample(column(5 * n), { numRuns: 1, seed: 5 })[0] ?? [];
  for (let j = 0; j < 5; j++) sample[j * n + 3] = 0;
  const inverses = elements(sample).map(big.inverseExtension);
  assert.deepEqual(inverses[3], [0n, 0n, 0n, 0n, 0n]);
  assert.deepEqual(run(probe.inverseExtension, sample), columnsOf(inverses));
});

test('test vectors: products and inverses', () => {
  const file = new URL('../testing/vectors/field.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as FieldVectors;
  const lanes = (elements: readonly (readonly number[])[]) =>
    [0, 1, 2, 3, 4].flatMap((j) => elements.map((words) => words[j] ?? 0));
  for (const { a, b, product } of vectors.products) {
    const four = [a, a, a, a, ...[b, b, b, b]];
    assert.deepEqual(call(probe.mul, four, 4).slice(0, 4), Array(4).fill(product));
  }
  for (const { a, b, product } of vectors.extensionProducts) {
    const both = [...lanes([a, a, a, a]), ...lanes([b, b, b, b])];
    const found = call(probe.mulExtension, both, 20);
    assert.deepEqual(found, lanes([product, product, product, product]));
  }
  for (const { a, inverse } of vectors.extensionInverses) {
    const found = call(probe.inverseExtension, lanes([a, a, a, a]), 20);
    assert.deepEqual(found, lanes([inverse, inverse, inverse, inverse]));
  }
});

/** An operation on four rows; the second argument begins `count` words behind the first. */
function call(operation: Operation, given: readonly number[], count: number): number[] {
  const address = 64 * Math.ceil(probe.heapBase() / 64);
  const words = new Uint32Array(probe.memory.buffer, address, 60);
  words.set(given);
  probe.enter(address, address, 40);
  operation(address + 160, address, address + 4 * count, 4);
  probe.leave(address + 160, address + 160, 20);
  return [...words.subarray(40, 40 + count)];
}
