import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchFlag, BatchKind, decodeBatchHeader, EventOffset } from '@foldbook/protocol';
import { HARD_LIMIT_RECORDS, OutputBatch, SOFT_LIMIT_RECORDS } from './output-batch.ts';

function collect(prev = 0) {
  const headers: { first: number; last: number; prev: number; count: number; flags: number }[] = [];
  const batch = new OutputBatch(
    { kind: BatchKind.REPORTS, market: 1, generation: 0 },
    prev,
    (payload) => {
      const header = decodeBatchHeader(payload, BatchKind.REPORTS, 1 << 20);
      assert(header.ok);
      const { first, last, prev: before, count, flags } = header.value;
      headers.push({ first, last, prev: before, count, flags });
    },
    () => 0,
  );
  const add = (sequence: number, records: number) => {
    for (let record = 0; record < records; record += 1) {
      const at = batch.claim(sequence);
      batch.view.setUint8(at + EventOffset.KIND, 1);
    }
  };
  return { batch, headers, add };
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

  it('cuts a command that fits no batch, and does not count the cut part as covered', () => {
    const { batch, headers, add } = collect();
    add(5, 1);
    add(6, 2 * HARD_LIMIT_RECORDS + 3);
    batch.flush();
    const { PARTIAL, CONTINUES } = BatchFlag;
    assert.deepEqual(headers, [
      { first: 5, last: 5, prev: 0, count: HARD_LIMIT_RECORDS, flags: PARTIAL },
      { first: 6, last: 5, prev: 0, count: HARD_LIMIT_RECORDS, flags: PARTIAL | CONTINUES },
      { first: 6, last: 6, prev: 0, count: 4, flags: CONTINUES },
    ]);
  });
});
