import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mixedWords, PlainTree } from '../testing/plain-tree.ts';
import { capRoot, checkOpening, type Opening } from './opening.ts';
import { TreeShape } from './tree-shape.ts';

const rowsOf = (logSize: number, columns: number, seed: number) => ({
  rows: Array.from({ length: 2 ** logSize }, (_, e) => mixedWords(columns, 1000 * seed + e)),
});

const openingOf = (tree: PlainTree, e: number): Opening => {
  const { rows, siblings } = tree.opening(e);
  return { rows: rows.map((row) => Uint32Array.from(row)), siblings };
};

interface Case {
  readonly shape: TreeShape;
  readonly tree: PlainTree;
}
const caseOf = (...sizes: readonly (readonly [number, number])[]): Case => ({
  shape: new TreeShape(sizes.map(([logSize, columns]) => ({ logSize, columns }))),
  tree: new PlainTree(sizes.map(([logSize, columns], seed) => rowsOf(logSize, columns, seed))),
});
const cases = [
  caseOf([8, 3]),
  caseOf([6, 20]),
  caseOf([9, 17], [7, 2]),
  caseOf([9, 1], [8, 16], [6, 5]),
  caseOf([5, 2], [2, 1]),
  caseOf([3, 2], [0, 1]),
];

test('openings of trees of one to three heights are accepted at every exponent', () => {
  for (const { shape, tree } of cases) {
    const cap = tree.cap;
    assert.deepEqual(capRoot(cap), tree.root);
    for (let e = 0; e < 2 ** shape.logSize; e++) {
      assert.deepEqual(checkOpening(shape, cap, e, openingOf(tree, e)), { ok: true }, `${e}`);
    }
  }
});

const flip = (bytes: Uint8Array | Uint32Array, place: number, bit: number): void => {
  bytes[place] = (bytes[place] ?? 0) ^ (1 << (bit % (8 * bytes.BYTES_PER_ELEMENT)));
};

test('a changed word, a changed digest or another exponent lead elsewhere', () => {
  const change = fc.tuple(fc.nat(), fc.nat(31));
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.nat(), change, ({ shape, tree }, any, change) => {
      const [what, bit] = change;
      const size = 2 ** shape.logSize;
      const e = any % size;
      const reasonAt = (exponent: number): string => {
        const verdict = checkOpening(shape, cap, exponent, opening);
        return verdict.ok ? 'accepted' : verdict.reason;
      };
      const cap = tree.cap;
      const opening = openingOf(tree, e);
      const row = opening.rows[what % opening.rows.length] ?? new Uint32Array(1);
      const places: [Uint8Array | Uint32Array, number][] = [
        [row, what % row.length],
        [cap, 32 * (e % 2 ** shape.logCap) + (what % 32)],
      ];
      const { siblings } = opening;
      if (siblings.length > 0) places.push([siblings, what % siblings.length]);
      for (const [bytes, place] of places) {
        flip(bytes, place, bit);
        assert.equal(reasonAt(e), 'OTHER_CAP');
        flip(bytes, place, bit);
        assert.equal(reasonAt(e), 'accepted');
      }
      assert.equal(reasonAt((e + 1 + (what % (size - 1))) % size), 'OTHER_CAP');
    }),
  );
});

test('what has not the shape of the tree is refused', () => {
  const { shape, tree } = caseOf([8, 3], [7, 2]);
  const cap = tree.cap;
  const { rows, siblings } = openingOf(tree, 5);
  const [first, second] = rows;
  assert.ok(first && second);
  const reasonOf = (opening: Opening, otherCap = cap): string => {
    const verdict = checkOpening(shape, otherCap, 5, opening);
    return verdict.ok ? 'accepted' : verdict.reason;
  };
  for (const [wrong, reason] of [
    [{ rows: [first], siblings }, 'ROW_LENGTH'],
    [{ rows: [first, second, second], siblings }, 'ROW_LENGTH'],
    [{ rows: [second, first], siblings }, 'ROW_LENGTH'],
    [{ rows: [first, second.subarray(1)], siblings }, 'ROW_LENGTH'],
    [{ rows, siblings: siblings.subarray(32) }, 'SIBLING_LENGTH'],
    [{ rows, siblings: new Uint8Array(siblings.length + 1) }, 'SIBLING_LENGTH'],
  ] as const) {
    assert.equal(reasonOf(wrong), reason);
  }
  assert.equal(reasonOf({ rows, siblings }, cap.subarray(32)), 'CAP_LENGTH');
  assert.equal(reasonOf({ rows, siblings }), 'accepted');
  for (const e of [-1, 256]) {
    assert.throws(() => checkOpening(shape, cap, e, { rows, siblings }), /assertion failed/);
  }
});
