/**
 * Verifies the proofs of an epoch of 64 batches with 4, 8 and 16 account proofs, and tells where
 * the time goes; beside it the same by @noble/curves, from decoded points on:
 * node shared/verifier/bench/verify.ts [batches]
 *
 * The proofs are real ones of batch-15 and accounts-4 (vectors/groth16.json), re-randomised: for
 * any s and t, A / s, s B + s t delta and C + t A prove what A, B and C do. So all are different,
 * and cost what any cost.
 */
import { type Flavour, G1, G2, type Kernel, openFlavour } from '@foldbook/bn254';
import { readKernelCode } from '@foldbook/bn254/node';
import { g1, g2 } from '@foldbook/bn254/ready';
import { bn254 } from '@noble/curves/bn254.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { at } from '../src/assert.ts';
import { concatBytes, hexToBytes } from '../src/bytes.ts';
import { compressG1, compressG2 } from '../src/curve-points.ts';
import { fromBigEndian, inverse, reduce, toBigEndian } from '../src/field.ts';
import { decodeCompressedProof, type Proof, verifyGroth16 } from '../src/groth16.ts';
import { type ProofClaim, verifyAll } from '../src/groth16-batch.ts';
import { decodeG1, decodeG2 } from '../src/testing/reference-points.ts';
import { readVectors } from '../src/testing/vectors.ts';
import { decodeVerifyingKey, type VerifyingKey } from '../src/verifying-key.ts';

const ROUNDS = 7;
const batchCount = Number(process.argv[2] ?? 64);
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Of the round with the least processor time, after one that is not counted. */
function timed(run: () => unknown, rounds = ROUNDS): Times {
  let best: Times = { wallMs: 0, cpuMs: Number.POSITIVE_INFINITY };
  run();
  for (let round = 0; round < rounds; round++) {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    run();
    const { user, system } = process.cpuUsage(cpu);
    const times = { wallMs: performance.now() - start, cpuMs: (user + system) / 1000 };
    if (times.cpuMs < best.cpuMs) best = times;
  }
  return best;
}

const told = ({ wallMs, cpuMs }: Times): string =>
  `${wallMs.toFixed(1)} ms by clock, ${cpuMs.toFixed(1)} ms of processor time`;

interface Real {
  readonly key: VerifyingKey;
  readonly proof: Uint8Array;
  readonly points: Proof;
  readonly signals: readonly bigint[];
}

interface Vector {
  readonly key: string;
  readonly signals: readonly string[];
  readonly proof: string;
  readonly compressed: string;
}

function load(vector: Vector): Real {
  const key = decodeVerifyingKey(hexToBytes(vector.key));
  const points = decodeCompressedProof(hexToBytes(vector.compressed));
  if (!key.ok || !points.ok) throw new Error('the vectors hold no proof');
  const signals = vector.signals.map(BigInt);
  return { key: key.value, proof: hexToBytes(vector.proof), points: points.value, signals };
}

/** Another proof of the same. */
function rerandomised({ key, points }: Real): Uint8Array {
  const [s, t] = [16, 16].map((bytes) => fromBigEndian(randomBytes(bytes)) + 1n) as [
    bigint,
    bigint,
  ];
  const scalar = (...values: bigint[]) => concatBytes(...values.map((v) => toBigEndian(reduce(v))));
  const a = g1.sumOfProducts(g1.fromBytes(points.a), scalar(inverse(s)));
  const b = g2.sumOfProducts(g2.fromBytes(concatBytes(points.b, key.delta2)), scalar(s, s * t));
  const c = g1.sumOfProducts(g1.fromBytes(concatBytes(points.c, points.a)), scalar(1n, t));
  return concatBytes(compressG1(a), compressG2(b), compressG1(c));
}

const claimsOf = (real: Real, count: number, name: string): ProofClaim[] =>
  Array.from({ length: count }, (_, index) => {
    const { key, signals } = real;
    return { part: `${name} ${index}`, key, signals, proof: rerandomised(real) };
  });

