/** The bases of folding's commitments: drawn, some 15 us each, or taken from who has drawn them. */

import { G1, type PointList } from '@foldbook/bn254';
import { kernel } from '@foldbook/bn254/ready';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from './bytes.ts';
import { BASES_DOMAIN } from './fold-shape.ts';

export const g1 = new G1(kernel);

const POINT_BYTES = 64;

/**
 * SHA-256 of the first so many bases (x, y, big-endian), as many as each circuit has private wires:
 * what is taken from elsewhere has to be these, since whoever chose bases could open a commitment
 * as anything.
 */
export const pinnedBases: ReadonlyMap<number, string> = new Map([
  [3770, '21f6fbc4fe8a109439aa22bac9906651f79d4e31a53e0d32b5032f8527f9a636'],
  [32_629, '873ee5e95b8c8647d015c43b9a30ac37b4197f9cfbddf2ea6e5cfebb93771560'],
  [60_380, 'a851601784c00e36151fb9f523b4c361b4f6eb5fdbd52c36b081d420ef1a91b2'],
  [129_409, '60c1fd86328ea28e8f6e95cd0d9afe115a0d9cb7387975759901bbf66db886d6'],
]);

let bases: PointList | undefined;

/** The first `count` bases of commitments, or more; not the caller's to release. */
export function foldBases(count: number): PointList {
  if (bases !== undefined && bases.length >= count) return bases;
  bases?.release();
  bases = g1.bases(BASES_DOMAIN, count);
  return bases;
}

/** The first `count` bases as `adoptFoldBases` takes them. */
export function foldBasesBytes(count: number): Uint8Array {
  return foldBases(count)
    .toBytes()
    .subarray(0, POINT_BYTES * count);
}

/**
 * Uses bases that another thread has drawn, or a file holds: a tenth of the time to draw them.
 * Returns whether they are as many as are pinned, and those; others are left alone.
 */
export function adoptFoldBases(bytes: Uint8Array): boolean {
  const count = bytes.length / POINT_BYTES;
  const pinned = pinnedBases.get(count);
  if (pinned === undefined) return false;
  if (bases !== undefined && bases.length >= count) return true;
  // A copy: whoever shares this memory could change it after it was compared.
  const own = bytes.slice();
  if (bytesToHex(sha256(own)) !== pinned) return false;
  bases?.release();
  bases = g1.fromBytes(own);
  return true;
}
