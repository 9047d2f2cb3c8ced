/**
 * Whether a point of BN254's twist is in the subgroup of order r, by the endomorphism psi instead
 * of a multiplication by r: it is where [x+1]P + psi([x]P) + psi^2([x]P) = psi^3([2x]P), x being
 * the curve's parameter of 63 bits (Dai, Lin, Zhao, Zhou: Fast subgroup membership testings for
 * G1, G2 and GT on pairing-friendly curves, eprint 2022/348, section 5.1).
 */
import { bn254 } from '@noble/curves/bn254.js';
import type { Pair } from './base-field.ts';
import { BASE_ORDER } from './field.ts';

const P = BASE_ORDER;
const { Fp2 } = bn254.fields;

/** Digits 1, 0, -1 of the curve's parameter, the highest first and left out. */
const DIGITS = signedDigits(4965661367192848881n).slice(1);

/** In Jacobian coordinates: (X / Z^2, Y / Z^3), infinity where Z = 0. All in (-p, p). */
interface Point {
  readonly x: Pair;
  readonly y: Pair;
  readonly z: Pair;
}

const INFINITY: Point = { x: [1n, 0n], y: [1n, 0n], z: [0n, 0n] };

/** psi(x, y) = (conj(x) xi^((p-1)/3), conj(y) xi^((p-1)/2)), xi = 9 + i. */
const [PSI_X, PSI_Y] = [(P - 1n) / 3n, (P - 1n) / 2n].map((exponent): Pair => {
  const { c0, c1 } = Fp2.pow(Fp2.fromBigTuple([9n, 1n]), exponent);
  return [c0, c1];
}) as [Pair, Pair];

/** `x` and `y` are of a point on the curve, whatever its order. */
export function isInSubgroup(x: Pair, y: Pair): boolean {
  const point: Point = { x, y, z: [1n, 0n] };
  const minus: Point = { x, y: negative(y), z: [1n, 0n] };
  let multiple = point;
  for (const digit of DIGITS) {
    multiple = double(multiple);
    if (digit !== 0) multiple = add(multiple, digit === 1 ? point : minus);
  }
  const once = psi(multiple);
  const left = add(add(add(multiple, point), once), psi(once));
  return areEqual(left, psi(psi(psi(double(multiple)))));
}

function signedDigits(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 1n) {
    const digit = (rest & 1n) === 0n ? 0 : 2 - Number(rest & 3n);
    digits.unshift(digit);
    rest -= BigInt(digit);
  }
  return digits;
}

function multiply([a0, a1]: Pair, [b0, b1]: Pair): Pair {
  const low = a0 * b0;
  const high = a1 * b1;
  return [(low - high) % P, ((a0 + a1) * (b0 + b1) - low - high) % P];
}

function square([a0, a1]: Pair): Pair {
  return [((a0 + a1) * (a0 - a1)) % P, (2n * a0 * a1) % P];
}

const minus = ([a0, a1]: Pair, [b0, b1]: Pair): Pair => [a0 - b0, a1 - b1];
const negative = ([a0, a1]: Pair): Pair => [-a0, -a1];
const times = ([a0, a1]: Pair, factor: bigint): Pair => [a0 * factor, a1 * factor];
const isZero = ([a0, a1]: Pair): boolean => a0 % P === 0n && a1 % P === 0n;

function double({ x, y, z }: Point): Point {
  const a = square(x);
  const b = square(y);
  const c = square(b);
  const d = times(multiply(x, b), 4n);
  const e = times(a, 3n);
  const x3 = reduced(minus(square(e), times(d, 2n)));
  const y3 = reduced(minus(multiply(e, minus(d, x3)), times(c, 8n)));
  return { x: x3, y: y3, z: times(multiply(y, z), 2n) };
}

function add(left: Point, right: Point): Point {
  if (isZero(left.z)) return right;
  if (isZero(right.z)) return left;
  const leftZZ = square(left.z);
  const rightZZ = square(right.z);
  const u1 = multiply(left.x, rightZZ);
  const s1 = multiply(left.y, multiply(rightZZ, right.z));
  const h = minus(multiply(right.x, leftZZ), u1);
  const r = minus(multiply(right.y, multiply(leftZZ, left.z)), s1);
  if (isZero(h)) return isZero(r) ? double(left) : INFINITY;
  const hh = square(h);
  const hhh = multiply(h, hh);
  const v = multiply(u1, hh);
  const x3 = reduced(minus(minus(square(r), hhh), times(v, 2n)));
  const y3 = reduced(minus(multiply(r, minus(v, x3)), multiply(s1, hhh)));
  return { x: x3, y: y3, z: multiply(h, multiply(left.z, right.z)) };
}

const reduced = ([a0, a1]: Pair): Pair => [a0 % P, a1 % P];
const conjugate = ([a0, a1]: Pair): Pair => [a0, -a1];

function psi({ x, y, z }: Point): Point {
  return {
    x: multiply(conjugate(x), PSI_X),
    y: multiply(conjugate(y), PSI_Y),
    z: conjugate(z),
  };
}

function areEqual(left: Point, right: Point): boolean {
  if (isZero(left.z) || isZero(right.z)) return isZero(left.z) && isZero(right.z);
  const leftZZ = square(left.z);
  const rightZZ = square(right.z);
  const isX = isZero(minus(multiply(left.x, rightZZ), multiply(right.x, leftZZ)));
  const leftY = multiply(left.y, multiply(rightZZ, right.z));
  return isX && isZero(minus(leftY, multiply(right.y, multiply(leftZZ, left.z))));
}
