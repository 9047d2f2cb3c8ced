import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grindNonce, isGround, MAX_GRINDING_BITS, nonceBytes } from './grinding.ts';
import { Kernel } from './kernel/kernel.ts';
import { readKernelModule } from './kernel/module-node.ts';
import { StarkError } from './kernel/stark-error.ts';
import { leastNonce } from './testing/plain-transcript.ts';
import { mixedWords } from './testing/plain-tree.ts';

const kernel = new Kernel(await readKernelModule());
const stateOf = (seed: number) => Uint8Array.from(mixedWords(32, seed), (word) => word % 256);
const never = () => false;

test('the least nonce is found, and shows the work', () => {
  const { mark } = kernel.arena;
  for (let bits = 0; bits <= 10; bits++) {
    const state = stateOf(bits);
    const nonce = grindNonce(kernel, state, bits, never);
    assert.equal(nonce, leastNonce(state, bits));
    assert.ok(isGround(state, bits, nonce));
  }
  assert.equal(kernel.arena.mark, mark);
});

test('the search goes on from slice to slice', () => {
  const state = stateOf(1);
  const nonce = grindNonce(kernel, state, 18, never);
  assert.ok(nonce >= 2n ** 16n, `${nonce}`);
  assert.ok(isGround(state, 18, nonce));
});

test('nonces beyond 32 bits are found', () => {
  const state = stateOf(5);
  for (const first of [2 ** 32 - 2 ** 16, 2 ** 32, 7 * 2 ** 32 + 2 ** 16]) {
    const nonce = grindNonce(kernel, state, 17, never, first);
    assert.ok(nonce >= first && isGround(state, 17, nonce), `${first}`);
  }
  assert.throws(() => grindNonce(kernel, state, 1, never, 5), /assertion failed/);
});

test('nonces of all eight bytes are checked', () => {
  const state = stateOf(2);
  const high = [...Array(40).keys()].filter((low) => isGround(state, 3, 2n ** 63n + BigInt(low)));
  const none = [...Array(40).keys()].filter((low) => isGround(state, 3, BigInt(low)));
  assert.ok(high.length > 0 && high.length < 40);
  assert.notDeepEqual(high, none);
  assert.deepEqual(nonceBytes(2n ** 63n + 5n), Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0x80));
});

test('a search is cancelled between slices', () => {
  const { mark } = kernel.arena;
  let asked = 0;
  const isCancelled = () => ++asked === 3;
  assert.throws(
    () => grindNonce(kernel, stateOf(3), MAX_GRINDING_BITS, isCancelled),
    (error) => error instanceof StarkError && error.code === 'CANCELLED',
  );
  assert.equal(asked, 3);
  assert.equal(kernel.arena.mark, mark);
});

test('bits beyond what is searched for are a mistake of the caller', () => {
  for (const bits of [-1, 32]) {
    assert.throws(() => isGround(stateOf(4), bits, 0n), /assertion failed/);
    assert.throws(() => grindNonce(kernel, stateOf(4), bits, never), /assertion failed/);
  }
});
