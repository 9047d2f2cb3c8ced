/** What both engines need to write a snapshot: records into chunks, and the END of them. */
import assert from 'node:assert/strict';
import { RECORD_BYTES, viewOf } from '@foldbook/protocol';
import { EndOffset, KIND_OFFSET, SnapshotKind } from './layout.ts';
import { RecordFields } from './record-fields.ts';
import { RecordsHash } from './records-hash.ts';

const CHUNK_RECORDS = 1_024;

/** Single records in chunks of many; a chunk is valid until the next one is asked for. */
export function* inChunks(records: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  const chunk = new Uint8Array(CHUNK_RECORDS * RECORD_BYTES);
  let end = 0;
  for (const record of records) {
    chunk.set(record, end);
    end += record.byteLength;
    if (end < chunk.byteLength) continue;
    yield chunk;
    end = 0;
  }
  if (end > 0) yield chunk.subarray(0, end);
}

/** Puts the END behind chunks of whole records. */
export function* sealSnapshot(
  chunks: Iterable<Uint8Array>,
): Generator<Uint8Array, void, undefined> {
  const hash = new RecordsHash();
  let records = 0;
  for (const chunk of chunks) {
    assert(chunk.byteLength % RECORD_BYTES === 0, 'a chunk has whole records');
    hash.add(chunk);
    records += chunk.byteLength / RECORD_BYTES;
    yield chunk;
  }
  const end = new Uint8Array(RECORD_BYTES);
  new RecordFields(viewOf(end))
    .u8(KIND_OFFSET, SnapshotKind.END)
    .u64(EndOffset.RECORDS, BigInt(records));
  end.set(hash.digest(), EndOffset.HASH);
  yield end;
}
