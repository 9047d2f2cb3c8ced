import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBn254 } from '../build.ts';
import { FrDomain } from './fft.ts';
import { G1 } from './g1.ts';
import { G2 } from './g2.ts';
import { Bn254Error, openFlavour } from './kernel.ts';
import { Multilinear } from './multilinear.ts';
import { readKernelCode } from './node-code.ts';
import { Pairing } from './pairing.ts';
import { Poseidon } from './poseidon.ts';
import { numbers, refusedAs } from './test-values.ts';
import { type FrVector, FrVectors } from './vectors.ts';

await buildBn254();
const kernel = await openFlavour(await readKernelCode(), 'portable');
const { heap } = kernel;
const g1 = new G1(kernel);
const g2 = new G2(kernel);
const vectors = new FrVectors(kernel);
const multilinear = new Multilinear(kernel);

/** Runs `work` with place for so many blocks; whether that was enough. */
function fits(blocks: number, name: string, work: () => unknown): boolean {
  const taken = heap.takenBytes;
  let left = blocks;
  heap.take = (length) => {
    if (left-- === 0) throw new Bn254Error('OUT_OF_MEMORY', 'no more for this test');
    return Object.getPrototypeOf(heap).take.call(heap, length);
  };
  try {
    const made = work();
    if (made instanceof Object && 'release' in made) (made as FrVector).release();
    return true;
  } catch (error) {
    assert(error instanceof Bn254Error && error.code === 'OUT_OF_MEMORY', `${name}: ${error}`);
    assert.equal(heap.takenBytes, taken, `${name}: with ${blocks} blocks`);
    return false;
  } finally {
    Reflect.deleteProperty(heap, 'take');
  }
}

const plain = numbers([1n, 2n, 3n, 4n]);
const vector = vectors.fromBytes(plain);
const given = {
  rowStarts: Uint32Array.of(0, 1, 2),
  columns: Uint32Array.of(0, 1),
  coefficients: Uint32Array.of(0, 1),
  values: plain.subarray(0, 64),
};
const matrix = vectors.matrix(given);
const domain = new FrDomain(kernel, 2);
const bases = g1.bases('test', 4);
/** The generator of G2 (EIP-197). */
const generator = numbers([
  11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  10857046999023057135944570762232829481370756359578518086990519993285655852781n,
  4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  8495653923123431417604973247489272438418190587263600148770280649306958101930n,
]);
const twist = g2.fromBytes(Uint8Array.from([...generator, ...generator]));
const pair = g1.bases('test', 2);
const plainBases = bases.toBytes();

for (const [name, work] of [
  ['vector', () => vectors.fromBytes(plain)],
  ['sum of vectors', () => vectors.add(vector, vector)],
  ['sum of scaled vectors', () => vectors.addScaled(vector, 3n, vector)],
  ['matrix', () => vectors.matrix(given)],
  ['matrix times vector', () => vectors.apply(matrix, vector)],
  ['domain', () => new FrDomain(kernel, 3)],
  ['interpolation', () => domain.interpolate(vector)],
  ['equality tables', () => multilinear.equality([5n, 6n])],
  ['binding', () => multilinear.bind(vector, 7n)],
  ['points', () => g1.fromBytes(plainBases)],
  ['compressed points', () => g1.fromCompressed(bases.toCompressed())],
  ['bases', () => g1.bases('test', 3)],
  ['products', () => g1.multiply(bases, plain)],
  ['sum of products', () => g1.sumOfProducts(bases, plain)],
  ['commitment', () => g1.commit(bases, vector)],
  ['joined points', () => g1.join([bases, pair])],
  ['points of G2', () => g2.fromBytes(generator)],
  ['sums in G2', () => g2.add(twist, twist)],
  ['sum of products in G2', () => g2.sumOfProducts(twist, plain.subarray(0, 64))],
  ['pairing', () => new Pairing(kernel).productIsOne(pair, twist)],
] satisfies [string, () => unknown][]) {
  test(`no kernel memory is lost where there is none for all of it: ${name}`, () => {
    let blocks = 0;
    while (!fits(blocks, name, work)) blocks += 1;
    assert(blocks > 0, 'it takes memory');
  });
}

test('tables of Poseidon are made whole, or not at all', () => {
  const poseidon = new Poseidon(kernel);
  const work = () => poseidon.hash([1n, 2n]);
  // The table, and what it is read from.
  assert(!fits(0, 'table', work) && !fits(1, 'table', work));
  assert.equal(work(), new Poseidon(kernel).hash([1n, 2n]));
});

test('bases are counted in whole numbers', () => {
  for (const [count, first] of [
    [-1, 0],
    [1.5, 0],
    [1, -1],
    [1, 0.5],
    [Number.NaN, 0],
    [1, 2 ** 32],
  ] as const) {
    assert.throws(() => g1.bases('test', count, first), refusedAs('INPUT_LENGTH'));
  }
  g1.bases('test', 0).release();
  g1.bases('test', 1, 2 ** 32 - 1).release();
});
