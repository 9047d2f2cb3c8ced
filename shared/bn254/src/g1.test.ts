import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { buildBn254 } from '../build.ts';
import { readNumber, writeNumber } from './bytes.ts';
import { G1 } from './g1.ts';
import { Bn254Error, type Flavour, openFlavour } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { BASE_ORDER, SCALAR_ORDER } from './orders.ts';
import { windowsFor } from './scalar-sums.ts';
import { edgeScalars, numbers, refusedAs, smallLogs, together } from './test-values.ts';

await buildBn254();
const code = await readKernelCode();
const scalar = fc.oneof(
  fc.constantFrom(...edgeScalars),
  fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }),
);
const smallLog = fc.constantFrom(...smallLogs);
const kernel = await openFlavour(code, 'fused');
const g1 = new G1(kernel);

const Reference = bn254.G1.Point;
type Point = InstanceType<typeof Reference>;

function bytesOf(points: readonly Point[]): Uint8Array {
  const affine = points.map((point) => (point.is0() ? { x: 0n, y: 0n } : point.toAffine()));
  return numbers(affine.flatMap(({ x, y }) => [x, y]));
}

/** Points of the reference, by their discrete logarithm. */
const pointOf = (log: bigint): Point =>
  log === 0n ? Reference.ZERO : Reference.BASE.multiplyUnsafe(log % SCALAR_ORDER);

for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  const group = new G1(await openFlavour(code, flavour));

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
      { numRuns: 30 },
    );
  });

  test(`${flavour}: multiples and sums of products as the reference has them`, () => {
    const terms = fc.array(fc.tuple(smallLog, scalar), { minLength: 1, maxLength: 12 });
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
      { numRuns: 15 },
    );
  });
}

test('a sum of products over many different points, small scalars and large', () => {
  const count = 700;
  const logs = Array.from({ length: count }, (_, index) => BigInt(index * index + 1));
  const ones = numbers(logs);
  const generators = g1.fromBytes(bytesOf(logs.map(() => Reference.BASE)));
  const points = g1.multiply(generators, ones);
  const last = (1n << 200n) + 5n;
  for (const scale of [1n, (1n << 61n) - 1n, last]) {
    const scalars = logs.map((_, index) => (BigInt(index % 5) * scale ** 2n) % SCALAR_ORDER);
    const log = scalars.reduce((sum, value, index) => sum + value * (logs[index] ?? 0n), 0n);
    const wanted = bytesOf([pointOf(log % SCALAR_ORDER)]);
    assert.deepEqual(g1.sumOfProducts(points, numbers(scalars)), wanted);
  }
  // All in one bucket: equal points at every level of the tree.
  const wanted = bytesOf([pointOf(BigInt(count))]);
  assert.deepEqual(g1.sumOfProducts(generators, numbers(logs.map(() => 1n))), wanted);
  points.release();
  generators.release();
});

test('compressed points come back, with both signs and infinity', () => {
  const logs = [1n, SCALAR_ORDER - 1n, 0n, 5n, 77n, SCALAR_ORDER - 77n, 123456789n];
  const bytes = bytesOf(logs.map(pointOf));
  const points = g1.fromBytes(bytes);
  const compressed = points.toCompressed();
  assert.equal(compressed.length, 32 * logs.length);
  const back = g1.fromCompressed(compressed);
  assert.deepEqual(back.toBytes(), bytes);
  assert.equal(compressed[0], 0);
  assert.equal(compressed[32], 0x80);
  assert.deepEqual([...compressed.subarray(64, 96)], [0x40, ...new Array<number>(31).fill(0)]);
  points.release();
  back.release();
});

