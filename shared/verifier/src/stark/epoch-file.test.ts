/** An epoch read without its proofs is the epoch that is read whole, or none where that is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STATEMENT_BYTES } from '@foldbook/stark/verify';
import fc from 'fast-check';
import { changesBytes, type RuleChange } from '../rules.ts';
import { filled } from '../testing/chain-builder.ts';
import { flipBit } from '../testing/fuzz.ts';
import {
  type ByteSource,
  decodeStarkEpochFile,
  encodeStarkEpochFile,
  readStarkEpochHead,
  type StarkEpochFile,
} from './epoch-file.ts';
import { encodeStarkHeader, STARK_HEADER_BYTES } from './header.ts';

const fields = {
  ...{ market: 3, epoch: 5n, chainId: filled(5), previous: filled(6), rulesHash: filled(7) },
  ...{ logHeadStart: filled(8), logHeadEnd: filled(9), logFirst: 1n, logLast: 2n },
  ...{ sequenceFirst: 3n, sequenceLast: 4n, recordFirst: 5n, recordCount: 6 },
  ...{ stateHash: 7n, timeNs: -8n, rootOld: filled(10), rootNew: filled(255) },
  ...{ digestListHash: filled(11), dataDigest: filled(12), accountsRoot: filled(13) },
};

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const change: fc.Arbitrary<RuleChange> = fc.record({
  ...{ kind: fc.constant('tier'), record: u64, sequence: u64 },
  ...{ account: fc.integer({ min: 2, max: 2 ** 24 - 1 }), tier: fc.nat(15) },
});
const part = fc.record({
  statement: fc.uint8Array({ minLength: STATEMENT_BYTES, maxLength: STATEMENT_BYTES }),
  proof: fc.uint8Array({ maxLength: 3_000 }),
});
const anyEpoch = fc
  .record({
    signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
    changes: fc.array(change, { maxLength: 3 }),
    parts: fc.array(part, { maxLength: 4 }),
  })
  .map(({ changes, parts, signature }): StarkEpochFile => {
    const counts = { changeCount: changes.length, partCount: parts.length };
    return { headerBytes: encodeStarkHeader({ ...fields, ...counts }), signature, changes, parts };
  });

type Read = readonly [start: number, end: number];

/** Bytes in memory that note what is read of them. */
function noted(bytes: Uint8Array, reads: Read[] = [], length = bytes.length): ByteSource {
  return {
    length,
    read: async (offset, count) => {
      reads.push([offset, offset + count]);
      return bytes.slice(offset, offset + count);
    },
  };
}

/** What both readers say of some bytes. */
async function compare(bytes: Uint8Array): Promise<boolean> {
  const whole = decodeStarkEpochFile(bytes);
  const head = await readStarkEpochHead(noted(bytes));
  if (!whole.ok) {
    assert.equal(head, undefined, whole.error.message);
    return false;
  }
  const parts = whole.value.parts.map(({ statement }) => ({ statement, proof: new Uint8Array() }));
  assert.deepEqual(head, { ...whole.value, parts });
  return true;
}

/** Where an epoch's proofs are in its file. */
function proofPlaces({ changes, parts }: StarkEpochFile): Read[] {
  let at = 8 + STARK_HEADER_BYTES + 64 + changesBytes(changes.length) + 4;
  return parts.map(({ proof }) => {
    const start = at + STATEMENT_BYTES + 4;
    at = start + proof.length;
    return [start, at];
  });
}

test('it is the whole epoch but for the proofs, of which no byte is read', async () => {
  await fc.assert(
    fc.asyncProperty(anyEpoch, async (epoch) => {
      const file = encodeStarkEpochFile(epoch);
      assert(await compare(file));
      const reads: Read[] = [];
      await readStarkEpochHead(noted(file, reads));
      for (const [from, to] of proofPlaces(epoch)) {
        const inside = reads.filter(([start, end]) => Math.max(start, from) < Math.min(end, to));
        assert.deepEqual(inside, []);
      }
      assert(reads.every(([, end]) => end <= file.length));
    }),
    { numRuns: 100 },
  );
});

test('a file cut off, too long or changed is refused as by the reader of all of it', async () => {
  const tail = fc.uint8Array({ minLength: 1, maxLength: 2_000 });
  const anyPlace = fc.oneof(fc.nat(), fc.nat(1_500));
  await fc.assert(
    fc.asyncProperty(anyEpoch, tail, anyPlace, fc.nat(7), async (epoch, behind, place, bit) => {
      const file = encodeStarkEpochFile(epoch);
      const at = place % file.length;
      assert(!(await compare(file.subarray(0, at))));
      assert(!(await compare(Uint8Array.from([...file, ...behind]))));
      await compare(flipBit(file, at, bit));
      for (const [start] of proofPlaces(epoch)) {
        await compare(flipBit(file, start - 4 + (place % 4), bit));
      }
    }),
    { numRuns: 100 },
  );
});

test('counts that no file could hold are refused before anything is read by them', async () => {
  const most = 2 ** 32 - 1;
  for (const counts of [
    { changeCount: 0, partCount: most },
    { changeCount: most, partCount: 0 },
  ]) {
    const headerBytes = encodeStarkHeader({ ...fields, ...counts });
    const parts = [{ statement: new Uint8Array(STATEMENT_BYTES), proof: filled(1) }];
    const signature = new Uint8Array(64);
    const file = encodeStarkEpochFile({ headerBytes, signature, changes: [], parts });
    assert(!(await compare(file)));
    const reads: Read[] = [];
    await readStarkEpochHead(noted(file, reads));
    assert(reads.every(([, end]) => end <= file.length));
  }
});

test('a file that becomes shorter while it is read is none', async () => {
  const [epoch] = fc.sample(
    anyEpoch.filter(({ parts }) => parts.length > 1),
    { numRuns: 1 },
  );
  assert(epoch !== undefined);
  const file = encodeStarkEpochFile(epoch);
  const [, second] = proofPlaces(epoch);
  for (const end of [0, 100, 600, (second?.[0] ?? 0) - 1]) {
    const shorter = noted(file.subarray(0, end), [], file.length);
    assert.equal(await readStarkEpochHead(shorter), undefined);
  }
});
