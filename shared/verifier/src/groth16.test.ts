import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernel } from '@foldbook/bn254/ready';
import { bn254 } from '@noble/curves/bn254.js';
import { bytesToHex, hexToBytes } from './bytes.ts';
import { negateG1 } from './curve-points.ts';
import { BASE_ORDER, SCALAR_ORDER, toBigEndian } from './field.ts';
import {
  compressProof,
  decodeCompressedProof,
  type Proof,
  proves,
  verifyGroth16,
} from './groth16.ts';
import { CLAIMS_AT_ONCE, verifyAll } from './groth16-batch.ts';
import { checkDecoder, flipBit } from './testing/fuzz.ts';
import {
  encodeCompressedG2,
  encodeG1,
  encodeG2,
  G1,
  type G1Point,
  G2,
  type G2Point,
  referenceProves,
} from './testing/reference-points.ts';
import { createTrapdoorKey } from './testing/trapdoor-prover.ts';
import { readVectors } from './testing/vectors.ts';
import { decodeVerifyingKey, encodeVerifyingKey, type VerifyingKey } from './verifying-key.ts';

interface ProofVector {
  readonly key: string;
  readonly signals: readonly string[];
  readonly proof: string;
  readonly compressed: string;
}
/** Proofs that snarkjs made of the circuits batch-15 and accounts-4. */
const vectors = readVectors<{ batch: ProofVector; accounts: ProofVector }>('groth16');

function keyOf(bytes: Uint8Array): VerifyingKey {
  const decoded = decodeVerifyingKey(bytes);
  assert(decoded.ok, decoded.ok ? '' : decoded.error.message);
  return decoded.value;
}

function load({ key, signals, proof, compressed }: ProofVector) {
  const bytes = hexToBytes(key);
  return {
    bytes,
    key: keyOf(bytes),
    signals: signals.map(BigInt),
    proof: hexToBytes(proof),
    compressed: hexToBytes(compressed),
  };
}

const batch = load(vectors.batch);
const accounts = load(vectors.accounts);

function proofOf(a: G1Point, b: G2Point, c: G1Point): Uint8Array {
  return Uint8Array.from([...encodeG1(a), ...encodeG2(b), ...encodeG1(c)]);
}

function refusal(key: VerifyingKey, proof: Uint8Array, signals: readonly bigint[]): string {
  const verdict = verifyGroth16(key, proof, signals);
  return verdict.ok ? 'accepted' : verdict.code;
}

test('real proofs of both circuits hold', () => {
  for (const { key, proof, signals } of [batch, accounts]) {
    assert.deepEqual(verifyGroth16(key, proof, signals), { ok: true });
  }
});

test('a real proof holds for its own signals and its own key alone', () => {
  for (const index of batch.signals.keys()) {
    const signals = batch.signals.with(index, (batch.signals[index] ?? 0n) + 1n);
    assert.equal(refusal(batch.key, batch.proof, signals), 'GROTH16_REFUSED', `signal ${index}`);
  }
  const zeros = batch.signals.map(() => 0n);
  assert.equal(refusal(batch.key, batch.proof, zeros), 'GROTH16_REFUSED');
  const other = keyOf(createTrapdoorKey('batch', 15).bytes);
  assert.equal(refusal(other, batch.proof, batch.signals), 'GROTH16_REFUSED');
});

/** A compressed proof's points, which must be some. */
function pointsOf(compressed: Uint8Array): Proof {
  const decoded = decodeCompressedProof(compressed);
  assert(decoded.ok);
  return decoded.value;
}

test('the reference says the same of true claims and of false ones', () => {
  for (const [{ key, compressed, signals }, other] of [
    [batch, accounts],
    [accounts, batch],
  ] as const) {
    const proof = pointsOf(compressed);
    const stranger = pointsOf(other.compressed);
    const proofs = [
      proof,
      { ...proof, a: stranger.a },
      { ...proof, b: stranger.b },
      { ...proof, c: stranger.c },
      { ...proof, a: negateG1(proof.a), c: negateG1(proof.c) },
    ];
    for (const claimed of [signals, signals.with(0, 1n)]) {
      for (const one of proofs) {
        const holds = one === proof && claimed === signals;
        assert.equal(proves(key, one, claimed), holds);
        assert.equal(referenceProves(key, one, claimed), holds);
      }
    }
  }
});

