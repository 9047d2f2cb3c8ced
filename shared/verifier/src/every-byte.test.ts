/** No byte of a store can change unseen: the smallest store, each byte of each of its files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AccountTree } from './account-tree.ts';
import { at } from './assert.ts';
import { loadChainKeys } from './chain-keys.ts';
import { initialChainState } from './chain-state.ts';
import { decodeEpochFile } from './epoch-file.ts';
import { decodeRecords } from './settlement-record.ts';
import { ChainBuilder } from './testing/chain-builder.ts';
import { flipBit } from './testing/fuzz.ts';
import { memorySource } from './testing/memory-store.ts';
import { record } from './testing/records.ts';
import { verifyChain } from './verify-chain.ts';
import { verifyEpoch } from './verify-epoch.ts';

const chain = new ChainBuilder();
chain.addEpoch([record.depositBase(2, 10), record.depositQuote(3, 10), record.trade(2, 3, 2, 3)]);
const names = [...chain.files.keys()];
const epochFile = chain.files.get('epochs/00000000.fbe') ?? new Uint8Array();
const recordsFile = chain.files.get('epochs/00000000.fbr') ?? new Uint8Array();
const keys = await loadChainKeys(memorySource(chain.files), chain.genesis, chain.trustedKeys);

/** What verifyChain does with an epoch, without loading the keys each time. */
function isAccepted(epochBytes: Uint8Array, recordsBytes?: Uint8Array): boolean {
  assert(keys.ok);
  const epoch = decodeEpochFile(epochBytes);
  if (!epoch.ok) return false;
  const { genesis, genesisHash } = chain;
  const context = { genesis, genesisHash, keys };
  const state = initialChainState(genesisHash);
  if (!recordsBytes) return verifyEpoch(context, state, epoch.value, { proofs: true }).ok;
  const records = decodeRecords(recordsBytes);
  if (!records.ok) return false;
  const data = { records: records.value, tree: new AccountTree() };
  return verifyEpoch(context, state, epoch.value, { proofs: true, data }).ok;
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
