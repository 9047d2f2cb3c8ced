import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildBn254 } from '../build.ts';
import { readNumber, writeNumber } from './bytes.ts';
import { Bn254Error, type Flavour, openFlavour } from './kernel.ts';
import { Multilinear } from './multilinear.ts';
import { readKernelCode } from './node-code.ts';
import { SCALAR_ORDER } from './orders.ts';
import { type FrVector, FrVectors } from './vectors.ts';

await buildBn254();
const code = await readKernelCode();

const mod = (value: bigint): bigint => ((value % SCALAR_ORDER) + SCALAR_ORDER) % SCALAR_ORDER;
const bytesOf = (values: readonly bigint[]): Uint8Array => {
  const bytes = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    writeNumber(bytes, 32 * index, value);
  });
  return bytes;
};
const valuesOf = (vector: FrVector, length = vector.length): bigint[] => {
  const bytes = vector.toBytes();
  return Array.from({ length }, (_, index) => readNumber(bytes, 32 * index));
};
const equality = (point: readonly bigint[], index: number): bigint =>
  point.reduce((product, coordinate, place) => {
    const bit = (index >> (point.length - 1 - place)) & 1;
    return mod(product * (bit === 1 ? coordinate : 1n - coordinate));
  }, 1n);
const bound = (values: readonly bigint[], r: bigint): bigint[] => {
  const half = values.length / 2;
  return values.slice(0, half).map((value, i) => {
    return mod(value + r * ((values[half + i] ?? 0n) - value));
  });
};
const sum = (values: readonly bigint[]): bigint => mod(values.reduce((a, b) => a + b, 0n));

const edges = [0n, 1n, 2n, SCALAR_ORDER - 1n, SCALAR_ORDER / 2n, (1n << 253n) - 1n, 1n << 204n];
const element = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }));
const list = (length: number) => fc.array(element, { minLength: length, maxLength: length });
const instances = fc.integer({ min: 1, max: 5 }).chain((variables) =>
  fc.record({
    point: list(variables),
    r: element,
    tables: fc.tuple(list(2 ** variables), list(2 ** variables), list(2 ** variables)),
  }),
);

for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  const kernel = await openFlavour(code, flavour);
  const vectors = new FrVectors(kernel);
  const multilinear = new Multilinear(kernel);

  test(`${flavour}: tables, sums and bindings as plain numbers`, () => {
    fc.assert(
      fc.property(instances, ({ point, r, tables }) => {
        const length = tables[0].length;
        const half = length / 2;
        const eq = multilinear.equality(point);
        const rest = point.slice(1);
        const weight = (i: number): bigint => equality(rest, i);
        const polynomials = tables.map((values) => vectors.fromBytes(bytesOf(values)));
        const [a, b, c] = polynomials;
        assert(a !== undefined && b !== undefined && c !== undefined);
        const [as, bs, cs] = tables;
        const at = (values: readonly bigint[], i: number): bigint => values[i] ?? 0n;
        const rise = (values: readonly bigint[], i: number) => at(values, half + i) - at(values, i);
        const indices = Array.from({ length: half }, (_, i) => i);
        assert.equal(eq.evaluate(a), sum(as.map((value, i) => value * equality(point, i))));
        assert.deepEqual(multilinear.constraintSums([a, b, c], length, eq), [
          sum(indices.map((i) => weight(i) * mod(at(as, i) * at(bs, i) - at(cs, i)))),
          sum(indices.map((i) => weight(i) * mod(rise(as, i) * rise(bs, i)))),
        ]);
        const atZero = sum(indices.map((i) => weight(i) * at(as, i)));
        assert.equal(multilinear.sumAtZero(a, length, eq), atZero);
        const smaller = multilinear.bind(a, r);
        assert.deepEqual(valuesOf(smaller), bound(as, r));
        multilinear.bindInPlace(a, length, r);
        assert.deepEqual(valuesOf(a, half), bound(as, r));
        for (const vector of [a, b, c, smaller, eq]) vector.release();
      }),
    );
    assert.equal(kernel.heap.takenBytes, 0);
  });

  test(`${flavour}: a binding after another keeps its bounds`, () => {
    let expected = Array.from({ length: 1024 }, (_, i) => mod(edges[i % edges.length] ?? 0n));
    const vector = vectors.fromBytes(bytesOf(expected));
    for (let length = 1024; length > 1; length /= 2) {
      const r = edges[length % edges.length] ?? 0n;
      multilinear.bindInPlace(vector, length, r);
      expected = bound(expected, r);
    }
    assert.deepEqual(valuesOf(vector, 1), expected);
    vector.release();
  });

  test(`${flavour}: lengths that do not fit are refused`, () => {
    const vector = vectors.fromBytes(bytesOf([1n, 2n, 3n]));
    const tables = multilinear.equality([5n]);
    const refusal = (error: unknown) =>
      error instanceof Bn254Error && error.code === 'INPUT_LENGTH';
    assert.throws(() => multilinear.bind(vector, 1n), refusal);
    assert.throws(() => multilinear.bindInPlace(vector, 4, 1n), refusal);
    assert.throws(() => multilinear.sumAtZero(vector, 1, tables), refusal);
    assert.throws(() => tables.evaluate(vector), refusal);
    assert.throws(() => tables.addressOf(2), refusal);
    vector.release();
    tables.release();
  });
}
