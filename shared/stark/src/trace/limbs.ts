/** Amounts as limbs of 12 bits, least first; the sixth has 3 bits, as amounts are below 2^63. */
export const LIMB_COUNT = 6;

/** A number below 2^64 taken apart through memory, which costs no arithmetic on big integers. */
const whole = new BigUint64Array(1);
/** Its lower half, then its upper one: WebAssembly, too, has little ends only. */
const halves = new Uint32Array(whole.buffer);

/** Writes the limbs of a number in 0 .. 2^63 - 1. */
export function splitLimbs(value: bigint, limbs: Int32Array): void {
  whole[0] = value;
  const low = halves[0] ?? 0;
  const high = halves[1] ?? 0;
  limbs[0] = low & 4095;
  limbs[1] = (low >>> 12) & 4095;
  limbs[2] = (low >>> 24) | ((high & 15) << 8);
  limbs[3] = (high >>> 4) & 4095;
  limbs[4] = (high >>> 16) & 4095;
  limbs[5] = high >>> 28;
}

/** The number whose limbs they are; the sixth is below 8. */
export function joinLimbs(limbs: Int32Array): bigint {
  const [l0 = 0, l1 = 0, l2 = 0, l3 = 0, l4 = 0, l5 = 0] = limbs;
  halves[0] = l0 | (l1 << 12) | (l2 << 24);
  halves[1] = (l2 >>> 8) | (l3 << 4) | (l4 << 16) | (l5 << 28);
  return whole[0] ?? 0n;
}
