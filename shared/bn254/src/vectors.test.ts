import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildBn254 } from '../build.ts';
import { readNumber, writeNumber } from './bytes.ts';
import { G1 } from './g1.ts';
import { Bn254Error, type Flavour, openFlavour } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { SCALAR_ORDER } from './orders.ts';
import { type FrVector, FrVectors } from './vectors.ts';

await buildBn254();
const code = await readKernelCode();

const bytesOf = (values: readonly bigint[]): Uint8Array => {
  const bytes = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    writeNumber(bytes, 32 * index, value);
  });
  return bytes;
};
const valuesOf = (vector: FrVector): bigint[] => {
  const bytes = vector.toBytes();
  return Array.from({ length: vector.length }, (_, index) => readNumber(bytes, 32 * index));
};
const mod = (value: bigint): bigint => ((value % SCALAR_ORDER) + SCALAR_ORDER) % SCALAR_ORDER;

/** Limbs that are full, half or empty; what is near the order. */
const edges = [
  ...[0n, 1n, 2n, SCALAR_ORDER - 1n, SCALAR_ORDER - 2n, SCALAR_ORDER / 2n, SCALAR_ORDER / 2n + 1n],
  ...[50n, 51n, 102n, 152n, 153n, 203n, 204n, 253n].flatMap((bit) => [1n << bit, (1n << bit) - 1n]),
];
const element = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }));
const couples = fc.array(fc.tuple(element, element), { minLength: 1, maxLength: 9 });

for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  const kernel = await openFlavour(code, flavour);
  const vectors = new FrVectors(kernel);

  test(`${flavour}: element by element as plain numbers`, () => {
    fc.assert(
      fc.property(couples, element, (given, factor) => {
        const a = vectors.fromBytes(bytesOf(given.map(([x]) => x)));
        const b = vectors.fromBytes(bytesOf(given.map(([, y]) => y)));
        const found = [
          vectors.add(a, b),
          vectors.subtract(a, b),
          vectors.multiply(a, b),
          vectors.addScaled(a, factor, b),
        ];
        const wanted = [
          given.map(([x, y]) => mod(x + y)),
          given.map(([x, y]) => mod(x - y)),
          given.map(([x, y]) => mod(x * y)),
          given.map(([x, y]) => mod(x + factor * y)),
        ];
        assert.deepEqual(found.map(valuesOf), wanted);
        vectors.addScaled(a, factor, b, a);
        assert.deepEqual(valuesOf(a), wanted[3]);
        for (const vector of [a, b, ...found]) vector.release();
      }),
    );
    assert.equal(kernel.heap.takenBytes, 0);
  });

  test(`${flavour}: a long chain of operations keeps its bounds`, () => {
    let expected = [...edges];
    const vector = vectors.fromBytes(bytesOf(expected));
    for (let round = 0; round < 300; round++) {
      const factor = edges[(round * 7) % edges.length] ?? 0n;
      vectors.addScaled(vector, factor, vector, vector);
      vectors.multiply(vector, vector, vector);
      vectors.add(vector, vector, vector);
      expected = expected.map((x) => mod(2n * mod(x + factor * x) ** 2n));
    }
    assert.deepEqual(valuesOf(vector), expected);
    vector.release();
  });

  test(`${flavour}: a sparse matrix times a vector`, () => {
    const columns = 6;
    const rowOf = fc.array(fc.tuple(fc.nat(columns - 1), fc.nat(4)), { maxLength: 7 });
    const matrices = fc.array(rowOf, { minLength: 1, maxLength: 5 });
    const elements = (length: number) =>
      fc.array(element, { minLength: length, maxLength: length });
    fc.assert(
      fc.property(matrices, elements(5), elements(columns), (rows, values, given) => {
        const entries = rows.flat();
        const starts = [0];
        for (const row of rows) starts.push((starts.at(-1) ?? 0) + row.length);
        const matrix = vectors.matrix({
          rowStarts: Uint32Array.from(starts),
          columns: Uint32Array.from(entries, ([column]) => column),
          coefficients: Uint32Array.from(entries, ([, index]) => index),
          values: bytesOf(values),
        });
        const vector = vectors.fromBytes(bytesOf(given));
        const result = vectors.apply(matrix, vector);
        const wanted = rows.map((row) =>
          mod(row.reduce((sum, [c, v]) => sum + (given[c] ?? 0n) * (values[v] ?? 0n), 0n)),
        );
        assert.deepEqual(valuesOf(result), wanted);
        for (const taken of [result, vector, matrix]) taken.release();
      }),
      { numRuns: 40 },
    );
    assert.equal(kernel.heap.takenBytes, 0);
  });
}

