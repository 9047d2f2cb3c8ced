/**
 * What an account tree of so many accounts takes, in a file with a cache and in memory:
 * node --expose-gc services/prover/bench/account-tree.ts [MiB | memory] [accounts] [epochs]
 *
 * One kind a process. Every account is set and hashed; then epochs change 100 accounts each, drawn
 * by Zipf's law, on a fork that is adopted, and each is opened. Memory is after a collection of
 * garbage, before the tree was made and in the end. Processor time of the epochs' hashing, paths
 * and file together, a changed account.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dice } from '@foldbook/engine';
import { AccountTree } from '@foldbook/verifier';
import { PagedCells } from '../src/paged-cells.ts';
import { write } from './rounds.ts';

const MEBIBYTE = 2 ** 20;
const FIRST_USER = 2;
const CHANGES = 100;
const AT_ONCE = 16_384;

const [kind = '64', accountsText = '1000000', epochsText = '200'] = process.argv.slice(2);
const [accounts, epochs] = [Number(accountsText), Number(epochsText)];

/** What the system gave, and what of it is in use: the rest V8 and the allocator keep for later. */
function settledMemory(): { readonly rss: number; readonly used: number } {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / MEBIBYTE, used: (heapUsed + external) / MEBIBYTE };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The share of an account falls as one over its rank; ranks lie all over the accounts. */
function zipfAccount(dice: Dice): number {
  const rank = Math.floor(accounts ** (dice.below(2 ** 30) / 2 ** 30)) - 1;
  return FIRST_USER + ((rank * 7_919) % accounts);
}

function fill(tree: AccountTree): void {
  for (let index = 0; index < accounts; index += 1) {
    tree.set(FIRST_USER + index, BigInt(1_000 + index), BigInt(5_000 + 3 * index));
    if (index % AT_ONCE === 0) tree.root();
  }
  tree.root();
}

function runEpochs(tree: AccountTree): void {
  const dice = new Dice(11);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const fork = tree.fork();
    for (let change = 0; change < CHANGES; change += 1) {
      const account = zipfAccount(dice);
      const { base, quote } = fork.get(account);
      fork.path(account);
      fork.set(account, base + 1n, quote + 2n);
    }
    tree.adopt(fork);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'foldbook-tree-'));
try {
  const cells = kind === 'memory' ? undefined : new PagedCells(folder, Number(kind) * MEBIBYTE);
  const start = settledMemory();
  const tree = new AccountTree(cells);
  const startMs = cpuMs();
  fill(tree);
  const filledMs = cpuMs();
  const before = cells?.figures();
  runEpochs(tree);
  const epochsMs = (cpuMs() - filledMs) / (epochs * CHANGES);
  const after = cells?.figures();
  const end = settledMemory();
  const hits = (after?.hits ?? 0) - (before?.hits ?? 0);
  const misses = (after?.misses ?? 0) - (before?.misses ?? 0);
  const share = (100 * hits) / (hits + misses);
  const hitRate = cells === undefined ? 'all in memory' : `hit rate ${share.toFixed(2)} %`;
  write(
    `${kind}: ${accounts} accounts, ${((filledMs - startMs) / 1_000).toFixed(1)} s to fill; ` +
      `RSS ${start.rss.toFixed(0)} to ${end.rss.toFixed(0)} MiB, ` +
      `in use ${start.used.toFixed(0)} to ${end.used.toFixed(0)}; ` +
      `${epochs} epochs of ${CHANGES}: ` +
      `${epochsMs.toFixed(3)} ms a change, ${hitRate}, ${after?.pages ?? 0} pages`,
  );
  cells?.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
