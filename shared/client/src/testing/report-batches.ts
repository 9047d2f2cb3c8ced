/** Batches of reports for tests. */
import {
  BatchFlag,
  BatchKind,
  EventOffset,
  encodeBatch,
  RECORD_BYTES,
  viewOf,
  writeCount,
} from '@foldbook/protocol';

/** A batch of one record whose first byte names it; of the command that is cut, where it is. */
export function batch(name: number, prev: number, last: number, flags = 0): Uint8Array {
  const isPartial = (flags & BatchFlag.PARTIAL) !== 0;
  return batchOf([[name, isPartial ? last + 1 : last]], prev, last, flags);
}

/** A batch of records: what names each, and the sequence of its command. */
export function batchOf(
  named: readonly (readonly [name: number, sequence: number])[],
  prev: number,
  last: number,
  flags = 0,
): Uint8Array {
  const records = new Uint8Array(named.length * RECORD_BYTES);
  for (const [index, [name, sequence]] of named.entries()) {
    records[index * RECORD_BYTES] = name;
    writeCount(viewOf(records), index * RECORD_BYTES + EventOffset.SEQUENCE, sequence);
  }
  const first = named[0]?.[1] ?? 0;
  return encodeBatch({ kind: BatchKind.REPORTS, prev, last, first, flags }, records);
}

/** First byte of each record. */
export const names = (records: Uint8Array) =>
  Array.from(
    { length: records.byteLength / RECORD_BYTES },
    (_, index) => records[index * RECORD_BYTES] ?? 0,
  );
