/**
 * Sums of points times scalars, by our kernel and by ffjavascript, in turn in one process:
 * node services/prover/bench/g1-sums.ts [log2 of the number of points]
 */
import { G1, openKernel } from '@foldbook/bn254';
import { readKernelCode } from '@foldbook/bn254/node';
import { buildBn128 } from 'ffjavascript';
import { fastest, reversed, write } from './rounds.ts';

const log2 = Number(process.argv[2] ?? 12);
const count = 2 ** log2;
/** Scalars of so many bits from a small generator: the same in every run. */
function scalars(bits: number): Uint8Array {
  const bytes = new Uint8Array(32 * count);
  let seed = 12345;
  for (let i = 0; i < count; i++) {
    for (let bit = 0; bit < bits; bit++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      const place = 32 * i + 31 - (bit >>> 3);
      bytes[place] = (bytes[place] ?? 0) | (((seed >>> 16) & 1) << (bit & 7));
    }
  }
  return bytes;
}

const g1 = new G1(await openKernel(await readKernelCode()));
const drawStart = performance.now();
const points = g1.bases('bench', count);
write(`${count} points drawn in ${(performance.now() - drawStart).toFixed(0)} ms`);
const curve = await buildBn128(true);
const bytes = points.toBytes();
const theirs = new Uint8Array(64 * count);
for (let i = 0; i < count; i++) {
  const part = bytes.subarray(64 * i, 64 * (i + 1));
  theirs.set(curve.G1.toAffine(curve.G1.fromRprUncompressed(part, 0)), 64 * i);
}
for (const bits of [253, 64, 1]) {
  const ours = scalars(bits);
  const little = reversed(ours);
  const sum = g1.sumOfProducts(points, ours);
  const other = await curve.G1.multiExpAffine(theirs, little);
  const otherBytes = new Uint8Array(64);
  curve.G1.toRprUncompressed(otherBytes, 0, curve.G1.toAffine(other));
  if (Buffer.compare(sum, otherBytes) !== 0) throw new Error(`${bits} bits: the sums differ`);
  const ourMs = await fastest(() => g1.sumOfProducts(points, ours));
  const theirMs = await fastest(() => curve.G1.multiExpAffine(theirs, little));
  const ratio = (theirMs / ourMs).toFixed(1);
  const times = `${ourMs.toFixed(1)} ms, ffjavascript ${theirMs.toFixed(1)} ms`;
  write(`2^${log2}, ${bits} bits: ${times} of processor time: ${ratio}x`);
}
await curve.terminate();
