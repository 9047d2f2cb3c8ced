import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import {
  CheckpointError,
  type CheckpointFacts,
  CheckpointReader,
  checkpointEnd,
  checkpointFrame,
  checkpointStart,
} from './market-checkpoint.ts';
import { MarketTerms } from './market-terms.ts';
import { MarketTransfers } from './market-transfers.ts';

const terms = new MarketTerms();
const ANSWER = { sequence: 1, account: 0, session: 0, requestId: 1n };
const LIMITS = { minPrice: 1n, maxPrice: 2n ** 36n - 1n, maxQuantity: 2n ** 48n - 1n };
terms.apply({ type: 'configured', ...ANSWER, ...LIMITS, bandPpm: 7, maxOpenOrders: 9 });

const FACTS: CheckpointFacts = {
  partition: 3,
  market: 'BTC-USD',
  id: 2,
  firstLogSequence: 2,
  logSequence: 70,
  positions: { reports: 5, diffs: 6 },
  headBefore: new Uint8Array(32).fill(8),
  head: new Uint8Array(32).fill(9),
  sequence: 2 ** 53 - 1,
  settlementRecords: 12,
  epochLogFirst: 0,
  counters: { commands: 100, trades: 3, deltas: 4, groups: 70 },
  isCreated: true,
  openRecords: 3,
  nextTimerNs: 2n ** 62n,
  terms: terms.save(),
  transfers: new MarketTransfers().save(),
};

function written(pieces: readonly Uint8Array[], facts = FACTS): Uint8Array {
  const parts = [checkpointStart(facts), ...pieces.map(checkpointFrame), checkpointEnd()];
  return new Uint8Array(Buffer.concat(parts));
}

function read(chunks: readonly Uint8Array[]): { facts: CheckpointFacts; pieces: Uint8Array[] } {
  const reader = new CheckpointReader();
  const pieces: Uint8Array[] = [];
  for (const chunk of chunks) for (const piece of reader.push(chunk)) pieces.push(piece.slice());
  return { facts: reader.end(), pieces };
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return [...chunks, bytes.slice(at)];
}

test('is read as it was written, in whatever chunks', () => {
  const piece = fc.uint8Array({ minLength: 1, maxLength: 50 });
  const sizes = fc.array(fc.nat(100));
  fc.assert(
    fc.property(fc.array(piece), sizes, (pieces, chunkSizes) => {
      const { facts, pieces: found } = read(cut(written(pieces), chunkSizes));
      assert.deepEqual(facts, FACTS);
      assert.deepEqual(found, pieces);
    }),
  );
});

/** The file as version 1 had it. */
function writtenPlain(pieces: readonly Uint8Array[]): Uint8Array {
  const start = checkpointStart(FACTS);
  start[4] = 1;
  const frames = pieces.map((piece) => {
    const frame = Buffer.alloc(4 + piece.byteLength);
    frame.writeUInt32LE(piece.byteLength);
    frame.set(piece, 4);
    return frame;
  });
  return new Uint8Array(Buffer.concat([start, ...frames, checkpointEnd()]));
}

test('a file of version 1 is read as well', () => {
  const pieces = [new Uint8Array(640).fill(7), Uint8Array.of(1, 2, 3)];
  assert.deepEqual(read([writtenPlain(pieces)]), { facts: FACTS, pieces });
});

test('a piece that is no frame, or holds no packed piece, is told', () => {
  const whole = written([new Uint8Array(640).fill(8)]);
  const start = checkpointStart(FACTS).byteLength;
  const torn = whole.slice();
  torn[start + 4] = 0;
  assert.throws(() => read([torn]), /a piece can't be unpacked/);
  const skimmed = new CheckpointReader({ isSkimmed: true });
  assert.equal([...skimmed.push(torn)].length, 1);
  assert.deepEqual(skimmed.end(), FACTS);
  const plain = writtenPlain([zstdCompressSync(Uint8Array.of(9))]);
  plain[4] = 2;
  assert.throws(() => read([plain]), /byte 0 of a packed piece/);
  const bomb = writtenPlain([zstdCompressSync(new Uint8Array(16 * 1024 * 1024 + 1))]);
  bomb[4] = 2;
  assert.throws(() => read([bomb]), /a piece can't be unpacked: .*larger than/);
});

test('what terms were saved are the terms again', () => {
  const again = new MarketTerms();
  again.restore(read([written([])]).facts.terms);
  assert.deepEqual(again.facts(), terms.facts());
});

test('is whole, and no longer than that', () => {
  const whole = written([new Uint8Array(40).fill(1), new Uint8Array(7).fill(2)]);
  for (let length = 0; length < whole.byteLength; length += 1) {
    assert.throws(() => read([whole.subarray(0, length)]), CheckpointError, `cut at ${length}`);
  }
  assert.throws(() => read([whole, new Uint8Array(1)]), /bytes follow its end/);
});

test('begins as one, of a version that is known, with facts', () => {
  const strange: [number, number, RegExp][] = [
    [0, 0, /no checkpoint/],
    [4, 3, /version 3; versions 1 and 2 are known/],
    [6, 1, /bytes 6 and 7/],
    [11, 0xff, /a piece of/],
    [12, 0xc1, /no msgpack/],
  ];
  for (const [offset, byte, words] of strange) {
    const bytes = written([]);
    bytes[offset] = byte;
    assert.throws(() => read([bytes]), words);
  }
  const none = new Uint8Array([...written([]).subarray(0, 8), ...checkpointEnd()]);
  assert.throws(() => read([none]), /it has no facts/);
});

test('facts that no market has are refused, with which', () => {
  const strange: [Partial<CheckpointFacts>, RegExp][] = [
    [{ market: 'a.b' }, /market/],
    [{ head: new Uint8Array(31) }, /head/],
    [{ logSequence: 0 }, /logSequence/],
    [{ sequence: -1 }, /sequence/],
  ];
  for (const [facts, words] of strange) {
    assert.throws(() => read([written([], { ...FACTS, ...facts })]), words);
  }
});

test('any bytes are a checkpoint, or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.throws(() => read([bytes]), CheckpointError);
    }),
  );
});
