import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { buildBn254 } from '../build.ts';
import { readNumber } from './bytes.ts';
import { FrDomain, rootOfUnity } from './fft.ts';
import { Bn254Error, type Flavour, openFlavour } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { SCALAR_ORDER } from './orders.ts';
import { numbers } from './test-values.ts';
import { type FrVector, FrVectors } from './vectors.ts';

await buildBn254();
const code = await readKernelCode();
const { Fr } = bn254.fields;

const valuesOf = (vector: FrVector): bigint[] => {
  const bytes = vector.toBytes();
  return Array.from({ length: vector.length }, (_, index) => readNumber(bytes, 32 * index));
};
/** The polynomial's value, by Horner. */
const valueAt = (coefficients: readonly bigint[], x: bigint): bigint =>
  coefficients.reduceRight((sum, coefficient) => Fr.add(Fr.mul(sum, x), coefficient), 0n);

const edges = [0n, 1n, SCALAR_ORDER - 1n, SCALAR_ORDER / 2n, SCALAR_ORDER / 2n + 1n, 1n << 253n];
const element = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }));

test('roots have their orders, each the square of the next, and are of the known generator', () => {
  assert.equal(rootOfUnity(0), 1n);
  assert.equal(rootOfUnity(1), SCALAR_ORDER - 1n);
  for (let log2 = 1; log2 <= 28; log2++) {
    assert.equal(Fr.sqr(rootOfUnity(log2)), rootOfUnity(log2 - 1));
  }
  // As ffjavascript 0.3.1 has Fr.w[28].
  const known = 19103219067921713944291392827692070036145651957329286315305642004821462161904n;
  assert.equal(rootOfUnity(28), known);
  for (const wrong of [-1, 29, 1.5]) assert.throws(() => rootOfUnity(wrong), RangeError);
});

for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  const kernel = await openFlavour(code, flavour);
  const vectors = new FrVectors(kernel);

  test(`${flavour}: transforms of every small size as the definition has them`, () => {
    for (let log2 = 0; log2 <= 7; log2++) {
      const domain = new FrDomain(kernel, log2);
      const size = 2 ** log2;
      const [root, between] = [rootOfUnity(log2), rootOfUnity(log2 + 1)];
      const lists = fc.array(element, { minLength: size, maxLength: size });
      fc.assert(
        fc.property(lists, (coefficients) => {
          const points = coefficients.map((_, index) => Fr.pow(root, BigInt(index)));
          const values = points.map((x) => valueAt(coefficients, x));
          const vector = vectors.fromBytes(numbers(coefficients));
          domain.evaluate(vector);
          assert.deepEqual(valuesOf(vector), values);
          domain.shift(vector);
          const shifted = points.map((x) => valueAt(coefficients, Fr.mul(x, between)));
          assert.deepEqual(valuesOf(vector), shifted);
          vector.release();
          const back = vectors.fromBytes(numbers(values));
          domain.interpolate(back);
          assert.deepEqual(valuesOf(back), coefficients);
          back.release();
        }),
        { numRuns: 4 },
      );
      domain.release();
    }
    assert.equal(kernel.heap.takenBytes, 0);
  });

  test(`${flavour}: large elements keep the bounds through many layers, odd and even`, () => {
    for (const log2 of [12, 13]) {
      const domain = new FrDomain(kernel, log2);
      const values = Array.from({ length: domain.size }, (_, i) => edges[(i * 7) % 6] ?? 0n);
      const vector = vectors.fromBytes(numbers(values));
      for (let round = 0; round < 2; round++) domain.shift(vector);
      // Twice between the powers is one power further.
      assert.deepEqual(valuesOf(vector), [...values.slice(1), ...values.slice(0, 1)]);
      domain.interpolate(vector);
      domain.evaluate(vector);
      assert.deepEqual(valuesOf(vector), [...values.slice(1), ...values.slice(0, 1)]);
      vector.release();
      domain.release();
    }
    assert.equal(kernel.heap.takenBytes, 0);
  });

  test(`${flavour}: a vector of another length is refused`, () => {
    const domain = new FrDomain(kernel, 2);
    const vector = vectors.fromBytes(new Uint8Array(96));
    for (const use of [domain.evaluate, domain.interpolate, domain.shift]) {
      assert.throws(
        () => use.call(domain, vector),
        (error: unknown) => error instanceof Bn254Error && error.code === 'INPUT_LENGTH',
      );
    }
    vector.release();
    domain.release();
  });
}