test('signals: count and range', () => {
  const { key, proof, signals } = batch;
  assert.equal(refusal(key, proof, signals.slice(1)), 'SIGNAL_COUNT');
  assert.equal(refusal(key, proof, [...signals, 0n]), 'SIGNAL_COUNT');
  // The same element in another guise: r more, or negative.
  for (const shift of [SCALAR_ORDER, -SCALAR_ORDER]) {
    const aliased = signals.with(2, (signals[2] ?? 0n) + shift);
    assert.equal(refusal(key, proof, aliased), 'SIGNAL_RANGE');
  }
});

test('a proof with one bit changed anywhere is refused', () => {
  for (let index = 0; index < batch.proof.length; index++) {
    const changed = flipBit(batch.proof, index, index % 8);
    assert.notEqual(refusal(batch.key, changed, batch.signals), 'accepted', `byte ${index}`);
  }
  for (const length of [0, 255]) {
    assert.equal(refusal(batch.key, batch.proof.slice(0, length), batch.signals), 'PROOF_FORMAT');
  }
  const longer = Uint8Array.from([...batch.proof, 0]);
  assert.equal(refusal(batch.key, longer, batch.signals), 'PROOF_FORMAT');
});

test('valid points in the wrong place are refused', () => {
  const parts = [batch.proof.slice(0, 64), batch.proof.slice(64, 192), batch.proof.slice(192)];
  const [a, b, c] = parts;
  assert(a && b && c);
  const join = (...bytes: Uint8Array[]) => Uint8Array.from(bytes.flatMap((part) => [...part]));
  for (const changed of [
    join(c, b, a),
    join(a, encodeG2(G2.BASE), c),
    join(encodeG1(G1.BASE), b, c),
  ]) {
    assert.equal(refusal(batch.key, changed, batch.signals), 'GROTH16_REFUSED');
  }
});

test('points that are none are refused: infinity, beyond p, off the curve', () => {
  const { key, signals, proof } = batch;
  const cases: readonly (readonly [number, Uint8Array])[] = [
    [0, new Uint8Array(64)],
    [64, new Uint8Array(128)],
    [192, new Uint8Array(64)],
    [192, Uint8Array.from([...toBigEndian(1n), ...toBigEndian(3n)])],
  ];
  for (const [offset, bytes] of cases) {
    const changed = proof.slice();
    changed.set(bytes, offset);
    assert.equal(refusal(key, changed, signals), 'PROOF_FORMAT');
  }
  for (let coordinate = 0; coordinate < 8; coordinate++) {
    const start = 32 * coordinate;
    const value = BigInt(`0x${bytesToHex(proof.slice(start, start + 32))}`);
    const aliased = proof.slice();
    aliased.set(toBigEndian(value + BASE_ORDER), start);
    assert.equal(refusal(key, aliased, signals), 'PROOF_FORMAT', `coordinate ${coordinate}`);
  }
});