test('points by x and which y is larger come back; what is none is named', () => {
  const logs = [1n, SCALAR_ORDER - 1n, 5n, 77n, SCALAR_ORDER - 77n, 123456789n, 3n];
  const signed = (log: bigint): Uint8Array => {
    const { x, y } = pointOf(log).toAffine();
    const bytes = numbers([x]);
    if (2n * y > BASE_ORDER) bytes[0] = (bytes[0] ?? 0) | 0x80;
    return bytes;
  };
  const bytes = logs.map(signed);
  const taken = kernel.heap.takenBytes;
  for (const count of [0, 1, 2, logs.length]) {
    const list = g1.fromSigned(together(bytes.slice(0, count)));
    assert(!('wrong' in list));
    assert.deepEqual(list.toBytes(), bytesOf(logs.slice(0, count).map(pointOf)));
    list.release();
  }
  const wrongs = [numbers([4n]), numbers([BASE_ORDER]), new Uint8Array(32).fill(0x7f)];
  for (const wrong of wrongs) {
    for (const at of [0, 1, 4, 5]) {
      const found = g1.fromSigned(together(bytes.with(at, wrong)));
      assert('wrong' in found);
      assert.equal(found.wrong, at);
      // The first is named, whatever is wrong with its neighbour.
      for (const other of wrongs) {
        const both = together(bytes.with(at, wrong).with(at + 1, other));
        const next = g1.fromSigned(both);
        assert('wrong' in next && next.wrong === at);
        const message = new RegExp(`point ${at} `);
        assert.throws(() => g1.fromCompressed(both), message);
      }
    }
  }
  assert.equal(kernel.heap.takenBytes, taken);
});

test('what is no point is refused, and nothing stays taken', () => {
  const taken = kernel.heap.takenBytes;
  const good = bytesOf([Reference.BASE]);
  const cases: [string, Uint8Array][] = [
    ['NOT_ON_CURVE', numbers([1n, 2n, 1n, 3n])],
    ['NOT_ON_CURVE', numbers([0n, 1n])],
    ['FIELD_RANGE', numbers([BASE_ORDER + 1n, 2n])],
    ['FIELD_RANGE', numbers([1n, 2n, 1n, BASE_ORDER])],
    ['INPUT_LENGTH', good.subarray(1)],
  ];
  for (const [reason, bytes] of cases) {
    assert.throws(() => g1.fromBytes(bytes), refusedAs(reason), reason);
  }
  const withFirst = (first: number, number: bigint): Uint8Array => {
    const bytes = numbers([number]);
    bytes[0] = (bytes[0] ?? 0) | first;
    return bytes;
  };
  // 4 has no root of 4^3 + 3; infinity with a sign or a coordinate; x = p, x = p + 1.
  const noRoot = [4n, 5n, 6n, 7n, 8n].find(
    (x) => bn254.fields.Fp.create(modPow(x ** 3n + 3n, (BASE_ORDER - 1n) / 2n)) !== 1n,
  );
  assert(noRoot !== undefined);
  for (const bytes of [
    numbers([noRoot]),
    withFirst(0xc0, 0n),
    withFirst(0x40, 1n),
    withFirst(0, BASE_ORDER),
    withFirst(0x80, BASE_ORDER + 1n),
  ]) {
    assert.throws(() => g1.fromCompressed(bytes), refusedAs('POINT_FORMAT'));
  }
  const points = g1.fromBytes(good);
  for (const value of [SCALAR_ORDER, (1n << 256n) - 1n]) {
    assert.throws(() => g1.sumOfProducts(points, numbers([value])), refusedAs('FIELD_RANGE'));
    assert.throws(() => g1.multiply(points, numbers([value])), refusedAs('FIELD_RANGE'));
  }
  assert.throws(() => g1.sumOfProducts(points, new Uint8Array(64)), refusedAs('INPUT_LENGTH'));
  points.release();
  assert.equal(kernel.heap.takenBytes, taken);
});

function modPow(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % BASE_ORDER];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % BASE_ORDER;
    square = (square * square) % BASE_ORDER;
  }
  return result;
}

