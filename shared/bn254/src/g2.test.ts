import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { buildBn254 } from '../build.ts';
import { writeNumber } from './bytes.ts';
import { G2 } from './g2.ts';
import { type Flavour, openFlavour } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { BASE_ORDER, SCALAR_ORDER } from './orders.ts';
import { edgeScalars, numbers, refusedAs, smallLogs, together } from './test-values.ts';
import { FrVectors } from './vectors.ts';

await buildBn254();
const code = await readKernelCode();
const scalar = fc.oneof(
  fc.constantFrom(...edgeScalars),
  fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }),
);
const smallLog = fc.constantFrom(...smallLogs);
const kernel = await openFlavour(code, 'fused');
const g2 = new G2(kernel);

const Reference = bn254.G2.Point;
type Point = InstanceType<typeof Reference>;
const { h: COFACTOR } = Reference.CURVE();
/** A factor of the cofactor: points of this order are near to none. */
const SMALL_ORDER = 10_069n;

function bytesOf(points: readonly Point[]): Uint8Array {
  const coordinates = points.flatMap((point) => {
    if (point.is0()) return [0n, 0n, 0n, 0n];
    const { x, y } = point.toAffine();
    return [x.c1, x.c0, y.c1, y.c0];
  });
  return numbers(coordinates);
}

/** Points of the reference, by their discrete logarithm. */
const pointOf = (log: bigint): Point =>
  log === 0n ? Reference.ZERO : Reference.BASE.multiplyUnsafe(log % SCALAR_ORDER);

/** By doubling and adding: the library bounds its scalars by r. */
function times(point: Point, scalar: bigint): Point {
  let sum = Reference.ZERO;
  for (const bit of scalar.toString(2)) {
    sum = sum.double();
    if (bit === '1') sum = sum.add(point);
  }
  return sum;
}

/** Points of the twist as they are met: as good as never in G2. */
const strays = Array.from({ length: 12 }, (_, i) => strayFrom(BigInt(i + 1))).filter(
  (point) => point !== undefined,
);

function strayFrom(real: bigint): Point | undefined {
  const { Fp } = Reference;
  const x = { c0: real, c1: 1n };
  try {
    const y = Fp.sqrt(Fp.add(Fp.mul(Fp.sqr(x), x), Reference.CURVE().b));
    return new Reference(x, y, Fp.ONE);
  } catch {
    return undefined;
  }
}