/** The kernel's share of verifyAll, step by step. */
function splitTimes(kernel: Kernel, claims: readonly ProofClaim[]): Map<string, Times> {
  const [group, twist] = [new G1(kernel), new G2(kernel)];
  const { exports } = kernel;
  const parts = (from: number, to: number): Uint8Array =>
    concatBytes(...claims.map(({ proof }) => proof.subarray(from, to)));
  const count = claims.length;
  const release = (list: { release(): void } | { readonly wrong: number }): void => {
    if ('release' in list) list.release();
  };
  const times = new Map<string, Times>();
  const step = (name: string, run: () => unknown): void => {
    times.set(name, timed(run));
  };
  step('A and C from 32 bytes', () => {
    release(group.fromSigned(parts(0, 32)));
    release(group.fromSigned(parts(96, 128)));
  });
  const compressed = kernel.heap.take(64 * count);
  kernel.bytes(compressed, 64 * count).set(parts(32, 96));
  const bs = kernel.heap.take(160 * count);
  step('B from 64 bytes', () => exports.decompressTwist(bs, compressed, count));
  step('B in G2', () => exports.pointsInSubgroup(bs, count));
  const as = group.fromSigned(parts(0, 32));
  const cs = group.fromSigned(parts(96, 128));
  if ('wrong' in as || 'wrong' in cs) throw new Error('the proofs do not decode');
  const weights = concatBytes(
    ...claims.map(() => concatBytes(new Uint8Array(16), randomBytes(16))),
  );
  step('A times weights', () => release(group.multiply(as, weights)));
  step('sums of C', () => group.sumOfProducts(cs, weights));
  const product = kernel.heap.take(480);
  const scratch = kernel.heap.take(640 * count);
  step('Miller loops', () => exports.millerLoops(product, as.address, bs, count, scratch));
  step('final power', () => exports.finalPowerIsOne(product));
  release(twist.fromSigned(parts(32, 96)));
  return times;
}

/** What noble takes for a batch of decoded points: weights, Miller loops, final power. */
function nobleTimes(claims: readonly ProofClaim[]): Times {
  const points = claims.map(({ proof }) => {
    const decoded = decodeCompressedProof(proof);
    if (!decoded.ok) throw new Error(decoded.error.message);
    const { a, b, c } = decoded.value;
    return { a: decodeG1(a), b: decodeG2(b), c: decodeG1(c) };
  });
  return timed(() => {
    let sum = bn254.G1.Point.ZERO;
    const loops = points.map(({ a, b, c }): Loop => {
      const weight = fromBigEndian(randomBytes(16));
      sum = sum.add(c.multiplyUnsafe(weight));
      const { x, y } = a.multiplyUnsafe(weight).toAffine();
      return [bn254.utils.calcPairingPrecomputes(b), x, y];
    });
    return bn254.fields.Fp12.finalExponentiate(bn254.millerLoopBatch(loops));
  }, 2);
}
type Loop = Parameters<typeof bn254.millerLoopBatch>[0][number];

const vectors = readVectors<{ batch: Vector; accounts: Vector }>('groth16');
const [batch, accounts] = [load(vectors.batch), load(vectors.accounts)];
const batches = claimsOf(batch, batchCount, 'batch');
const accountProofs = claimsOf(accounts, 16, 'account proof');
for (const count of [4, 8, 16]) {
  const claims = [...batches, ...accountProofs.slice(0, count)];
  if (!verifyAll(claims).ok) throw new Error('a re-randomised proof does not hold');
  const wrong = { ...at(claims, 5), signals: at(claims, 5).signals.with(0, 1n) };
  if (verifyAll(claims.with(5, wrong)).ok) throw new Error('a false proof holds');
  write(`${batchCount} batches, ${count} account proofs: ${told(timed(() => verifyAll(claims)))}`);
}
const claims = [...batches, ...accountProofs.slice(0, 4)];
write(`by noble, without decoding: ${told(nobleTimes(claims))}`);
const { key, proof, signals } = batch;
write(`one proof of 256 bytes: ${told(timed(() => verifyGroth16(key, proof, signals)))}`);
write(`a key: ${told(timed(() => decodeVerifyingKey(hexToBytes(vectors.batch.key))))}`);
const code = await readKernelCode();
for (const flavour of ['fused', 'portable'] satisfies Flavour[]) {
  write(`${claims.length} proofs, ${flavour}:`);
  for (const [name, times] of splitTimes(await openFlavour(code, flavour), claims)) {
    write(`  ${name}: ${told(times)}`);
  }
}
