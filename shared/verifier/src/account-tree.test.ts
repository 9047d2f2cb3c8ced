import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyDelta } from './account-diffs.ts';
import { AccountTree, EMPTY_ROOT, TREE_ARITY } from './account-tree.ts';
import { leafHash, nodeHash } from './poseidon.ts';

/** Root from a leaf and its siblings, as the circuit computes it. */
function climb(id: number, leaf: bigint, path: readonly (readonly bigint[])[]): bigint {
  let node = leaf;
  let position = id;
  for (const siblings of path) {
    node = nodeHash(siblings.toSpliced(position % TREE_ARITY, 0, node));
    position = Math.floor(position / TREE_ARITY);
  }
  return node;
}

const id = fc.oneof(fc.nat(20), fc.nat(2 ** 24 - 1), fc.constant(2 ** 24 - 1));
const total = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const changes = fc.array(fc.tuple(id, total, total), { minLength: 1, maxLength: 6 });

test('every path leads to the root, of accounts that are there and that are not', () => {
  fc.assert(
    fc.property(changes, id, (list, absent) => {
      const tree = new AccountTree();
      for (const [account, base, quote] of list) tree.set(account, base, quote);
      for (const account of [...list.map(([changed]) => changed), absent]) {
        const { base, quote } = tree.get(account);
        assert.equal(climb(account, leafHash(base, quote), tree.path(account)), tree.root());
      }
    }),
    { numRuns: 15 },
  );
});

test('the root depends on the balances alone, not on how they came about', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const stepwise = new AccountTree();
      for (const [account, base, quote] of list) {
        stepwise.set(account, quote, base);
        stepwise.root();
        stepwise.set(account, base, quote);
      }
      const atOnce = new AccountTree();
      for (const account of new Set(list.map(([changed]) => changed))) {
        const { base, quote } = stepwise.get(account);
        atOnce.set(account, base, quote);
      }
      assert.equal(stepwise.root(), atOnce.root());
      for (const [account] of list) stepwise.set(account, 0n, 0n);
      assert.equal(stepwise.root(), EMPTY_ROOT);
    }),
    { numRuns: 15 },
  );
});

test('a wrong id or balance is a mistake of the caller', () => {
  const tree = new AccountTree();
  assert.throws(() => tree.set(2 ** 24, 1n, 1n), /account id/);
  assert.throws(() => tree.set(-1, 1n, 1n), /account id/);
  assert.throws(() => tree.set(2, -1n, 1n), /balance -1/);
  assert.throws(() => tree.set(2, 1n, 2n ** 63n), /balance/);
  assert.throws(() => tree.path(0.5), /account id/);
});

test('a change moves an account, the supply account the other way, and stays in range', () => {
  const tree = new AccountTree();
  assert.equal(applyDelta(tree, { id: 7, base: 5n, quote: 6n }), undefined);
  assert.deepEqual(tree.get(7), { base: 5n, quote: 6n });
  assert.equal(applyDelta(tree, { id: 0, base: -5n, quote: -6n }), undefined);
  assert.deepEqual(tree.get(0), { base: 5n, quote: 6n });
  const root = tree.root();
  const message = applyDelta(tree, { id: 7, base: 0n, quote: -7n });
  assert.match(message ?? '', /account 7 would end with quote -1/);
  assert.match(applyDelta(tree, { id: 0, base: 6n, quote: 0n }) ?? '', /base -1/);
  assert.match(applyDelta(tree, { id: 7, base: 2n ** 63n - 5n, quote: 0n }) ?? '', /account 7/);
  assert.equal(tree.root(), root);
});

test('a fork is a tree of its own, until the first takes its changes', () => {
  const tree = new AccountTree();
  const whole = new AccountTree();
  for (const id of [0, 5, 77]) {
    tree.set(id, 10n, BigInt(id));
    whole.set(id, 10n, BigInt(id));
  }
  const before = tree.root();
  const path = tree.path(77);
  const fork = tree.fork();
  for (const change of [fork, whole]) {
    change.set(5, 0n, 0n);
    change.set(6, 1n, 2n);
  }
  assert.equal(fork.root(), whole.root());
  assert.deepEqual(fork.path(5), whole.path(5));
  assert.deepEqual([fork.get(5).base, fork.get(77).quote], [0n, 77n]);
  assert.equal(tree.root(), before);
  assert.deepEqual(tree.path(77), path);
  assert.deepEqual([tree.get(5).base, tree.get(6).base], [10n, 0n]);
  tree.adopt(fork);
  assert.equal(tree.root(), whole.root());
  assert.deepEqual(tree.get(6), whole.get(6));
  tree.set(6, 0n, 0n);
  whole.set(6, 0n, 0n);
  assert.equal(tree.root(), whole.root());
  assert.throws(() => new AccountTree().adopt(tree.fork()), /its own tree/);
});
