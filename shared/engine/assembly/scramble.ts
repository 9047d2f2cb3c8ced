/** The weights that terms of the state hash are made of: RULES.md, section 9. */
export const P0: u64 = 0x9e3779b97f4a7c15;
export const P1: u64 = 0xff51afd7ed558ccd;
export const P2: u64 = 0xc4ceb9fe1a85ec53;
export const P3: u64 = 0xd6e8feb86659fd93;
export const P4: u64 = 0xa0761d6478bd642f;
export const P5: u64 = 0xe7037ed1a0b428db;

const MARKET_TAG: u64 = 1;
export const ORDER_TAG: u64 = 2;
export const TERMS_TAG: u64 = 3;
export const ACCOUNT_TAG: u64 = 4;
export const SESSION_TAG: u64 = 5;

// @ts-ignore: decorator
@inline
export function scramble(word: u64): u64 {
  let x = word;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// @ts-ignore: decorator
@inline
export function weight1(tag: u64, w0: u64): u64 {
  return scramble(tag + w0 * P0);
}

// @ts-ignore: decorator
@inline
export function weight2(tag: u64, w0: u64, w1: u64): u64 {
  return scramble(tag + w0 * P0 + w1 * P1);
}

// @ts-ignore: decorator
@inline
export function weight5(tag: u64, w0: u64, w1: u64, w2: u64, w3: u64, w4: u64): u64 {
  return scramble(tag + w0 * P0 + w1 * P1 + w2 * P2 + w3 * P3 + w4 * P4);
}

/** Folds a word of the market; the first has the fold of nothing before it. */
// @ts-ignore: decorator
@inline
export function fold(hash: u64, word: u64): u64 {
  return scramble(hash + word * P0);
}

// @ts-ignore: decorator
@inline
export function emptyFold(): u64 {
  return MARKET_TAG;
}
