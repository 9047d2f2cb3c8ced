/**
 * Numbers in memory. A single is five doubles (40 bytes), a pair interleaves two (80 bytes): limb i
 * of both in one v128. See codegen/field-source.ts for what limbs are.
 */
export const SINGLE: usize = 40;
export const PAIR: usize = 80;

const TWO_51: f64 = 2251799813685248.0;
/** Adding and taking it away again rounds to a multiple of 2^51. */
const ROUND_51: f64 = 1.5 * 4503599627370496.0 * TWO_51;
const ROUND_1: f64 = 1.5 * 4503599627370496.0;
const MASK_51: i64 = (1 << 51) - 1;

/** The pair of the singles at `a` and `b`. */
// @ts-ignore: decorator
@inline
export function gather(target: usize, a: usize, b: usize): void {
  v128.store(target, v128.load64_lane(b, v128.load64_zero(a), 1));
  v128.store(target, v128.load64_lane(b, v128.load64_zero(a, 8), 1, 8), 16);
  v128.store(target, v128.load64_lane(b, v128.load64_zero(a, 16), 1, 16), 32);
  v128.store(target, v128.load64_lane(b, v128.load64_zero(a, 24), 1, 24), 48);
  v128.store(target, v128.load64_lane(b, v128.load64_zero(a, 32), 1, 32), 64);
}

/** Writes a pair's numbers as singles to `a` and `b`. */
// @ts-ignore: decorator
@inline
export function scatter(a: usize, b: usize, source: usize): void {
  for (let i: usize = 0; i < 5; i++) {
    const limbs = v128.load(source + 16 * i);
    v128.store64_lane(b + 8 * i, limbs, 1);
    v128.store64_lane(a + 8 * i, limbs, 0);
  }
}

// @ts-ignore: decorator
@inline
export function copyPair(target: usize, source: usize): void {
  v128.store(target, v128.load(source));
  v128.store(target, v128.load(source, 16), 16);
  v128.store(target, v128.load(source, 32), 32);
  v128.store(target, v128.load(source, 48), 48);
  v128.store(target, v128.load(source, 64), 64);
}

