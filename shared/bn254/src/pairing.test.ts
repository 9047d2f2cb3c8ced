import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { buildBn254 } from '../build.ts';
import { G1 } from './g1.ts';
import { G2 } from './g2.ts';
import { type Flavour, openFlavour } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { SCALAR_ORDER } from './orders.ts';
import { Pairing } from './pairing.ts';
import { edgeScalars, modulo, numbers, refusedAs } from './test-values.ts';

await buildBn254();
const code = await readKernelCode();
const scalar = fc.oneof(
  fc.constantFrom(...edgeScalars),
  fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }),
);
const fused = await openFlavour(code, 'fused');

/** EIP-197: P1 = (1, 2) and P2, by its coordinates in that text's order. */
const FIRST = [1n, 2n];
const SECOND = [
  11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  10857046999023057135944570762232829481370756359578518086990519993285655852781n,
  4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  8495653923123431417604973247489272438418190587263600148770280649306958101930n,
];

const repeated = (values: readonly bigint[], count: number): Uint8Array =>
  numbers(Array.from({ length: count }, () => values).flat());

for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  const kernel = await openFlavour(code, flavour);
  const g1 = new G1(kernel);
  const g2 = new G2(kernel);
  const pairing = new Pairing(kernel);

  /** Whether the product over pairs of multiples of the generators is one. */
  function isOne(logs: readonly (readonly [bigint, bigint])[]): boolean {
    const firsts = g1.fromBytes(repeated(FIRST, logs.length));
    const seconds = g2.fromBytes(repeated(SECOND, logs.length));
    const left = g1.multiply(firsts, numbers(logs.map(([log]) => log)));
    const right = g2.multiply(seconds, numbers(logs.map(([, log]) => log)));
    const verdict = pairing.productIsOne(left, right);
    for (const list of [firsts, seconds, left, right]) list.release();
    return verdict;
  }

  test(`${flavour}: a product is one exactly where the logarithms' products sum up to zero`, () => {
    const pairs = fc.array(fc.tuple(scalar, scalar), { minLength: 0, maxLength: 5 });
    fc.assert(
      fc.property(pairs, scalar, (logs, off) => {
        const sum = logs.reduce((total, [a, b]) => total + a * b, 0n);
        // The rest once as a multiple of one generator, once of the other.
        assert(isOne([...logs, [modulo(-sum), 1n]]));
        assert(isOne([...logs, [1n, modulo(-sum)]]));
        assert.equal(isOne([...logs, [modulo(off - sum), 1n]]), off === 0n);
      }),
      { numRuns: 12 },
    );
    assert.equal(kernel.heap.takenBytes, 0);
  });

  test(`${flavour}: edges: none, infinity, the same pair often, a pair and its negative`, () => {
    assert(isOne([]));
    assert(isOne([[0n, 5n]]));
    assert(
      isOne([
        [5n, 0n],
        [0n, 0n],
      ]),
    );
    assert(!isOne([[1n, 1n]]));
    assert(
      !isOne([
        [0n, 1n],
        [1n, 1n],
        [1n, 0n],
      ]),
    );
    const last = SCALAR_ORDER - 1n;
    assert(
      isOne([
        [1n, 1n],
        [last, 1n],
      ]),
    );
    assert(
      isOne([
        [1n, 1n],
        [1n, last],
      ]),
    );
    assert(
      !isOne([
        [1n, 1n],
        [last, last],
      ]),
    );
    const often = Array.from({ length: 40 }, (): [bigint, bigint] => [3n, 7n]);
    assert(isOne([...often, [modulo(-840n), 1n]]));
    assert(!isOne([...often, [modulo(-839n), 1n]]));
  });
}

test('the reference agrees, on points of its own', () => {
  fc.assert(
    fc.property(scalar, scalar, fc.boolean(), (a, b, isFalse) => {
      const [log, other] = [modulo(a) || 1n, modulo(b) || 1n];
      const rest = modulo(-log * other + (isFalse ? 1n : 0n)) || 1n;
      const pairs = [
        { g1: bn254.G1.Point.BASE.multiply(log), g2: bn254.G2.Point.BASE.multiply(other) },
        { g1: bn254.G1.Point.BASE.multiply(rest), g2: bn254.G2.Point.BASE },
      ];
      const wanted = bn254.fields.Fp12.eql(bn254.pairingBatch(pairs), bn254.fields.Fp12.ONE);
      assert.equal(isProductOne(pairs), wanted);
    }),
    { numRuns: 12 },
  );
});

interface ReferencePair {
  readonly g1: InstanceType<typeof bn254.G1.Point>;
  readonly g2: InstanceType<typeof bn254.G2.Point>;
}

function isProductOne(pairs: readonly ReferencePair[]): boolean {
  const left = pairs.flatMap(({ g1 }) => [g1.toAffine().x, g1.toAffine().y]);
  const right = pairs.flatMap(({ g2 }) => {
    const { x, y } = g2.toAffine();
    return [x.c1, x.c0, y.c1, y.c0];
  });
  const points = new G1(fused).fromBytes(numbers(left));
  const others = new G2(fused).fromBytesOnCurve(numbers(right));
  const verdict = new Pairing(fused).productIsOne(points, others);
  points.release();
  others.release();
  return verdict;
}

test('points outside G2 and lists that are no pairs are refused', () => {
  const { Fp } = bn254.G2.Point;
  const outsiders = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].flatMap((real) => {
    const x = { c0: real, c1: 1n };
    try {
      const y = Fp.sqrt(Fp.add(Fp.mul(Fp.sqr(x), x), bn254.G2.Point.CURVE().b));
      return [[x.c1, x.c0, y.c1, y.c0]];
    } catch {
      return [];
    }
  });
  const points = new G1(fused).fromBytes(numbers(FIRST));
  const outside = new G2(fused).fromBytesOnCurve(numbers(outsiders[0] ?? []));
  const two = new G2(fused).fromBytesOnCurve(repeated(SECOND, 2));
  const pairing = new Pairing(fused);
  assert.throws(() => pairing.productIsOne(points, outside), refusedAs('NOT_IN_SUBGROUP'));
  assert.throws(() => pairing.productIsOne(points, two), refusedAs('INPUT_LENGTH'));
  for (const list of [points, outside, two]) list.release();
});
