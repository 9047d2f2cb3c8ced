/**
 * Arithmetic modulo p = 15 * 2^27 + 1: words, four lanes at a time, and the extension by X^5 - 2.
 * Elements are u32 in Montgomery form, a 2^32 mod p, below p, unless a name says `plain` or a
 * comment `lazy`. All of it is inlined: a v128 lives in registers, and an extension element is five
 * of them, a coordinate each.
 *
 * Sums of products are cheaper than products: they are kept as two v128 of 64-bit sums (lanes 0, 1
 * and lanes 2, 3) and reduced once. A sum is *folded* while it is below 2^32 p: to a folded sum two
 * products may be added (four to nothing), then it is folded again. p^2 < 0.46876 * 2^32 p, so that
 * a folded sum and two products stay below 1.94 * 2^32 p < 2^64, which `fold` takes.
 */
export const P: u32 = 0x78000001;
/** 1 / p modulo 2^32. */
const P_INVERSE: u32 = 0x88000001;
/** 2^32 mod p: one. */
export const ONE: u32 = 0x0ffffffe;
/** 2^64 mod p. */
const SQUARE: u32 = 0x45dddde3;

// Constants are loaded: V8 builds a constant vector anew at each use, in three instructions.
const PRIME: usize = memory.data<u32>([P, P, P, P], 16);
const PRIME_HIGH: usize = memory.data<u32>([0, P, 0, P], 16);
const INVERSE: usize = memory.data<u32>([P_INVERSE, P_INVERSE, P_INVERSE, P_INVERSE], 16);

// @ts-ignore: decorator
@inline
export function prime(): v128 {
  return v128.load(PRIME);
}

/** A value below 2 p, brought below p. */
// @ts-ignore: decorator
@inline
export function reduce(a: v128): v128 {
  return i32x4.min_u(a, i32x4.sub(a, prime()));
}

// @ts-ignore: decorator
@inline
export function add(a: v128, b: v128): v128 {
  return reduce(i32x4.add(a, b));
}

// @ts-ignore: decorator
@inline
export function sub(a: v128, b: v128): v128 {
  const difference = i32x4.sub(a, b);
  return i32x4.min_u(difference, i32x4.add(difference, prime()));
}

// @ts-ignore: decorator
@inline
export function double(a: v128): v128 {
  return add(a, a);
}

/** The first two lanes' part of a sum with the one product a b. */
// @ts-ignore: decorator
@inline
export function wideLow(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(a, b);
}

/** The last two lanes' part. */
// @ts-ignore: decorator
@inline
export function wideHigh(a: v128, b: v128): v128 {
  return i64x2.extmul_high_i32x4_u(a, b);
}

/** Either part of a sum below 2^33 p, brought below 2^32 p. */
// @ts-ignore: decorator
@inline
export function fold(wide: v128): v128 {
  return i32x4.min_u(wide, i32x4.sub(wide, v128.load(PRIME_HIGH)));
}

/** The sum over 2^32, below p, of a folded sum. */
// @ts-ignore: decorator
@inline
export function reduceWide(low: v128, high: v128): v128 {
  const bottom = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
  return sub(v128.shuffle<i32>(low, high, 1, 3, 5, 7), multipleAbove(bottom));
}

/** The same of a sum below 2^33 p: four products, or two more than a folded sum. */
// @ts-ignore: decorator
@inline
export function reduceSum(low: v128, high: v128): v128 {
  const bottom = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
  return sub(reduce(v128.shuffle<i32>(low, high, 1, 3, 5, 7)), multipleAbove(bottom));
}

/** The upper words, below p, of the multiple of p that has these lower ones. */
// @ts-ignore: decorator
@inline
function multipleAbove(bottom: v128): v128 {
  const quotient = i32x4.mul(bottom, v128.load(INVERSE));
  const first = i64x2.extmul_low_i32x4_u(quotient, prime());
  const second = i64x2.extmul_high_i32x4_u(quotient, prime());
  return v128.shuffle<i32>(first, second, 1, 3, 5, 7);
}

/** One factor may be lazy: any u32. */
// @ts-ignore: decorator
@inline
export function mul(a: v128, b: v128): v128 {
  return reduceWide(wideLow(a, b), wideHigh(a, b));
}

/** a 2^32 mod p for any u32. */
// @ts-ignore: decorator
@inline
export function toMontgomery(a: v128): v128 {
  return mul(a, i32x4.splat(SQUARE));
}

/** The plain value, below p. */
// @ts-ignore: decorator
@inline
export function fromMontgomery(a: v128): v128 {
  const zero = i32x4.splat(0);
  return reduceWide(v128.shuffle<i32>(a, zero, 0, 4, 1, 4), v128.shuffle<i32>(a, zero, 2, 4, 3, 4));
}

/**
 * a w for a `factor` w that is known beforehand: plain, with `quotient` = floor(w 2^32 / p), for
 * any u32 a (V. Shoup). The result's form is that of a. It takes two thirds of a product's time.
 */
// @ts-ignore: decorator
@inline
export function mulKnown(a: v128, factor: v128, quotient: v128): v128 {
  const first = i64x2.extmul_low_i32x4_u(a, quotient);
  const second = i64x2.extmul_high_i32x4_u(a, quotient);
  const multiple = i32x4.mul(v128.shuffle<i32>(first, second, 1, 3, 5, 7), prime());
  // The true quotient is at most one more: what is left is below 2 p.
  return reduce(i32x4.sub(i32x4.mul(a, factor), multiple));
}

/** For `mulKnown`, of a plain value. */
// @ts-ignore: decorator
@inline
export function quotientOf(factor: u32): u32 {
  return <u32>(((<u64>factor) << 32) / P);
}

// @ts-ignore: decorator
@inline
function squareTimes(a: v128, times: u32): v128 {
  for (let i: u32 = 0; i < times; i++) a = mul(a, a);
  return a;
}

/** 1 / a, and 0 for 0. */
export function inverse(a: v128): v128 {
  // p - 2 is 1110111 and 24 ones behind it, in binary.
  const ones3 = mul(squareTimes(mul(squareTimes(a, 1), a), 1), a);
  const ones6 = mul(squareTimes(ones3, 3), ones3);
  let power = mul(squareTimes(ones3, 4), ones3);
  for (let i = 0; i < 4; i++) power = mul(squareTimes(power, 6), ones6);
  return power;
}

// @ts-ignore: decorator
@inline
export function addWord(a: u32, b: u32): u32 {
  const sum = a + b;
  return min(sum, sum - P);
}

// @ts-ignore: decorator
@inline
export function subWord(a: u32, b: u32): u32 {
  const difference = a - b;
  return min(difference, difference + P);
}

/** One factor may be lazy: any u32. */
// @ts-ignore: decorator
@inline
export function mulWord(a: u32, b: u32): u32 {
  const product = <u64>a * b;
  const multiple = <u64>(<u32>product * P_INVERSE) * P;
  return subWord(<u32>(product >> 32), <u32>(multiple >> 32));
}

// @ts-ignore: decorator
@inline
export function wordToMontgomery(a: u32): u32 {
  return mulWord(a, SQUARE);
}

// @ts-ignore: decorator
@inline
export function wordFromMontgomery(a: u32): u32 {
  return mulWord(a, 1);
}

export function powerWord(a: u32, exponent: u32): u32 {
  let result = ONE;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = mulWord(result, a);
    a = mulWord(a, a);
  }
  return result;
}

/** 1 / a, and 0 for 0. */
export function inverseWord(a: u32): u32 {
  return powerWord(a, P - 2);
}