const kernel = await openFlavour(code, 'fused');
const vectors = new FrVectors(kernel);
const refusedAs = (reason: string) => (error: unknown) =>
  error instanceof Bn254Error && error.code === reason;

test('elements in either byte order, below r only', () => {
  const bytes = bytesOf([3n, SCALAR_ORDER - 1n]);
  const little = bytes.slice();
  little.subarray(0, 32).reverse();
  little.subarray(32).reverse();
  const vector = vectors.fromBytes(little, 'little');
  assert.deepEqual(vector.toBytes('big'), bytes);
  assert.deepEqual(vector.toBytes('little'), little);
  for (const value of [SCALAR_ORDER, SCALAR_ORDER + 1n, (1n << 256n) - 1n]) {
    assert.throws(() => vectors.fromBytes(bytesOf([1n, value])), /element 1 is not below r/);
  }
  assert.throws(() => vectors.fromBytes(new Uint8Array(33)), refusedAs('INPUT_LENGTH'));
  vector.release();
});

test('what does not fit together is refused', () => {
  const [one, two] = [vectors.fromBytes(bytesOf([1n])), vectors.fromBytes(bytesOf([1n, 2n]))];
  assert.throws(() => vectors.add(one, two), refusedAs('INPUT_LENGTH'));
  assert.throws(() => vectors.multiply(two, two, one), refusedAs('INPUT_LENGTH'));
  const good = {
    rowStarts: Uint32Array.of(0, 1),
    columns: Uint32Array.of(1),
    coefficients: Uint32Array.of(0),
    values: bytesOf([7n]),
  };
  const bad = [
    { rowStarts: Uint32Array.of(0, 2) },
    { rowStarts: Uint32Array.of(0, 2, 1) },
    { rowStarts: Uint32Array.of(1, 1) },
    { rowStarts: new Uint32Array(0) },
    { coefficients: Uint32Array.of(1) },
    { coefficients: Uint32Array.of(0, 0) },
  ];
  for (const part of bad) {
    assert.throws(() => vectors.matrix({ ...good, ...part }), refusedAs('INPUT_LENGTH'));
  }
  const matrix = vectors.matrix(good);
  assert.throws(() => vectors.apply(matrix, one), refusedAs('INPUT_LENGTH'));
  const product = vectors.apply(matrix, two);
  assert.deepEqual(valuesOf(product), [14n]);
  for (const taken of [one, two, matrix, product]) taken.release();
});

test('a commitment is the sum of the bases times the elements', () => {
  const g1 = new G1(kernel);
  const bases = g1.bases('vectors', 20);
  const values = edges.slice(0, 9);
  const vector = vectors.fromBytes(bytesOf(values));
  const padded = [...new Array<bigint>(4).fill(0n), ...values, ...new Array<bigint>(7).fill(0n)];
  assert.deepEqual(g1.commit(bases, vector, 4), g1.sumOfProducts(bases, bytesOf(padded)));
  assert.throws(() => g1.commit(bases, vector, 12), refusedAs('INPUT_LENGTH'));
  bases.release();
  vector.release();
});

test('memory that is given back is used again', () => {
  const size = kernel.exports.memory.buffer.byteLength;
  for (let round = 0; round < 50; round++) {
    const parts = [1, 2, 3].map((n) => vectors.fromBytes(new Uint8Array(32 * 1000 * n)));
    for (const index of [1, 0, 2]) parts[index]?.release();
  }
  assert(kernel.exports.memory.buffer.byteLength - size < 2 ** 20);
  assert.equal(kernel.heap.takenBytes, 0);
});