for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  const opened = await openFlavour(code, flavour);
  const group = new G2(opened);

  test(`${flavour}: sums of two points, whatever they are`, () => {
    const couples = fc.array(fc.tuple(smallLog, smallLog), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(couples, (logs) => {
        const a = group.fromBytes(bytesOf(logs.map(([log]) => pointOf(log))));
        const b = group.fromBytes(bytesOf(logs.map(([, log]) => pointOf(log))));
        const sum = group.add(a, b);
        const wanted = logs.map(([x, y]) => pointOf((x + y) % SCALAR_ORDER));
        assert.deepEqual(sum.toBytes(), bytesOf(wanted));
        for (const list of [a, b, sum]) list.release();
      }),
      { numRuns: 20 },
    );
    assert.equal(opened.heap.takenBytes, 0);
  });

  test(`${flavour}: multiples and sums of products as the reference has them`, () => {
    const terms = fc.array(fc.tuple(smallLog, scalar), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(terms, (given) => {
        const points = group.fromBytes(bytesOf(given.map(([log]) => pointOf(log))));
        const scalars = numbers(given.map(([, value]) => value));
        const products = group.multiply(points, scalars);
        const logs = given.map(([log, value]) => (log * value) % SCALAR_ORDER);
        assert.deepEqual(products.toBytes(), bytesOf(logs.map(pointOf)));
        const total = logs.reduce((sum, log) => sum + log, 0n) % SCALAR_ORDER;
        assert.deepEqual(group.sumOfProducts(points, scalars), bytesOf([pointOf(total)]));
        points.release();
        products.release();
      }),
      { numRuns: 10 },
    );
  });

  test(`${flavour}: points of the twist are in G2 where a multiple by r says so`, () => {
    assert(strays.length > 3);
    const cleared = strays.map((point) => times(point, COFACTOR));
    const smalls = strays
      .slice(0, 2)
      .map((point) => times(times(point, SCALAR_ORDER), COFACTOR / SMALL_ORDER))
      .filter((point) => !point.is0());
    assert(smalls.length > 0);
    const mixed = cleared.map((point, i) => point.add(smalls[i % smalls.length] ?? point));
    const outside = (points: readonly Point[]): number => {
      const list = group.fromBytesOnCurve(bytesOf(points));
      const found = group.findOutsideSubgroup(list);
      list.release();
      return found;
    };
    for (const point of [...strays, ...smalls, ...mixed]) {
      assert.equal(outside([...cleared, Reference.ZERO, point]), cleared.length + 1);
      assert.throws(() => group.fromBytes(bytesOf([point])), refusedAs('NOT_IN_SUBGROUP'));
    }
    assert.equal(outside(cleared), -1);
    assert.equal(outside([pointOf(1n), pointOf(SCALAR_ORDER - 1n), Reference.ZERO]), -1);
  });

  test(`${flavour}: sums outside G2, of points of small order`, () => {
    const small = times(times(strays[0] ?? Reference.BASE, SCALAR_ORDER), COFACTOR / SMALL_ORDER);
    // r times such a point is not infinity, so r - 1 is not the same as -1.
    const near = [SMALL_ORDER - 1n, SMALL_ORDER, SMALL_ORDER + 1n, SCALAR_ORDER - 1n];
    const factors = [1n, 5n, ...near, 12n * SMALL_ORDER];
    const points = group.fromBytesOnCurve(bytesOf(factors.map(() => small)));
    const products = group.multiply(points, numbers(factors));
    const wanted = factors.map((factor) => times(small, factor));
    assert.deepEqual(products.toBytes(), bytesOf(wanted));
    const total = times(
      small,
      factors.reduce((sum, factor) => sum + factor, 0n),
    );
    assert.deepEqual(group.sumOfProducts(points, numbers(factors)), bytesOf([total]));
    points.release();
    products.release();
  });
}

/** x, and 0x80 where y is larger than -y: by its imaginary part, its real one where that is 0. */
function signedBytes(point: Point): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = numbers([x.c1, x.c0]);
  if (2n * (y.c1 === 0n ? y.c0 : y.c1) > BASE_ORDER) bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  const opened = await openFlavour(code, flavour);
  const group = new G2(opened);

  test(`${flavour}: points by x and a sign come back; what is none is named`, () => {
    const logs = [1n, SCALAR_ORDER - 1n, 2n, 77n, SCALAR_ORDER - 77n, 1n << 200n, 5n];
    const points = logs.map(pointOf);
    const bytes = points.map(signedBytes);
    for (const count of [0, 1, 2, logs.length]) {
      const list = group.fromSigned(together(bytes.slice(0, count)));
      assert(!('wrong' in list));
      assert.deepEqual(list.toBytes(), bytesOf(points.slice(0, count)));
      list.release();
    }
    const [stray = Reference.BASE] = strays;
    const flaggedReal = (bytes[0] ?? new Uint8Array(64)).slice();
    flaggedReal[32] = (flaggedReal[32] ?? 0) | 0x80;
    const wrongs = [
      ...strays.map(signedBytes),
      signedBytes(stray.negate()),
      flaggedReal,
      numbers([BASE_ORDER, 1n]),
      numbers([1n, BASE_ORDER]),
      new Uint8Array(64),
    ];
    for (const wrong of wrongs) {
      for (const at of [0, 1, 4, 5]) {
        const found = group.fromSigned(together(bytes.with(at, wrong)));
        assert('wrong' in found);
        assert.equal(found.wrong, at);
        // The first is named, whatever is wrong with its neighbour.
        for (const other of wrongs) {
          const next = group.fromSigned(together(bytes.with(at, wrong).with(at + 1, other)));
          assert('wrong' in next && next.wrong === at);
        }
      }
    }
    assert.equal(opened.heap.takenBytes, 0);
  });

  test(`${flavour}: every second x has a point, and only those`, () => {
    const { Fp } = Reference;
    let found = 0;
    for (let i = 0n; i < 24n; i++) {
      const x = { c0: i, c1: i % 3n };
      const right = Fp.add(Fp.mul(Fp.sqr(x), x), Reference.CURVE().b);
      // The kernel's answer before the subgroup check, by the export itself.
      const isPoint = opened.heap.scratch((take) => {
        const [source, target] = [take(64), take(160)];
        opened.bytes(source, 64).set(numbers([x.c1, x.c0]));
        return opened.exports.decompressTwist(target, source, 1) === 1;
      });
      const norm = Fp.pow(right, (BASE_ORDER ** 2n - 1n) / 2n);
      assert.equal(isPoint, Fp.eql(norm, Fp.ONE), `${i}`);
      if (isPoint) found += 1;
    }
    assert(found > 4 && found < 20);
  });
}

