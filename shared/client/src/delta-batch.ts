/** Batches of deltas as a mirror reads them: from the feed, from a replay, from a snapshot. */
import {
  BatchFlag,
  type BatchHeader,
  BatchKind,
  type Decoded,
  DeltaOffset,
  decodeBatchHeader,
  EventKind,
  EventOffset,
  LevelBook,
  RECORD_BYTES,
  readCount,
  type Side,
  viewOf,
} from '@foldbook/protocol';
import type { Snapshot } from './ask.ts';
import { MAX_BATCH_RECORDS } from './limits.ts';
import { splitBatches } from './split-batches.ts';

export interface DeltaBatch {
  readonly header: BatchHeader;
  readonly payload: Uint8Array;
  /** The batch ends inside a command. */
  readonly isPartial: boolean;
  /** The batch starts inside a command. */
  readonly isContinued: boolean;
  /** Sequence of the last command with a delta here; with `isPartial`, of the one that is cut. */
  readonly reach: number;
}

export function decodeDeltas(payload: Uint8Array): Decoded<DeltaBatch> {
  const decoded = decodeBatchHeader(payload, BatchKind.MARKET_DATA, MAX_BATCH_RECORDS);
  if (!decoded.ok) return decoded;
  const header = decoded.value;
  const isPartial = (header.flags & BatchFlag.PARTIAL) !== 0;
  const isContinued = (header.flags & BatchFlag.CONTINUES) !== 0;
  const lastRecord = header.count * RECORD_BYTES;
  const reach = isPartial
    ? readCount(viewOf(payload), lastRecord + EventOffset.SEQUENCE)
    : header.last;
  return { ok: true, value: { header, payload, isPartial, isContinued, reach } };
}

/** The answer to a replay request: batches of deltas. Undefined: a refusal. */
export function deltasOf(answer: Uint8Array): Uint8Array[] | undefined {
  const batches = splitBatches(answer);
  return batches?.every((batch) => decodeDeltas(batch).ok) === true ? batches : undefined;
}

export function bookOf(snapshot: Snapshot): LevelBook {
  const book = new LevelBook();
  setLevels(book, viewOf(snapshot.records), 0);
  return book;
}

export function applyDeltas(book: LevelBook, payload: Uint8Array): void {
  setLevels(book, viewOf(payload), RECORD_BYTES);
}

function setLevels(book: LevelBook, view: DataView, start: number): void {
  for (let offset = start; offset < view.byteLength; offset += RECORD_BYTES) {
    if (view.getUint8(offset + EventOffset.KIND) !== EventKind.BOOK_DELTA) continue;
    book.set(
      view.getUint8(offset + EventOffset.SIDE) as Side,
      readCount(view, offset + DeltaOffset.PRICE),
      view.getBigUint64(offset + DeltaOffset.QUANTITY, true),
      readCount(view, offset + DeltaOffset.ORDERS),
    );
  }
}
