/**
 * Which of 65,536 slots are in use, in three levels of 64-bit words: a word for each 64 slots, a
 * word for each 64 of those, and one on top; the nearest slot in use is at most five loads away.
 *
 * ```
 * +0 ................. +8,192 ............. +8,320
 * 1,024 words: slots   16 words: groups     1 word: top
 * ```
 * Slots are addressed as a ring: a scan goes on at the other end.
 */
export const SLOTS: u32 = 65_536;
export const BITMAP_BYTES: usize = 8_328;
const GROUPS_AT: usize = 8_192;
const TOP_AT: usize = 8_320;
const ALL: u64 = 0xffffffffffffffff;

// @ts-ignore: decorator
@inline
function bit(index: u32): u64 {
  return (<u64>1) << <u64>(index & 63);
}

// @ts-ignore: decorator
@inline
function word(bitmap: usize, index: u32): usize {
  return bitmap + (<usize>index << 3);
}

// @ts-ignore: decorator
@inline
function group(bitmap: usize, index: u32): usize {
  return bitmap + GROUPS_AT + (<usize>index << 3);
}

// @ts-ignore: decorator
@inline
function highest(bits: u64): u32 {
  return 63 - <u32>clz(bits);
}

// @ts-ignore: decorator
@inline
function lowest(bits: u64): u32 {
  return <u32>ctz(bits);
}

export function setBit(bitmap: usize, slot: u32): void {
  const at = word(bitmap, slot >> 6);
  store<u64>(at, load<u64>(at) | bit(slot));
  const above = group(bitmap, slot >> 12);
  store<u64>(above, load<u64>(above) | bit(slot >> 6));
  store<u64>(bitmap, load<u64>(bitmap, TOP_AT) | bit(slot >> 12), TOP_AT);
}

export function clearBit(bitmap: usize, slot: u32): void {
  const at = word(bitmap, slot >> 6);
  const bits = load<u64>(at) & ~bit(slot);
  store<u64>(at, bits);
  if (bits != 0) return;
  const above = group(bitmap, slot >> 12);
  const words = load<u64>(above) & ~bit(slot >> 6);
  store<u64>(above, words);
  if (words == 0) store<u64>(bitmap, load<u64>(bitmap, TOP_AT) & ~bit(slot >> 12), TOP_AT);
}

export function isSet(bitmap: usize, slot: u32): bool {
  return (load<u64>(word(bitmap, slot >> 6)) & bit(slot)) != 0;
}

/** The first slot in use at `slot` or below it, around the ring; one slot at least is in use. */
export function scanDown(bitmap: usize, slot: u32): u32 {
  let index = slot >> 6;
  let bits = load<u64>(word(bitmap, index)) & (ALL >> <u64>(63 - (slot & 63)));
  if (bits != 0) return (index << 6) | highest(bits);
  let above = index >> 6;
  let words = load<u64>(group(bitmap, above)) & (bit(index) - 1);
  if (words == 0) {
    const top = load<u64>(bitmap, TOP_AT);
    const below = top & (bit(above) - 1);
    above = highest(below != 0 ? below : top);
    words = load<u64>(group(bitmap, above));
  }
  index = (above << 6) | highest(words);
  bits = load<u64>(word(bitmap, index));
  return (index << 6) | highest(bits);
}

/** The first slot in use at `slot` or above it, around the ring; one slot at least is in use. */
export function scanUp(bitmap: usize, slot: u32): u32 {
  let index = slot >> 6;
  let bits = load<u64>(word(bitmap, index)) & (ALL << <u64>(slot & 63));
  if (bits != 0) return (index << 6) | lowest(bits);
  let above = index >> 6;
  // Shifted twice, as a shift by 64 would be one by 0.
  let words = load<u64>(group(bitmap, above)) & ((ALL << <u64>(index & 63)) << 1);
  if (words == 0) {
    const top = load<u64>(bitmap, TOP_AT);
    const higher = top & ((ALL << <u64>above) << 1);
    above = lowest(higher != 0 ? higher : top);
    words = load<u64>(group(bitmap, above));
  }
  index = (above << 6) | lowest(words);
  bits = load<u64>(word(bitmap, index));
  return (index << 6) | lowest(bits);
}
