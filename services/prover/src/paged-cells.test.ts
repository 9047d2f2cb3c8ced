// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AccountTree } from '@foldbook/verifier';
import fc from 'fast-check';
import { PagedCells } from './paged-cells.ts';

let dir = '';

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-cells-'));
});

after(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Ids that share pages with others, and such that share none. */
const id = fc.oneof(fc.nat(200), fc.nat(2 ** 24 - 1), fc.constant(2 ** 24 - 1));
const amount = fc.oneof(fc.constant(0n), fc.bigInt(0n, 2n ** 63n - 1n));

test('a tree in a file is the one in memory, however small its cache', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(id, amount, amount, fc.boolean()), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      (changes, pages) => {
        const cells = new PagedCells(dir, pages * 4_096);
        try {
          const paged = new AccountTree(cells);
          const whole = new AccountTree();
          for (const [account, base, quote, isForked] of changes) {
            const target = isForked ? paged.fork() : paged;
            target.set(account, base, quote);
            if (isForked) paged.adopt(target);
            whole.set(account, base, quote);
            assert.equal(paged.root(), whole.root());
          }
          for (const [account] of changes) {
            assert.deepEqual(paged.get(account), whole.get(account));
            assert.deepEqual(paged.path(account), whole.path(account));
          }
          assert(cells.figures().pages <= pages);
        } finally {
          cells.close();
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('forks of forks, adopted one after the other', () => {
  const cells = new PagedCells(dir, 4 * 4_096);
  const tree = new AccountTree(cells);
  const whole = new AccountTree();
  const forks = [tree.fork()];
  for (let epoch = 0; epoch < 5; epoch += 1) {
    const fork = forks.at(-1);
    for (const account of [epoch, 70 * epoch, 1_000_000 + epoch]) {
      fork?.set(account, BigInt(epoch), 7n);
      whole.set(account, BigInt(epoch), 7n);
    }
    assert.equal(fork?.root(), whole.root());
    if (fork !== undefined) forks.push(fork.fork());
  }
  const last = forks.pop();
  const middle = forks[2]?.root();
  for (const fork of forks) tree.adopt(fork);
  assert.notEqual(middle, whole.root());
  assert.equal(tree.root(), whole.root());
  assert.equal(last?.root(), whole.root());
  assert.deepEqual(last?.path(70), whole.path(70));
  cells.close();
});

test('its file has no name, and what was used last is found in memory', async () => {
  const cells = new PagedCells(dir, 2 ** 20);
  assert.deepEqual(await readdir(dir), []);
  const tree = new AccountTree(cells);
  for (let round = 0; round < 2; round += 1) {
    for (let account = 0; account < 640; account += 1) tree.set(account, 1n, 1n);
    tree.root();
  }
  // Ten pages of leaves, and one of each band above.
  const { misses, pages, hits } = cells.figures();
  assert.deepEqual([misses, pages], [13, 13]);
  assert(hits > 0);
  cells.close();
});

test('looks at one page in a row are one hit or one miss', () => {
  const cells = new PagedCells(dir, 4_096);
  const [first, second] = [3, 700];
  for (const account of [first, second, first]) {
    for (let look = 0; look < 10; look += 1) cells.setBalance(account, { base: 1n, quote: 1n });
  }
  // With room for one page each change of the account is one of pages that finds nothing.
  assert.deepEqual(cells.figures(), { hits: 0, misses: 3, pages: 1, maxPages: 1 });
  cells.close();
  const roomy = new PagedCells(dir, 8_192);
  for (const account of [first, second, first]) roomy.balance(account);
  assert.deepEqual(roomy.figures(), { hits: 1, misses: 2, pages: 2, maxPages: 2 });
  roomy.close();
});
