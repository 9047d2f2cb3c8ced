/** No byte of a store can change unseen: the smallest store, each byte of each of its files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AccountTree } from './account-tree.ts';
import { at } from './assert.ts';
import { loadChainKeys } from './chain-keys.ts';
import { initialChainState } from './chain-state.ts';
import { decodeEpochFile } from './epoch-file.ts';
import { KEY_CHANGES_FILE } from './key-changes.ts';
import { unpackRecords } from './packed-records.ts';
import { RuleBook } from './rule-book.ts';
import { ChainBuilder, filled } from './testing/chain-builder.ts';
import { flipBit } from './testing/fuzz.ts';
import { memorySource } from './testing/memory-store.ts';
import { record } from './testing/records.ts';
import { verifyChain } from './verify-chain.ts';
import { verifyEpoch } from './verify-epoch.ts';

const chain = new ChainBuilder();
chain.changeKey(filled(21));
const tier = { kind: 'tier', account: 3, tier: 2 } as const;
const fees = { kind: 'fees', tier: 2, makerFeePpm: 0, takerFeePpm: 90_000 } as const;
const limits = { kind: 'limits', minPrice: 1n, maxPrice: 9n, maxQuantity: 0n } as const;
chain.addEpoch(
  [
    record.depositBase(2, 10),
    record.depositQuote(3, 10),
    record.trade(2, 3, 2, 3),
    record.fee(3, 1),
  ],
  {},
  [
    { before: 1, change: tier },
    { before: 2, change: fees },
    { before: 4, change: { ...limits, bandPpm: 5, maxOpenOrders: 6 } },
  ],
);
const names = [...chain.files.keys()];
assert(names.includes(KEY_CHANGES_FILE));
const epochFile = chain.files.get('epochs/00000000.fbe') ?? new Uint8Array();
const recordsFile = chain.files.get('epochs/00000000.fbr') ?? new Uint8Array();
const keys = await loadChainKeys(memorySource(chain.files), chain.genesis, chain.trustedKeys);

/** What verifyChain does with an epoch, without loading the keys each time. */
function isAccepted(epochBytes: Uint8Array, recordsBytes?: Uint8Array): boolean {
  assert(keys.ok);
  const epoch = decodeEpochFile(epochBytes);
  if (!epoch.ok) return false;
  const { genesis, genesisHash, operatorKeys } = chain;
  const context = { genesis, genesisHash, operatorKeys, keys };
  const state = initialChainState(genesisHash);
  const checks = { proofs: true, rules: new RuleBook() };
  if (!recordsBytes) return verifyEpoch(context, state, epoch.value, checks).ok;
  const records = unpackRecords(recordsBytes);
  if (!records.ok) return false;
  const tree = new AccountTree();
  const data = { records: records.value, recordsFile: recordsBytes, tree };
  return verifyEpoch(context, state, epoch.value, { ...checks, data }).ok;
}

test('each byte of an epoch file, at level settlement', () => {
  assert(isAccepted(epochFile));
  for (let index = 0; index < epochFile.length; index++) {
    assert(!isAccepted(flipBit(epochFile, index, index % 8)), `byte ${index}`);
  }
});

test('each byte of a records file, at level data', () => {
  assert(isAccepted(epochFile, recordsFile));
  for (let index = 0; index < recordsFile.length; index++) {
    assert(!isAccepted(epochFile, flipBit(recordsFile, index, index % 8)), `byte ${index}`);
  }
});

test('any bytes of any file of the store, changed, cut or added', async () => {
  const trustedKeys = chain.trustedKeys;
  const change = fc.record({
    name: fc.constantFrom(...names),
    start: fc.nat(2_000),
    drop: fc.nat(40),
    insert: fc.uint8Array({ maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ name, start, drop, insert }) => {
      const files = new Map(chain.files);
      const old = [...(files.get(name) ?? [])];
      const from = start % old.length;
      const changed = old.toSpliced(from, drop, ...insert);
      fc.pre(changed.length !== old.length || changed.some((byte, i) => byte !== at(old, i)));
      files.set(name, Uint8Array.from(changed));
      const result = await verifyChain(memorySource(files), { trustedKeys });
      assert(!result.ok, name);
    }),
    { numRuns: 60 },
  );
});
