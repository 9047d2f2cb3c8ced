import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BatchFlag,
  BatchKind,
  decodeBatchHeader,
  EventOffset,
  RECORD_BYTES,
  readCount,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import {
  createBatchBuffers,
  HARD_LIMIT_RECORDS,
  OutputBatch,
  SOFT_LIMIT_RECORDS,
} from './output-batch.ts';

function collect(prev = 0) {
  const headers: { first: number; last: number; prev: number; count: number; flags: number }[] = [];
  const payloads: Uint8Array[] = [];
  const buffers = createBatchBuffers();
  const batch = new OutputBatch({
    kind: BatchKind.REPORTS,
    market: 1,
    generation: () => 0,
    prev,
    buffers,
    send: (payload) => {
      const header = decodeBatchHeader(payload, BatchKind.REPORTS, 1 << 20);
      assert(header.ok);
      const { first, last, prev: before, count, flags } = header.value;
      headers.push({ first, last, prev: before, count, flags });
      payloads.push(payload);
    },
  });
  const add = (sequence: number, records: number) => {
    for (let record = 0; record < records; record += 1) {
      const at = batch.claim(sequence);
      batch.view.setUint8(at + EventOffset.KIND, 1);
      writeCount(batch.view, at + EventOffset.SEQUENCE, sequence);
    }
  };
  return { batch, buffers, headers, payloads, add };
}

describe('OutputBatch', () => {
  it('sends nothing when there is nothing', () => {
    const { batch, headers } = collect();
    batch.flush();
    assert.deepEqual(headers, []);
  });

  it('chains batches by the last sequence of the one before', () => {
    const { batch, headers, add } = collect(40);
    add(41, 2);
    add(42, 1);
    batch.flush();
    add(50, 1);
    batch.flush();
    assert.deepEqual(headers, [
      { first: 41, last: 42, prev: 40, count: 3, flags: 0 },
      { first: 50, last: 50, prev: 42, count: 1, flags: 0 },
    ]);
  });

  it('ends a long batch between commands', () => {
    const { batch, headers, add } = collect();
    add(1, SOFT_LIMIT_RECORDS + 10);
    add(2, 1);
    batch.flush();
    assert.deepEqual(
      headers.map(({ last, count, flags }) => ({ last, count, flags })),
      [
        { last: 1, count: SOFT_LIMIT_RECORDS + 10, flags: 0 },
        { last: 2, count: 1, flags: 0 },
      ],
    );
  });

  it('sends the commands before one that fits no batch, and cuts nothing but that', () => {
    const { batch, headers, payloads, add } = collect(4);
    add(5, 1);
    add(6, 1);
    add(9, 2 * HARD_LIMIT_RECORDS + 3);
    add(10, 1);
    batch.flush();
    const { PARTIAL, CONTINUES } = BatchFlag;
    const full = HARD_LIMIT_RECORDS;
    assert.deepEqual(headers, [
      { first: 5, last: 6, prev: 4, count: 2, flags: 0 },
      { first: 9, last: 8, prev: 6, count: full, flags: PARTIAL },
      { first: 9, last: 8, prev: 6, count: full, flags: PARTIAL | CONTINUES },
      { first: 9, last: 10, prev: 6, count: 4, flags: CONTINUES },
    ]);
    const sequences = payloads.map((payload) => sequencesOf(payload));
    assert.deepEqual(sequences.flat(), [5, 6, ...Array(2 * full + 3).fill(9), 10]);
    assert.deepEqual(new Set(sequences[1]), new Set([9]));
  });

  it('gives its buffer back while it has nothing to send', () => {
    const { batch, buffers, add } = collect();
    add(1, 1_000);
    assert(buffers.lentBytes >= 1_000 * RECORD_BYTES);
    batch.flush();
    assert.equal(buffers.lentBytes, 0);
    const { idleBytes } = buffers;
    assert(idleBytes > 0);
    add(2, 1_000);
    batch.flush();
    assert.equal(buffers.idleBytes, idleBytes, 'the same buffers serve again');
  });
});

function sequencesOf(payload: Uint8Array): number[] {
  const sequences: number[] = [];
  for (let at = RECORD_BYTES; at < payload.byteLength; at += RECORD_BYTES) {
    sequences.push(readCount(viewOf(payload), at + EventOffset.SEQUENCE));
  }
  return sequences;
}
