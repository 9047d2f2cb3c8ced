import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bn254 } from '@noble/curves/bn254.js';
import { buildBn254 } from '../build.ts';
import { readNumber, writeNumber } from './bytes.ts';
import { G2 } from './g2.ts';
import { Bn254Error, openFlavour } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { BASE_ORDER } from './orders.ts';

await buildBn254();
const kernel = await openFlavour(await readKernelCode(), 'fused');
const g2 = new G2(kernel);

test('points of G2 as proving keys have them: real part first, little-endian, times 2^256', () => {
  const points = [1n, 77n].map((log) => bn254.G2.Point.BASE.multiplyUnsafe(log).toAffine());
  const coordinates = points.flatMap(({ x, y }) => [x.c1, x.c0, y.c1, y.c0]);
  const plain = new Uint8Array(32 * coordinates.length + 128);
  coordinates.forEach((value, index) => {
    writeNumber(plain, 32 * index, value);
  });
  const bytes = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at += 64) {
    for (const [from, to] of [
      [at, at + 32],
      [at + 32, at],
    ] as const) {
      writeNumber(bytes, to, (readNumber(plain, from) << 256n) % BASE_ORDER);
      bytes.subarray(to, to + 32).reverse();
    }
  }
  const given = bytes.slice();
  const list = g2.fromMontgomery(bytes);
  assert.deepEqual(bytes, given);
  assert.deepEqual(list.toBytes(), plain);
  assert.equal(list.isInSubgroup, false);
  const [little, big] = [new Uint8Array(32 * list.length), new Uint8Array(32 * list.length)];
  little[0] = 3;
  big[31] = 3;
  assert.deepEqual(g2.sumOfProducts(list, little, 'little'), g2.sumOfProducts(list, big));
  list.release();
  for (const place of bytes.keys()) {
    const wrong = bytes.with(place, (bytes[place] ?? 0) ^ 1);
    assert.throws(() => g2.fromMontgomery(wrong), Bn254Error, `byte ${place}`);
  }
  assert.equal(kernel.heap.takenBytes, 0);
});
