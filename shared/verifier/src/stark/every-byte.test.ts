/** No byte of a STARK chain's store can change unseen: bytes of each file, drawn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flipBit } from '../testing/fuzz.ts';
import { memorySource } from '../testing/memory-store.ts';
import { everyKind } from '../testing/records.ts';
import { StarkChainBuilder } from '../testing/stark-chain-builder.ts';
import { verifyChain } from '../verify-chain.ts';
import { kernelCommitments as commitments } from './kernel-commitments.ts';

const chain = new StarkChainBuilder();
chain.addEpoch(everyKind);

test('any byte of any file, changed or cut off', async () => {
  const change = fc.record({
    name: fc.constantFrom(...chain.files.keys()),
    // The header, the changes of rules and the statement stand before the proof.
    place: fc.oneof(fc.nat(1_800), fc.nat()),
    bit: fc.nat(7),
    isCut: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ name, place, bit, isCut }) => {
      const old = chain.files.get(name) ?? new Uint8Array();
      const at = place % old.length;
      const changed = isCut ? old.subarray(0, at) : flipBit(old, at, bit);
      const files = new Map(chain.files).set(name, changed);
      const result = await verifyChain(memorySource(files), { commitments });
      assert(!result.ok, name);
    }),
    { numRuns: 60 },
  );
});
