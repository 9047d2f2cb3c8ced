/** Keyed BLAKE3 of messages of at most one chunk (1,024 bytes), four at once: lane = message. */
import { compressFour } from './blake3-compression';

const CHUNK_START: i32 = 1;
const CHUNK_END: i32 = 2;
const ROOT: i32 = 8;
const KEYED: i32 = 16;

export const BLOCK_WORDS: u32 = 16;
/** Of four blocks, of four chaining values, of four digests. */
export const BLOCKS_BYTES: usize = 256;
export const CHAINING_BYTES: usize = 128;
export const DIGESTS_BYTES: usize = 128;

/** Sets four chaining values to a key, given by the address of its eight words. */
export function startFour(chaining: usize, key: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    v128.store(chaining + 16 * i, v128.load32_splat(key + 4 * i));
  }
}

/** Takes the next four blocks. A block that is not full is filled with zeros up to 64 bytes. */
export function takeBlock(
  chaining: usize, block: usize, length: u32, isFirst: bool, isLast: bool,
): void {
  let flags = KEYED;
  if (isFirst) flags |= CHUNK_START;
  if (isLast) flags |= CHUNK_END | ROOT;
  compressFour(chaining, block, length, flags);
}

/** Four rows of four words become four columns. */
// @ts-ignore: decorator
@inline
export function storeTransposed(
  a: v128, b: v128, c: v128, d: v128, target: usize, stride: usize,
): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i32>(ab, cd, 0, 1, 4, 5));
  v128.store(target + stride, v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
  v128.store(target + 2 * stride, v128.shuffle<i32>(abHigh, cdHigh, 0, 1, 4, 5));
  v128.store(target + 3 * stride, v128.shuffle<i32>(abHigh, cdHigh, 2, 3, 6, 7));
}

/** Writes four chaining values as four digests of 32 bytes, one behind the other. */
export function storeDigests(chaining: usize, target: usize): void {
  for (let half: usize = 0; half < 2; half++) {
    const words = chaining + 64 * half;
    storeTransposed(
      v128.load(words), v128.load(words, 16), v128.load(words, 32), v128.load(words, 48),
      target + 16 * half, 32,
    );
  }
}
