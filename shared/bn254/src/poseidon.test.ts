import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as reference from 'poseidon-lite';
import { buildBn254 } from '../build.ts';
import { readNumber, writeScalar } from './bytes.ts';
import { Bn254Error, type Flavour, openFlavour } from './kernel.ts';
import { readKernelCode } from './node-code.ts';
import { SCALAR_ORDER } from './orders.ts';
import { Poseidon } from './poseidon.ts';

await buildBn254();
const code = await readKernelCode();
const flavours: readonly Flavour[] = ['fused', 'portable'];

type Hash = (inputs: bigint[]) => bigint;
function referenceOf(arity: number): Hash {
  const hash: unknown = Reflect.get(reference, `poseidon${arity}`);
  assert(typeof hash === 'function');
  return (inputs) => hash(inputs);
}

const edges = [0n, 1n, 2n, SCALAR_ORDER - 1n, SCALAR_ORDER - 2n, 1n << 253n, (1n << 51n) - 1n];
const scalar = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }));

const bytesOf = (values: readonly bigint[]): Uint8Array => {
  const bytes = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    writeScalar(bytes, 32 * index, value);
  });
  return bytes;
};

for (const flavour of flavours) {
  const poseidon = new Poseidon(await openFlavour(code, flavour));

  for (let arity = 1; arity <= 16; arity++) {
    test(`${flavour}: ${arity} inputs hash as the reference says`, () => {
      const hash = referenceOf(arity);
      const lists = fc.array(fc.array(scalar, { minLength: arity, maxLength: arity }), {
        minLength: 1,
        maxLength: 5,
      });
      fc.assert(
        fc.property(lists, (given) => {
          const hashes = poseidon.hashMany(arity, bytesOf(given.flat()));
          const found = given.map((_, index) => readNumber(hashes, 32 * index));
          assert.deepEqual(found, given.map(hash));
        }),
        { numRuns: 6 },
      );
    });
  }
}

const poseidon = new Poseidon(await openFlavour(code, 'fused'));

test('a sponge chains permutations of 15 words, the last filled with zeros', () => {
  const words = Array.from({ length: 37 }, (_, index) => BigInt(index) ** 40n);
  let state = 7n;
  for (let start = 0; start < words.length; start += 15) {
    const chunk = words.slice(start, start + 15);
    while (chunk.length < 15) chunk.push(0n);
    state = reference.poseidon16([state, ...chunk]);
  }
  assert.equal(poseidon.sponge(7n, words), state);
  assert.equal(poseidon.sponge(5n, []), 5n);
});

test('many sponges are as one by one', () => {
  const ivs = [1n, 2n, 3n];
  const words = ivs.map((iv) => Array.from({ length: 30 }, (_, index) => iv * BigInt(index + 1)));
  const many = poseidon.spongeMany(bytesOf(ivs), bytesOf(words.flat()));
  const single = ivs.map((iv, index) => poseidon.sponge(iv, words[index] ?? []));
  assert.deepEqual(
    ivs.map((_, index) => readNumber(many, 32 * index)),
    single,
  );
});

test('what is not a field element or not whole is refused', () => {
  const code = (wanted: string) => (error: unknown) =>
    error instanceof Bn254Error && error.code === wanted;
  assert.throws(() => poseidon.hash([SCALAR_ORDER]), code('FIELD_RANGE'));
  assert.throws(() => poseidon.hash([-1n]), code('FIELD_RANGE'));
  const lists = new Uint8Array(3 * 64);
  lists.fill(0xff, 160);
  assert.throws(() => poseidon.hashMany(2, lists), /list 2 has a number that is not below/);
  assert.throws(() => poseidon.hash([]), code('INPUT_LENGTH'));
  assert.throws(() => poseidon.hash(new Array<bigint>(17).fill(0n)), code('INPUT_LENGTH'));
  assert.throws(() => poseidon.hashMany(2, new Uint8Array(63)), code('INPUT_LENGTH'));
  assert.throws(
    () => poseidon.spongeMany(lists.subarray(160), new Uint8Array(480)),
    code('FIELD_RANGE'),
  );
  assert.throws(() => poseidon.spongeMany(bytesOf([1n]), new Uint8Array(32)), code('INPUT_LENGTH'));
});
