import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import { mixedWords } from '../testing/plain-tree.ts';
import { bytesOf, hashWords, wordsOf } from './keyed-hash.ts';
import { KEYS } from './keys.ts';

test('messages of every length up to a chunk are hashed as @noble/hashes does it', () => {
  const key = wordsOf(KEYS.NODE);
  for (let count = 1; count <= 256; count++) {
    const message = Uint32Array.from(mixedWords(count, count), (word) => 2 * word + 1);
    const digest = new Uint32Array(8);
    hashWords(key, message, digest);
    assert.deepEqual(bytesOf(digest), blake3(bytesOf(message), { key: KEYS.NODE }), `${count}`);
  }
});

test('a digest may take the place of its message', () => {
  const key = wordsOf(KEYS.LEAF);
  const words = Uint32Array.from(mixedWords(16, 1));
  const expected = blake3(bytesOf(words), { key: KEYS.LEAF });
  hashWords(key, words, words.subarray(4, 12));
  assert.deepEqual(bytesOf(words.slice(4, 12)), expected);
});

test('what is no message of one chunk is a mistake of the caller', () => {
  const [key, digest] = [new Uint32Array(8), new Uint32Array(8)];
  for (const [message, target] of [
    [new Uint32Array(0), digest],
    [new Uint32Array(257), digest],
    [new Uint32Array(16), new Uint32Array(7)],
  ] as const) {
    assert.throws(() => hashWords(key, message, target), /assertion failed/);
  }
});

test('words and bytes are little-endian, wherever the bytes lie', () => {
  const bytes = Uint8Array.of(9, 1, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff).subarray(1);
  assert.deepEqual(wordsOf(bytes), Uint32Array.of(0x80000001, 0xffffffff));
  assert.deepEqual(bytesOf(wordsOf(bytes)), Uint8Array.from(bytes));
});