/** Limb by limb, without carries: limbs and values grow as the sum says. */
// @ts-ignore: decorator
@inline
export function addPair(target: usize, a: usize, b: usize): void {
  v128.store(target, v128.add<f64>(v128.load(a), v128.load(b)));
  v128.store(target, v128.add<f64>(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(target, v128.add<f64>(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(target, v128.add<f64>(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(target, v128.add<f64>(v128.load(a, 64), v128.load(b, 64)), 64);
}

/** As addPair. */
// @ts-ignore: decorator
@inline
export function subPair(target: usize, a: usize, b: usize): void {
  v128.store(target, v128.sub<f64>(v128.load(a), v128.load(b)));
  v128.store(target, v128.sub<f64>(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(target, v128.sub<f64>(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(target, v128.sub<f64>(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(target, v128.sub<f64>(v128.load(a, 64), v128.load(b, 64)), 64);
}

/** Adds the same single to both numbers, without carries. */
// @ts-ignore: decorator
@inline
export function addSplat(target: usize, a: usize, single: usize): void {
  v128.store(target, v128.add<f64>(v128.load(a), v128.load64_splat(single)));
  v128.store(target, v128.add<f64>(v128.load(a, 16), v128.load64_splat(single, 8)), 16);
  v128.store(target, v128.add<f64>(v128.load(a, 32), v128.load64_splat(single, 16)), 32);
  v128.store(target, v128.add<f64>(v128.load(a, 48), v128.load64_splat(single, 24)), 48);
  v128.store(target, v128.add<f64>(v128.load(a, 64), v128.load64_splat(single, 32)), 64);
}

/** Each number times its lane of `factors`: small integers, so that limbs stay below 2^53. */
// @ts-ignore: decorator
@inline
export function scalePair(target: usize, a: usize, factors: v128): void {
  for (let i: usize = 0; i < 80; i += 16) {
    v128.store(target + i, v128.mul<f64>(v128.load(a + i), factors));
  }
}

/**
 * Brings both numbers to at most 0.51 p with limbs of at most 2^50. They may be up to 2.4 p with
 * limbs of 3 x 2^50: all sums stay below 2^53 and so are exact. Zero gets limbs of zero.
 * @param prime the field's order as a pair
 */
export function settle(target: usize, a: usize, prime: usize): void {
  const top = v128.load(a, 64);
  const step = f64x2.splat(ROUND_1);
  const share = v128.mul<f64>(top, f64x2.splat(1.0 / load<f64>(prime, 64)));
  const quotient = v128.sub<f64>(v128.add<f64>(share, step), step);
  const round = f64x2.splat(ROUND_51);
  const down = f64x2.splat(1.0 / TWO_51);
  let carry = f64x2.splat(0.0);
  for (let i: usize = 0; i < 64; i += 16) {
    const taken = v128.mul<f64>(quotient, v128.load(prime + i));
    const limb = v128.add<f64>(v128.sub<f64>(v128.load(a + i), taken), carry);
    const high = v128.sub<f64>(v128.add<f64>(limb, round), round);
    v128.store(target + i, v128.sub<f64>(limb, high));
    carry = v128.mul<f64>(high, down);
  }
  const taken = v128.mul<f64>(quotient, v128.load(prime, 64));
  v128.store(target, v128.add<f64>(v128.sub<f64>(top, taken), carry), 64);
}

/** Limbs of 51 bits of the 256-bit number at `source`, as it stands. */
export function unpack(single: usize, source: usize, bigEndian: bool): void {
  const w0 = bigEndian ? bswap(load<u64>(source, 24)) : load<u64>(source);
  const w1 = bigEndian ? bswap(load<u64>(source, 16)) : load<u64>(source, 8);
  const w2 = bigEndian ? bswap(load<u64>(source, 8)) : load<u64>(source, 16);
  const w3 = bigEndian ? bswap(load<u64>(source)) : load<u64>(source, 24);
  store<f64>(single, <f64>(<i64>w0 & MASK_51));
  store<f64>(single, <f64>(<i64>((w0 >> 51) | (w1 << 13)) & MASK_51), 8);
  store<f64>(single, <f64>(<i64>((w1 >> 38) | (w2 << 26)) & MASK_51), 16);
  store<f64>(single, <f64>(<i64>((w2 >> 25) | (w3 << 39)) & MASK_51), 24);
  store<f64>(single, <f64>(<i64>(w3 >> 12)), 32);
}

/**
 * Writes a number of either sign, between -p and p, as its 32 bytes in [0, p).
 * @param prime the field's order as a pair
 */
export function pack(target: usize, single: usize, prime: usize, bigEndian: bool): void {
  let negative = packLimbs(target, single, 0, prime);
  if (negative) negative = packLimbs(target, single, 1.0, prime);
  if (!bigEndian) return;
  const w0 = load<u64>(target);
  const w1 = load<u64>(target, 8);
  store<u64>(target, bswap(load<u64>(target, 24)));
  store<u64>(target, bswap(load<u64>(target, 16)), 8);
  store<u64>(target, bswap(w1), 16);
  store<u64>(target, bswap(w0), 24);
}

/** Little-endian words of number + times * p; returns whether that is negative. */
function packLimbs(target: usize, single: usize, times: f64, prime: usize): bool {
  const l0 = <i64>(load<f64>(single) + times * load<f64>(prime));
  const l1 = <i64>(load<f64>(single, 8) + times * load<f64>(prime, 16)) + (l0 >> 51);
  const l2 = <i64>(load<f64>(single, 16) + times * load<f64>(prime, 32)) + (l1 >> 51);
  const l3 = <i64>(load<f64>(single, 24) + times * load<f64>(prime, 48)) + (l2 >> 51);
  const l4 = <i64>(load<f64>(single, 32) + times * load<f64>(prime, 64)) + (l3 >> 51);
  const m1 = l1 & MASK_51;
  const m2 = l2 & MASK_51;
  const m3 = l3 & MASK_51;
  store<u64>(target, (l0 & MASK_51) | (m1 << 51));
  store<u64>(target, (m1 >> 13) | (m2 << 38), 8);
  store<u64>(target, (m2 >> 26) | (m3 << 25), 16);
  store<u64>(target, (m3 >> 39) | (l4 << 12), 24);
  return l4 < 0;
}

/** Whether the 256-bit number at `source` is below the one at `limit` (four words). */
export function isBelow(source: usize, limit: usize, bigEndian: bool): bool {
  for (let i: usize = 4; i > 0; i--) {
    const word = bigEndian
      ? bswap(load<u64>(source + 8 * (4 - i)))
      : load<u64>(source + 8 * (i - 1));
    const bound = load<u64>(limit + 8 * (i - 1));
    if (word != bound) return word < bound;
  }
  return false;
}