/** hash-to-points.ts in plain numbers. */
function naiveBase(domain: string, index: number): { x: bigint; y: bigint } {
  const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  const seed = sha(Buffer.from(`foldbook/bn254-bases/v1\n${domain}`));
  for (let attempt = 0; ; attempt++) {
    const part = (half: number): Buffer => {
      const tail = Buffer.alloc(9);
      tail.writeUInt32BE(index, 0);
      tail.writeUInt32BE(attempt, 4);
      tail[8] = half;
      return sha(Buffer.concat([seed, tail]));
    };
    const drawn = BigInt(`0x${Buffer.concat([part(0), part(1)]).toString('hex')}`);
    const isOdd = drawn >> 511n === 1n;
    const x = (drawn & ((1n << 511n) - 1n)) % BASE_ORDER;
    const square = (x ** 3n + 3n) % BASE_ORDER;
    const y = modPow(square, (BASE_ORDER + 1n) / 4n);
    if ((y * y) % BASE_ORDER === square)
      return { x, y: (y % 2n === 1n) === isOdd ? y : BASE_ORDER - y };
  }
}

test('bases are found as the text says, in any portion', () => {
  const count = 40;
  const bases = g1.bases('test', count);
  const wanted = Array.from({ length: count }, (_, index) => naiveBase('test', index));
  const bytes = bases.toBytes();
  assert.deepEqual(bytes, numbers(wanted.flatMap(({ x, y }) => [x, y])));
  const portion = g1.bases('test', 7, 12);
  assert.deepEqual(portion.toBytes(), bytes.slice(64 * 12, 64 * 19));
  const digest = createHash('sha256').update(bytes).digest('hex');
  assert.equal(digest, '4e1096a9feee3278200ad57c83b56a52754a162ffe6e26c5d1a80d99bb112780');
  assert.notEqual(readNumber(g1.bases('other', 1).toBytes()), readNumber(bytes));
});

test('windows hold the longest scalar and a carry', () => {
  for (const points of [1, 10, 1000, 65536]) {
    for (const bits of [0, 1, 64, 253]) {
      const lengths = new Uint32Array(256);
      lengths[bits] = points;
      const { width, windows } = windowsFor(lengths);
      assert(width * windows > bits && width <= 15, `${points} points, ${bits} bits`);
    }
  }
});

test('scalars near the order are as short as those near zero', () => {
  const near = SCALAR_ORDER - (1n << 20n);
  const half = (SCALAR_ORDER - 1n) / 2n;
  const values = [0n, 1n, SCALAR_ORDER - 1n, near, half, half + 1n];
  const lengths = kernel.heap.scratch((take) => {
    const [scalars, counts] = [take(32 * values.length), take(1024)];
    kernel.bytes(scalars, 32 * values.length).set(numbers(values));
    kernel.exports.reverseNumbers(scalars, values.length);
    kernel.exports.signScalars(scalars, values.length, counts, 1);
    return [...new Uint32Array(kernel.bytes(counts, 1024).slice().buffer).entries()];
  });
  const found = lengths.filter(([, count]) => count > 0);
  assert.deepEqual(found, [
    [0, 1],
    [1, 2],
    [21, 1],
    [253, 2],
  ]);
});

test('points of a proving key: little-endian, times 2^256', () => {
  const logs = [1n, 5n, 0n, SCALAR_ORDER - 7n];
  const plain = bytesOf(logs.map(pointOf));
  const bytes = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at += 32) {
    writeNumber(bytes, at, (readNumber(plain, at) << 256n) % BASE_ORDER);
    bytes.subarray(at, at + 32).reverse();
  }
  const points = g1.fromMontgomery(bytes);
  assert.deepEqual(points.toBytes(), plain);
  points.release();
  for (const place of bytes.keys()) {
    const wrong = bytes.with(place, (bytes[place] ?? 0) ^ 1);
    assert.throws(() => g1.fromMontgomery(wrong), Bn254Error, `byte ${place}`);
  }
  assert.throws(() => g1.fromMontgomery(new Uint8Array(63)), refusedAs('INPUT_LENGTH'));
  assert.throws(() => g1.fromMontgomery(new Uint8Array(64).fill(0xff)), refusedAs('FIELD_RANGE'));
});
