import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_BYTES } from '@foldbook/protocol';
import fc from 'fast-check';
import { createKernelEngine, restoreKernelEngine } from '../kernel/kernel-engine.ts';
import { loadKernel } from '../kernel/kernel-module.ts';
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { packPiece, unpackPiece } from './packed-piece.ts';
import { SnapshotError } from './snapshot-error.ts';

const MOST = 2 ** 20;
const module = await loadKernel();

/** The snapshot of a market after some random commands, in its pieces. */
function snapshotOf(seed: number, commands: number): Uint8Array[] {
  const engine = createKernelEngine(module, FLOW_CAPACITY);
  for (const { records, count, timeNs } of new RandomFlow(seed).groups(commands)) {
    engine.apply(records, count, timeNs, () => undefined);
  }
  return [...engine.snapshot()].map((piece) => piece.slice());
}

test('pieces of real snapshots are the same again, and smaller', () => {
  for (const seed of [1, 2, 3]) {
    const pieces = snapshotOf(seed, 5_000);
    const packed = pieces.map(packPiece);
    const again = packed.map((piece) => unpackPiece(piece, MOST));
    assert.deepEqual(again, pieces);
    restoreKernelEngine(module, again, FLOW_CAPACITY);
    const size = (list: readonly Uint8Array[]) =>
      list.reduce((sum, { byteLength }) => sum + byteLength, 0);
    assert(3 * size(packed) < size(pieces), `${size(packed)} of ${size(pieces)} bytes`);
  }
});

/** Records that look like those of a snapshot, and those that do not. */
const record = fc
  .record({
    kind: fc.integer({ min: 0, max: 12 }),
    words: fc.array(
      fc.oneof(fc.constant(0n), fc.bigInt(0n, 1_000n), fc.bigInt(0n, 2n ** 64n - 1n)),
      {
        minLength: 8,
        maxLength: 8,
      },
    ),
    isSmall: fc.boolean(),
  })
  .map(({ kind, words, isSmall }) => {
    const bytes = new Uint8Array(RECORD_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [index, word] of words.entries()) view.setBigUint64(8 * index, word, true);
    if (isSmall) bytes.fill(0, 1, 8);
    bytes[0] = kind;
    if (kind === 7 && isSmall) bytes[1] = 3;
    return bytes;
  });

test('any bytes are the same again', () => {
  const records = fc.array(record, { maxLength: 40 }).map((list) => Buffer.concat(list));
  fc.assert(
    fc.property(fc.oneof(records, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      const piece = new Uint8Array(bytes);
      assert.deepEqual(unpackPiece(packPiece(piece), MOST), piece);
    }),
    { numRuns: 500 },
  );
});

test('what is no packed piece is refused with a code, or is another piece', () => {
  const [first = new Uint8Array(0)] = snapshotOf(4, 300);
  const packed = packPiece(first);
  const isPiece = (bytes: Uint8Array) => {
    try {
      return unpackPiece(bytes, MOST).byteLength <= MOST;
    } catch (error) {
      assert(error instanceof SnapshotError && error.code === 'SNAPSHOT_DAMAGED', String(error));
      return false;
    }
  };
  for (let length = 0; length < packed.byteLength; length += 1) {
    assert(!isPiece(packed.subarray(0, length)), `cut to ${length}`);
  }
  assert(!isPiece(Uint8Array.from([...packed, 0])));
  for (let index = 0; index < packed.byteLength; index += 1) {
    const changed = packed.slice();
    changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
    isPiece(changed);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      isPiece(bytes);
      isPiece(Uint8Array.from([1, ...bytes]));
    }),
  );
});

test('a piece of more bytes than the caller takes is refused before it is made', () => {
  const zeros = packPiece(new Uint8Array(RECORD_BYTES * 100));
  assert.equal(unpackPiece(zeros, RECORD_BYTES * 100).byteLength, RECORD_BYTES * 100);
  assert.throws(() => unpackPiece(zeros, RECORD_BYTES * 100 - 1), /byte 1 .*100 records/);
  const bomb = zeros.slice();
  bomb.fill(0xff, 1, 5);
  assert.throws(() => unpackPiece(bomb, MOST), /4294967295 records/);
  assert.throws(() => unpackPiece(new Uint8Array(10), 8), SnapshotError);
});
