import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from './bytes.ts';
import { HEADER_BYTES } from './header.ts';
import { headerIsSigned } from './signature.ts';

const { Point } = ed25519;
type CurvePoint = typeof Point.BASE;
const ORDER = Point.Fn.ORDER;
const SECRET = 1_234_567_890_123_456_789n;
const NONCE = 987_654_321n;
const header = new Uint8Array(HEADER_BYTES).fill(9);
const message = concatBytes(utf8ToBytes('foldbook/epoch-header/v2\n'), header);

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function integer(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** What a point of the whole curve has beside its part in the subgroup: a point of order 8. */
function pointOfOrder8(): CurvePoint {
  for (let y = 2n; y < 1_000n; y++) {
    let point: CurvePoint;
    try {
      point = Point.fromBytes(littleEndian(y));
    } catch {
      continue; // no point has this y
    }
    const torsion = point.multiplyUnsafe(ORDER - 1n).add(point);
    if (!torsion.multiplyUnsafe(4n).is0()) return torsion;
  }
  throw new Error('unreachable: a quarter of all y will do');
}

/** The equation holds for these two points, up to what a multiplication by 8 hides. */
function signedWith(key: CurvePoint, nonce: CurvePoint) {
  const [keyBytes, nonceBytes] = [key.toBytes(), nonce.toBytes()];
  const hash = integer(sha512(concatBytes(nonceBytes, keyBytes, message))) % ORDER;
  const signature = concatBytes(nonceBytes, littleEndian((NONCE + hash * SECRET) % ORDER));
  return { keyBytes, signature };
}

/** OpenSSL does not multiply by 8. */
function holdsWithoutFactor(keyBytes: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), keyBytes]);
  return verify(
    null,
    message,
    createPublicKey({ key: der, format: 'der', type: 'spki' }),
    signature,
  );
}

const key = Point.BASE.multiply(SECRET);
const nonce = Point.BASE.multiply(NONCE);
const torsion = pointOfOrder8();

test('a signature made by hand holds, here and elsewhere', () => {
  const { keyBytes, signature } = signedWith(key, nonce);
  assert(headerIsSigned(header, signature, keyBytes));
  assert(holdsWithoutFactor(keyBytes, signature));
});

for (const [name, points] of [
  ['an R', [key, nonce.add(torsion)]],
  ['a key', [key.add(torsion), nonce]],
] as const) {
  test(`${name} outside the subgroup is refused, as verifiers would not agree on it`, () => {
    const { keyBytes, signature } = signedWith(...points);
    const withFactor = ed25519.verify(signature, message, keyBytes, { zip215: false });
    assert(withFactor, 'the equation holds once it is multiplied by 8');
    assert(!headerIsSigned(header, signature, keyBytes));
  });
}

test('bytes that are no signature or no key are refused', () => {
  const { keyBytes, signature } = signedWith(key, nonce);
  assert(!headerIsSigned(header, signature.subarray(0, 63), keyBytes));
  assert(!headerIsSigned(header, new Uint8Array(64).fill(255), keyBytes));
  assert(!headerIsSigned(header, signature, new Uint8Array(32).fill(255)));
  assert(!headerIsSigned(header, signature, new Uint8Array(32)));
});
