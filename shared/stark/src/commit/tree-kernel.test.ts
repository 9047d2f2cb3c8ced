import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import {
  concat,
  mixedWords,
  montgomery,
  PRIME,
  u32Bytes,
  u64Bytes,
} from '../testing/plain-tree.ts';
import { KEYS } from './keys.ts';

const kernel = new Kernel(await readKernelModule());
const { exports, arena } = kernel;

const bytesAt = (address: number, length: number): Uint8Array =>
  new Uint8Array(exports.memory.buffer).slice(address, address + length);
const digestAt = (address: number, index: number): Uint8Array => bytesAt(address + 32 * index, 32);

/** Runs with what it takes of the arena given back. */
function inArena(run: () => void): void {
  const { mark } = arena;
  run();
  arena.release(mark);
}

/** Words become columns behind each other; the result is where their digests are. */
function hashRows(columns: readonly (readonly number[])[], rows: number): number {
  const pointers = arena.take(4 * columns.length);
  columns.forEach((column, index) => {
    const address = arena.take(4 * rows);
    arena.words(address, rows).set(column.map(montgomery));
    arena.words(pointers, columns.length)[index] = address;
  });
  const digests = arena.take(32 * rows);
  exports.hashRows(pointers, columns.length, rows, digests);
  return digests;
}

test('rows are hashed as BLAKE3 has it', () => {
  const rows = 16;
  // Around the ends of BLAKE3's blocks, of 16 words.
  const widths = Array.from({ length: 256 }, (_, index) => index + 1);
  for (const width of widths.filter((one) => one <= 34 || (one + 1) % 16 <= 2)) {
    inArena(() => {
      const columns = Array.from({ length: width }, (_, j) => mixedWords(rows, 1000 * width + j));
      const digests = hashRows(columns, rows);
      for (let row = 0; row < rows; row++) {
        const message = concat(columns.map((column) => u32Bytes(column[row] ?? 0)));
        const expected = blake3(message, { key: KEYS.LEAF });
        assert.deepEqual(digestAt(digests, row), expected, `width ${width}, row ${row}`);
      }
    });
  }
});

test('elements are taken out of Montgomery form', () => {
  const near = (middle: number) => [-2, -1, 0, 1, 2].map((away) => middle + away);
  const edges = [2 ** 5, 2 ** 26, 2 ** 27, 2 ** 30, PRIME / 2 - 0.5].flatMap(near);
  const edge = fc.constantFrom(0, 1, 2, PRIME - 1, PRIME - 2, ...edges);
  const element = fc.oneof(edge, fc.nat({ max: PRIME - 1 }));
  fc.assert(
    fc.property(fc.array(element, { minLength: 16, maxLength: 16 }), (column) => {
      inArena(() => {
        const digests = hashRows([column], 16);
        column.forEach((value, row) => {
          assert.deepEqual(digestAt(digests, row), blake3(u32Bytes(value), { key: KEYS.LEAF }));
        });
      });
    }),
  );
});

test('a level is hashed coset by coset', () => {
  for (const [cosets, cosetNodes] of [
    [1, 4],
    [4, 16],
    [8, 8],
  ] as const) {
    inArena(() => {
      const count = 2 * cosets * cosetNodes;
      const below = arena.take(32 * count);
      arena.words(below, 8 * count).set(mixedWords(8 * count, cosets));
      const target = arena.take(16 * count);
      exports.hashLevel(below, target, cosetNodes, cosets);
      for (let node = 0; node < cosets * cosetNodes; node++) {
        const left = node + Math.floor(node / cosetNodes) * cosetNodes;
        const pair = [digestAt(below, left), digestAt(below, left + cosetNodes)];
        assert.deepEqual(digestAt(target, node), blake3(concat(pair), { key: KEYS.NODE }));
      }
    });
  }
});

test('rows are injected in place', () => {
  inArena(() => {
    const count = 12;
    const nodes = arena.take(32 * count);
    const leaves = arena.take(32 * count);
    arena.words(nodes, 8 * count).set(mixedWords(8 * count, 1));
    arena.words(leaves, 8 * count).set(mixedWords(8 * count, 2));
    const pairs = Array.from({ length: count }, (_, i) =>
      concat([digestAt(nodes, i), digestAt(leaves, i)]),
    );
    exports.injectRows(nodes, leaves, count);
    pairs.forEach((pair, i) => {
      assert.deepEqual(digestAt(nodes, i), blake3(pair, { key: KEYS.NODE }));
    });
  });
});

test('the search finds the least nonce, in any slice', () => {
  inArena(() => {
    const state = arena.take(32);
    arena.words(state, 8).set(mixedWords(8, 3));
    const rest = (high: number, low: number, bits: number): number => {
      const nonce = u64Bytes(BigInt(high) * 2n ** 32n + BigInt(low));
      const hash = blake3(concat([bytesAt(state, 32), nonce]), { key: KEYS.GRIND });
      return new DataView(hash.buffer).getUint32(0, true) % 2 ** bits;
    };
    for (const [high, low] of [
      [0, 0],
      [0, 2 ** 32 - 512],
      [5, 12],
    ] as const) {
      for (let bits = 0; bits <= 9; bits++) {
        const nonces = Array.from({ length: 512 }, (_, i) => i);
        const expected = nonces.findIndex((i) => rest(high, low + i, bits) === 0);
        assert.equal(exports.grind(state, bits, high, low, 512), expected, `${high} ${bits}`);
      }
    }
    assert.equal(exports.grind(state, 31, 0, 0, 512), -1);
  });
});
