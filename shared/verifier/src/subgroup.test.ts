import assert from 'node:assert/strict';
import { test } from 'node:test';
import { squareRoot, squareRootOfPair } from './base-field.ts';
import { G2, type G2Point } from './curve-points.ts';
import { BASE_ORDER, SCALAR_ORDER } from './field.ts';
import { isInSubgroup } from './subgroup.ts';

const { h: COFACTOR, b: B } = G2.CURVE();
/** A factor of the cofactor: points of this order are near to none. */
const SMALL_ORDER = 10_069n;

/** The first point of the twist whose x is (i, 1). */
function pointFrom(i: bigint): G2Point | undefined {
  const { Fp } = G2;
  const x = Fp.mul(Fp.ONE, i);
  const at = Fp.add(x, { c0: 0n, c1: 1n });
  const square = Fp.add(Fp.mul(Fp.sqr(at), at), B);
  const root = squareRootOfPair([square.c0, square.c1]);
  return root && new G2(at, { c0: root[0], c1: root[1] }, Fp.ONE);
}

const isFound = (point: G2Point): boolean => {
  const { x, y } = point.toAffine();
  return isInSubgroup([x.c0, x.c1], [y.c0, y.c1]);
};

const points = Array.from({ length: 24 }, (_, i) => pointFrom(BigInt(i + 1))).filter(
  (point) => point !== undefined,
);

test('points of the curve are in the subgroup exactly where a multiplication by r says so', () => {
  assert(points.length > 5);
  for (const point of points) {
    assert.equal(isFound(point), false);
    assert.equal(point.isTorsionFree(), false);
    const cleared = times(point, COFACTOR);
    assert.equal(isFound(cleared), true);
    assert.equal(isFound(cleared.negate()), true);
    assert.equal(isFound(cleared.add(times(point, SCALAR_ORDER))), false);
  }
});

test('points of the smallest order are outside', () => {
  assert.equal(COFACTOR % SMALL_ORDER, 0n);
  let met = 0;
  for (const point of points.slice(0, 4)) {
    const small = times(times(point, SCALAR_ORDER), COFACTOR / SMALL_ORDER);
    if (small.is0()) continue;
    met += 1;
    assert(times(small, SMALL_ORDER).is0());
    for (const factor of [1n, 2n, 5_000n, 10_068n]) {
      assert.equal(isFound(times(small, factor)), false);
    }
  }
  assert(met > 0);
});

test('square roots are of squares alone', () => {
  let squares = 0;
  for (let value = 0n; value < 40n; value++) {
    const root = squareRoot(value);
    if (root === undefined) continue;
    squares += 1;
    assert.equal((root * root) % BASE_ORDER, value);
    assert.notEqual(squareRoot((BASE_ORDER - value) % BASE_ORDER) !== undefined, value !== 0n);
  }
  assert(squares > 10 && squares < 30);
  for (let i = 0n; i < 6n; i++) {
    for (let j = 0n; j < 6n; j++) {
      const { Fp } = G2;
      const square = Fp.sqr({ c0: i, c1: j });
      const root = squareRootOfPair([square.c0, square.c1]);
      assert(root !== undefined, `${i}, ${j}`);
      assert(Fp.eql(Fp.sqr({ c0: root[0], c1: root[1] }), square));
      // 9 + i is no square, so no square times it is one.
      const other = Fp.mul(square, { c0: 9n, c1: 1n });
      if (i + j > 0n) assert.equal(squareRootOfPair([other.c0, other.c1]), undefined);
    }
  }
});

/** By doubling and adding: the library bounds its scalars by r. */
function times(point: G2Point, scalar: bigint): G2Point {
  let sum = G2.ZERO;
  for (const bit of scalar.toString(2)) {
    sum = sum.double();
    if (bit === '1') sum = sum.add(point);
  }
  return sum;
}
