import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kernel } from '../kernel/kernel.ts';
import { readKernelModule } from '../kernel/module-node.ts';
import { fromMontgomery } from '../kernel/montgomery.ts';
import { mixedWords, montgomery, PlainTree, PRIME } from '../testing/plain-tree.ts';
import { type CommittedTable, CommittedTree } from './committed-tree.ts';
import { DigestTree } from './digest-tree.ts';
import { checkOpening } from './opening.ts';
import { TreeShape } from './tree-shape.ts';

const kernel = new Kernel(await readKernelModule());

/** Values by column and exponent. */
type Columns = readonly (readonly number[])[];

/** Lays columns down coset by coset, some lines apart. */
function layDown(columns: Columns, logHeight: number, logBlowup: number): CommittedTable {
  const size = 2 ** (logHeight + logBlowup);
  const stride = 4 * size + 192;
  const address = kernel.arena.take(stride * columns.length);
  columns.forEach((column, j) => {
    const words = kernel.arena.words(address + j * stride, size);
    let place = 0;
    for (let coset = 0; coset < 2 ** logBlowup; coset++) {
      for (let i = 0; i < 2 ** logHeight; i++) {
        words[place++] = montgomery(column[i * 2 ** logBlowup + coset] ?? 0);
      }
    }
  });
  return { address, stride, columns: columns.length, logHeight };
}

const columnsOf = (count: number, size: number, seed: number): Columns =>
  Array.from({ length: count }, (_, j) => mixedWords(size, 100 * seed + j));

/** Rows of columns side by side. */
const rowsOf = (columns: Columns): { rows: number[][] } => ({
  rows: (columns[0] ?? []).map((_, e) => columns.map((column) => column[e] ?? 0)),
});

function checkTree(logBlowup: number, sizes: readonly (readonly [number, number])[]): void {
  const { mark } = kernel.arena;
  const byHeight = new Map<number, number[][]>();
  const tables = sizes.map(([logHeight, count], seed) => {
    const columns = columnsOf(count, 2 ** (logHeight + logBlowup), seed);
    const beside = byHeight.get(logHeight) ?? [];
    byHeight.set(logHeight, [...beside, ...columns.map((column) => [...column])]);
    return layDown(columns, logHeight, logBlowup);
  });
  const heights = [...byHeight].sort(([a], [b]) => b - a);
  const plain = new PlainTree(heights.map(([, columns]) => rowsOf(columns)));
  const tree = CommittedTree.build(kernel, tables, logBlowup);
  assert.deepEqual(tree.cap, plain.cap);
  assert.deepEqual(tree.root, plain.root);
  const size = 2 ** tree.shape.logSize;
  for (const e of [0, 1, 63, 64, size / 2 - 1, size / 2, size - 1]) {
    const { rows, siblings } = tree.opening(e);
    const expected = plain.opening(e);
    assert.deepEqual(
      rows,
      expected.rows.map((row) => Uint32Array.from(row)),
    );
    assert.deepEqual(siblings, expected.siblings);
    assert.deepEqual(checkOpening(tree.shape, tree.cap, e, { rows, siblings }), { ok: true });
  }
  kernel.arena.release(mark);
}

test('one height', () => {
  checkTree(2, [[6, 3]]);
  checkTree(3, [[7, 40]]);
});

test('several heights, in any order', () => {
  checkTree(2, [
    [8, 2],
    [6, 17],
  ]);
  checkTree(2, [
    [6, 5],
    [9, 1],
    [7, 30],
  ]);
  checkTree(3, [
    [6, 4],
    [7, 4],
    [8, 4],
  ]);
});

test('tables of one height stand side by side, in their order', () => {
  checkTree(2, [
    [7, 2],
    [6, 3],
    [7, 1],
  ]);
  checkTree(3, [
    [6, 15],
    [6, 102],
  ]);
});

test('the arena is left with the digests only', () => {
  const { arena } = kernel;
  const { mark } = arena;
  const tables = [7, 6].map((logHeight, seed) =>
    layDown(columnsOf(3, 2 ** (logHeight + 2), seed), logHeight, 2),
  );
  const before = arena.mark;
  CommittedTree.build(kernel, tables, 2);
  assert.equal(arena.mark - before, 32 * (512 + 256 + 128 + 64));
  arena.release(mark);
});

test('leaves that are hashed coset by coset make the same tree', () => {
  const { arena, exports } = kernel;
  const { mark } = arena;
  const [logHeight, logBlowup] = [7, 2];
  const columns = columnsOf(10, 2 ** (logHeight + logBlowup), 1);
  const { address, stride } = layDown(columns, logHeight, logBlowup);
  const shape = new TreeShape([{ logSize: logHeight + logBlowup, columns: columns.length }]);
  const tree = DigestTree.build(kernel, shape, logBlowup, (_, target) => {
    for (let coset = 0; coset < 2 ** logBlowup; coset++) {
      const pointers = arena.take(4 * columns.length);
      const start = address + 4 * coset * 2 ** logHeight;
      arena.words(pointers, columns.length).set(columns.map((__, j) => start + j * stride));
      const leaves = target + 32 * coset * 2 ** logHeight;
      exports.hashRows(pointers, columns.length, 2 ** logHeight, leaves);
    }
  });
  assert.deepEqual(tree.root, new PlainTree([rowsOf(columns)]).root);
  arena.release(mark);
});

test('a tree whose cosets are too small for the kernel is a mistake of the caller', () => {
  const shape = new TreeShape([{ logSize: 4, columns: 1 }]);
  assert.throws(() => DigestTree.build(kernel, shape, 3, () => {}), /assertion failed/);
});

test('words of the kernel are taken out of Montgomery form', () => {
  const edges = [0, 1, 2, 31, 32, 2 ** 26, 2 ** 27, 2 ** 30, (PRIME - 1) / 2, PRIME - 2, PRIME - 1];
  for (const value of [...edges, ...mixedWords(1000, 5)]) {
    assert.equal(fromMontgomery(montgomery(value)), value);
  }
  for (const word of edges) assert.equal(montgomery(fromMontgomery(word)), word);
});