test('compressed proofs: bytes, and the same points', () => {
  for (const { proof, compressed } of [batch, accounts]) {
    const made = compressProof(proof);
    assert(made.ok);
    assert.equal(bytesToHex(made.value), bytesToHex(compressed));
    const decoded = decodeCompressedProof(compressed);
    assert(decoded.ok);
    const { a, b, c } = decoded.value;
    assert.equal(bytesToHex(Uint8Array.from([...a, ...b, ...c])), bytesToHex(proof));
  }
  const outside = pointOutsideSubgroup();
  const coordinates = encodeCompressedG2(outside);
  for (const [offset, bytes, words] of [
    [0, toBigEndian(BASE_ORDER), /A: |not below the order/],
    [0, toBigEndian(4n), /A is not a point of G1/],
    [32, coordinates, /B is not a point of G2's subgroup/],
    [64, toBigEndian(BASE_ORDER), /not below the order/],
    [96, new Uint8Array(32).fill(0x7f), /not below the order/],
  ] as const) {
    const changed = batch.compressed.slice();
    changed.set(bytes, offset);
    const decoded = decodeCompressedProof(changed);
    assert(!decoded.ok);
    assert.match(decoded.error.message, words);
  }
  for (const length of [0, 127]) {
    assert(!decodeCompressedProof(batch.compressed.slice(0, length)).ok);
  }
});

test('many proofs: one that is false is found among any number, also of several keys', () => {
  const claim = (part: string, { key, compressed, signals }: typeof batch) => ({
    ...{ part, key, proof: compressed, signals },
  });
  const claims = ['0', '1', '2', '3'].map((part) => claim(part, part < '2' ? batch : accounts));
  assert.deepEqual(verifyAll(claims), { ok: true });
  for (const index of claims.keys()) {
    const changed = claims.map((one, at) => {
      if (at !== index) return one;
      return { ...one, signals: one.signals.with(1, (one.signals[1] ?? 0n) + 1n) };
    });
    const verdict = verifyAll(changed);
    assert(!verdict.ok);
    assert.deepEqual([verdict.part, verdict.code], [`${index}`, 'GROTH16_REFUSED']);
  }
  // Signals that are false by as much in one proof as in another, in the other direction.
  const balanced = claims.map((one, at) => {
    if (at > 1) return one;
    return { ...one, signals: one.signals.with(1, (one.signals[1] ?? 0n) + (at === 0 ? 1n : -1n)) };
  });
  const verdict = verifyAll(balanced);
  assert(!verdict.ok && verdict.part === '0');
});

test('many proofs: what is malformed is named before what is false, the first of them', () => {
  const { key, compressed: proof, signals } = batch;
  const claim = (part: string) => ({ part, key, proof, signals });
  const isFalse = (part: string) => ({ ...claim(part), signals: signals.with(0, 1n) });
  const notPoint = (part: string, offset: number) => {
    const changed = proof.slice();
    changed.set(encodeCompressedG2(pointOutsideSubgroup()).subarray(0, 128 - offset), offset);
    return { ...claim(part), proof: changed };
  };
  const short = (part: string) => ({ ...claim(part), proof: proof.subarray(1) });
  const fewer = (part: string) => ({ ...claim(part), signals: signals.slice(1) });
  const both = { ...short('2'), signals: signals.slice(1) };
  for (const [claims, part, code] of [
    [[isFalse('0'), claim('1'), notPoint('2', 32)], '2', 'PROOF_FORMAT'],
    [[isFalse('0'), notPoint('1', 32), short('2')], '1', 'PROOF_FORMAT'],
    [[isFalse('0'), short('1'), notPoint('2', 32)], '1', 'PROOF_FORMAT'],
    [[claim('0'), fewer('1'), notPoint('2', 32)], '1', 'SIGNAL_COUNT'],
    [[claim('0'), notPoint('1', 32), fewer('2')], '1', 'PROOF_FORMAT'],
    [[isFalse('0'), claim('1'), both], '2', 'SIGNAL_COUNT'],
    [[notPoint('0', 32), isFalse('1')], '0', 'PROOF_FORMAT'],
    [[isFalse('0')], '0', 'GROTH16_REFUSED'],
  ] as const) {
    const verdict = verifyAll(claims);
    assert(!verdict.ok);
    assert.deepEqual([verdict.part, verdict.code], [part, code]);
  }
});

/** A point of the twist outside the subgroup: almost any point on the curve is one. */
function pointOutsideSubgroup(): G2Point {
  const { Fp2 } = bn254.fields;
  const { b } = G2.CURVE();
  for (let i = 1n; ; i++) {
    const x = Fp2.fromBigTuple([i, 1n]);
    try {
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b));
      return new G2(x, y, Fp2.ONE);
    } catch {
      // no square: not the x of a point
    }
  }
}

