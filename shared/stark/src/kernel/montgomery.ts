/** Montgomery form, in which kernels keep base elements: x is stored as 2^32 x mod p. */
const PRIME = 15 * 2 ** 27 + 1;

/** The canonical number of a word of kernel memory; assembly/tree.ts says why it is that. */
export function fromMontgomery(word: number): number {
  const low15 = 15 * (word & 31);
  const difference = (low15 & 31) * (15 << 22) - 15 * (word >>> 5) - (low15 >>> 5);
  return difference < 0 ? difference + PRIME : difference;
}