test('a sum of products over many different points, small scalars and large', () => {
  const count = 300;
  const logs = Array.from({ length: count }, (_, index) => BigInt(index * index + 1));
  const generators = g2.fromBytes(bytesOf(logs.map(() => Reference.BASE)));
  const points = g2.multiply(generators, numbers(logs));
  const vectors = new FrVectors(kernel);
  for (const scale of [1n, (1n << 61n) - 1n, (1n << 200n) + 5n]) {
    const scalars = logs.map((_, index) => (BigInt(index % 5) * scale ** 2n) % SCALAR_ORDER);
    const log = scalars.reduce((sum, value, index) => sum + value * (logs[index] ?? 0n), 0n);
    const wanted = bytesOf([pointOf(log % SCALAR_ORDER)]);
    assert.deepEqual(g2.sumOfProducts(points, numbers(scalars)), wanted);
    const vector = vectors.fromBytes(numbers(scalars));
    assert.deepEqual(g2.commit(points, vector), wanted);
    vector.release();
    const rest = vectors.fromBytes(numbers(scalars.slice(7, 9)));
    const [seventh = 0n, eighth = 0n] = [7, 8].map((i) => (scalars[i] ?? 0n) * (logs[i] ?? 0n));
    const few = bytesOf([pointOf((seventh + eighth) % SCALAR_ORDER)]);
    assert.deepEqual(g2.commit(points, rest, 7), few);
    assert.throws(() => g2.commit(points, rest, count - 1), refusedAs('INPUT_LENGTH'));
    rest.release();
  }
  // All in one bucket: equal points at every level of the tree.
  const wanted = bytesOf([pointOf(BigInt(count))]);
  assert.deepEqual(g2.sumOfProducts(generators, numbers(logs.map(() => 1n))), wanted);
  points.release();
  generators.release();
});

test('what is no point is refused, and nothing stays taken', () => {
  const taken = kernel.heap.takenBytes;
  const good = bytesOf([Reference.BASE, Reference.BASE]);
  const changed = (offset: number, value: bigint): Uint8Array => {
    const bytes = good.slice();
    writeNumber(bytes, offset, value);
    return bytes;
  };
  const cases: [string, Uint8Array][] = [
    ['NOT_ON_CURVE', numbers([0n, 0n, 0n, 1n])],
    ['NOT_ON_CURVE', changed(160, 5n)],
    ['INPUT_LENGTH', good.subarray(1)],
    ...[0, 32, 64, 96, 224].map((offset): [string, Uint8Array] => [
      'FIELD_RANGE',
      changed(offset, BASE_ORDER),
    ]),
  ];
  for (const [reason, bytes] of cases) {
    assert.throws(() => g2.fromBytes(bytes), refusedAs(reason), reason);
    assert.throws(() => g2.fromBytesOnCurve(bytes), refusedAs(reason), reason);
  }
  const points = g2.fromBytes(good);
  assert.deepEqual(points.toBytes(), good);
  for (const value of [SCALAR_ORDER, (1n << 256n) - 1n]) {
    const scalars = numbers([1n, value]);
    assert.throws(() => g2.sumOfProducts(points, scalars), refusedAs('FIELD_RANGE'));
    assert.throws(() => g2.multiply(points, scalars), refusedAs('FIELD_RANGE'));
  }
  assert.throws(() => g2.sumOfProducts(points, new Uint8Array(32)), refusedAs('INPUT_LENGTH'));
  points.release();
  assert.equal(kernel.heap.takenBytes, taken);
});