test('B outside the subgroup is refused', () => {
  const outside = pointOutsideSubgroup();
  assert(!outside.isTorsionFree());
  const changed = batch.proof.slice();
  changed.set(encodeG2(outside), 64);
  const verdict = verifyGroth16(batch.key, changed, batch.signals);
  assert(!verdict.ok && verdict.code === 'PROOF_FORMAT');
  assert.match(verdict.message, /B is not a point of G2's subgroup/);
});

test('proofs are malleable: a proper re-randomization is another proof of the same', () => {
  const { key, signals, proof } = smallProof();
  assert.deepEqual(verifyGroth16(key, proof, signals), { ok: true });
  const other = proofOf(G1.BASE.multiply(13n), G2.BASE, G1.BASE);
  assert.notDeepEqual(other, proof);
  assert.deepEqual(verifyGroth16(key, other, signals), { ok: true });
});

/** alpha 2, beta 3, gamma 5, delta 7; inputs cancel to infinity: 1 x 13 = 2 x 3 + 0 x 5 + 1 x 7. */
function smallProof() {
  const key = keyOf(
    encodeVerifyingKey({
      insecure: true,
      alpha1: encodeG1(G1.BASE.multiply(2n)),
      beta2: encodeG2(G2.BASE.multiply(3n)),
      gamma2: encodeG2(G2.BASE.multiply(5n)),
      delta2: encodeG2(G2.BASE.multiply(7n)),
      ic: [encodeG1(G1.BASE), encodeG1(G1.BASE.negate())],
    }),
  );
  return { key, signals: [1n], proof: proofOf(G1.BASE, G2.BASE.multiply(13n), G1.BASE) };
}

test('inputs that cancel to infinity are a case like any other', () => {
  const { key, proof } = smallProof();
  assert.equal(refusal(key, proof, [2n]), 'GROTH16_REFUSED');
});

test('many proofs: the first that does not hold is named', () => {
  const { key, compressed: proof, signals } = batch;
  const good = { part: 'batch 0', key, proof, signals };
  const bad = { ...good, part: 'batch 1', signals: batch.signals.map(() => 1n) };
  assert.deepEqual(verifyAll([]), { ok: true });
  assert.deepEqual(verifyAll([good, good]), { ok: true });
  const verdict = verifyAll([good, bad, { ...bad, part: 'batch 2' }]);
  assert(!verdict.ok);
  assert.equal(verdict.part, 'batch 1');
  assert.equal(verdict.code, 'GROTH16_REFUSED');
});

test('many proofs: kernel memory follows what is checked at once, not how many there are', () => {
  const { key, compressed: proof, signals } = batch;
  let taken = 0;
  function* claims(count: number, falseAt = -1) {
    for (let index = 0; index < count; index++) {
      taken = index + 1;
      const claimed = index === falseAt ? signals.with(1, 7n) : signals;
      yield { part: `batch ${index}`, key, proof, signals: claimed };
    }
  }
  assert.deepEqual(verifyAll(claims(CLAIMS_AT_ONCE)), { ok: true });
  const held = kernel.exports.memory.buffer.byteLength;
  const count = 2 * CLAIMS_AT_ONCE + 3;
  assert.deepEqual(verifyAll(claims(count)), { ok: true });
  assert.equal(kernel.exports.memory.buffer.byteLength, held);
  assert.equal(taken, count);
  const verdict = verifyAll(claims(count, CLAIMS_AT_ONCE + 1));
  assert(!verdict.ok);
  assert.deepEqual(
    [verdict.part, verdict.code],
    [`batch ${CLAIMS_AT_ONCE + 1}`, 'GROTH16_REFUSED'],
  );
  assert.equal(taken, 2 * CLAIMS_AT_ONCE, 'nothing is read ahead of what is checked');
});

test('a verifying key has one encoding, and its points are checked', () => {
  const small = encodeVerifyingKey(smallProof().key);
  checkDecoder(small, decodeVerifyingKey, encodeVerifyingKey, 100);
  assert.equal(bytesToHex(encodeVerifyingKey(accounts.key)), vectors.accounts.key);
  const noHeight = small.slice();
  noHeight.fill(0, small.length - 32);
  const refusedPoint = decodeVerifyingKey(noHeight);
  assert(!refusedPoint.ok, 'a point with y = 0 is refused, not thrown');
  const outside = small.slice();
  outside.set(encodeG2(pointOutsideSubgroup()), 72);
  const decoded = decodeVerifyingKey(outside);
  assert(!decoded.ok);
  assert.match(decoded.error.message, /beta is not a point of G2's subgroup/);
  const equal = encodeVerifyingKey({
    ...smallProof().key,
    gamma2: encodeG2(G2.BASE),
    delta2: encodeG2(G2.BASE),
  });
  const refusedKey = decodeVerifyingKey(equal);
  assert(!refusedKey.ok);
  assert.match(refusedKey.error.message, /gamma and delta are the same/);
});
