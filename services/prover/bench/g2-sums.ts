/**
 * Sums of points of G2 times scalars, by our kernel and by ffjavascript, in turn in one process:
 * node services/prover/bench/g2-sums.ts [log2 of the number of points]
 */
import { G2, openKernel } from '@foldbook/bn254';
import { readKernelCode } from '@foldbook/bn254/node';
import { buildBn128 } from 'ffjavascript';
import { fastest, reversed, write } from './rounds.ts';

const POINT = 128;
const log2 = Number(process.argv[2] ?? 12);
const count = 2 ** log2;
/** Numbers below 2^32 from a small generator: the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

/** Big-endian scalars; `bitsOf` says how long each is. */
function scalars(bitsOf: (draw: number) => number): Uint8Array {
  const bytes = new Uint8Array(32 * count);
  const draw = generator(7);
  for (let i = 0; i < count; i++) {
    const bits = bitsOf((draw() >>> 8) % 100);
    for (let bit = 0; bit < bits; bit++) {
      const place = 32 * i + 31 - (bit >>> 3);
      bytes[place] = (bytes[place] ?? 0) | ((draw() >>> 31) << (bit & 7));
    }
  }
  return bytes;
}

/** Different points: each is the one before it and a constant. */
function drawPoints(g2: G2, generatorBytes: Uint8Array): Uint8Array {
  const scalarsOfFirst = new Uint8Array(32 * 64);
  for (let i = 0; i < 64; i++) scalarsOfFirst[32 * i + 31] = i + 1;
  const base = g2.fromBytes(
    Uint8Array.from({ length: 64 * POINT }, (_, i) => generatorBytes[i % POINT] ?? 0),
  );
  let list = g2.multiply(base, scalarsOfFirst);
  for (let stride = 64; stride < count; stride *= 2) {
    const bytes = list.toBytes();
    const last = bytes.subarray(bytes.length - POINT);
    const shift = Uint8Array.from({ length: bytes.length }, (_, i) => last[i % POINT] ?? 0);
    const shifted = g2.add(list, g2.fromBytesOnCurve(shift));
    const both = new Uint8Array(2 * bytes.length);
    both.set(bytes);
    both.set(shifted.toBytes(), bytes.length);
    list = g2.fromBytesOnCurve(both);
  }
  return list.toBytes().slice(0, POINT * count);
}

const g2 = new G2(await openKernel(await readKernelCode()));
const curve = await buildBn128(true);
const first = new Uint8Array(POINT);
curve.G2.toRprUncompressed(first, 0, curve.G2.toAffine(curve.G2.g));
const bytes = drawPoints(g2, first);
const points = g2.fromBytesOnCurve(bytes);
const theirs = new Uint8Array(POINT * count);
for (let i = 0; i < count; i++) {
  const part = bytes.subarray(POINT * i, POINT * (i + 1));
  theirs.set(curve.G2.toAffine(curve.G2.fromRprUncompressed(part, 0)), POINT * i);
}
/** A witness of the batch circuit is mostly bits, some amounts and words, few field elements. */
const mix = (draw: number): number => (draw < 70 ? 1 : draw < 85 ? 64 : 253);
for (const [name, bitsOf] of [
  ['253 bits', () => 253],
  ['64 bits', () => 64],
  ['70% bits, 15% 64 bits, 15% 253 bits', mix],
] as const) {
  const ours = scalars(bitsOf);
  const little = reversed(ours);
  const sum = g2.sumOfProducts(points, ours);
  const other = await curve.G2.multiExpAffine(theirs, little);
  const otherBytes = new Uint8Array(POINT);
  curve.G2.toRprUncompressed(otherBytes, 0, curve.G2.toAffine(other));
  if (Buffer.compare(sum, otherBytes) !== 0) throw new Error(`${name}: the sums differ`);
  const ourMs = await fastest(() => g2.sumOfProducts(points, ours));
  const theirMs = await fastest(() => curve.G2.multiExpAffine(theirs, little));
  const ratio = (theirMs / ourMs).toFixed(1);
  const times = `${ourMs.toFixed(0)} ms, ffjavascript ${theirMs.toFixed(0)} ms`;
  write(`2^${log2}, ${name}: ${times} of processor time: ${ratio}x`);
}
await curve.terminate();
