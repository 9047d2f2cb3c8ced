/** Walks over the records of a snapshot, whichever pieces it comes in, and sums them up. */
import { RECORD_BYTES, viewOf } from '@foldbook/protocol';
import { EndOffset, HASH_BYTES, KIND_OFFSET, SnapshotKind } from './layout.ts';
import { RecordsHash } from './records-hash.ts';
import { SnapshotError, type SnapshotErrorCode } from './snapshot-error.ts';

export class SnapshotCursor {
  /** The present record; the same memory for every record. */
  readonly record = new Uint8Array(RECORD_BYTES);
  readonly view = viewOf(this.record);
  readonly #bytes: Iterator<number | Uint8Array>;
  /** Over all records before the present one. */
  readonly #hash = new RecordsHash();
  /** Place of the present record; -1 before the first. */
  #place = -1;

  constructor(chunks: Iterable<Uint8Array>) {
    this.#bytes = wholeRecords(chunks);
  }

  get place(): number {
    return this.#place;
  }

  get kind(): number {
    return this.view.getUint8(KIND_OFFSET);
  }

  /** Goes to the next record; false behind the last. */
  advance(): boolean {
    const next = this.#bytes.next();
    if (next.done === true) return false;
    if (typeof next.value === 'number') {
      const bytes = `${next.value} bytes are no whole record`;
      throw new SnapshotError('SNAPSHOT_CUT', bytes, this.#place + 1);
    }
    if (this.#place >= 0) this.#hash.add(this.record);
    this.record.set(next.value);
    this.#place += 1;
    return true;
  }

  fail(code: SnapshotErrorCode, what: string): never {
    throw new SnapshotError(code, what, this.#place);
  }

  /** Fails unless the present record is an END that fits what was before it. */
  checkEnd(): void {
    if (this.kind !== SnapshotKind.END) this.fail('SNAPSHOT_DAMAGED', 'it is not the END');
    const records = this.view.getBigUint64(EndOffset.RECORDS, true);
    const before = BigInt(this.#place);
    if (records > before) {
      this.fail('SNAPSHOT_CUT', `of ${records} records before the END there are ${before}`);
    }
    if (records < before) {
      this.fail('SNAPSHOT_DAMAGED', `the END counts ${records} records where there are ${before}`);
    }
    const hash = this.record.subarray(EndOffset.HASH, EndOffset.HASH + HASH_BYTES);
    const found = this.#hash.digest();
    if (Buffer.compare(hash, found) !== 0) {
      const hashes = `${hex(hash)} where it is ${hex(found)}`;
      this.fail('SNAPSHOT_DAMAGED', `the END gives the SHA-256 ${hashes}`);
    }
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Records of 64 bytes; at last the number of bytes that are left over, if any are. */
function* wholeRecords(chunks: Iterable<Uint8Array>): Generator<number | Uint8Array> {
  const rest = new Uint8Array(RECORD_BYTES);
  let filled = 0;
  for (const chunk of chunks) {
    let at = 0;
    if (filled > 0) {
      at = Math.min(RECORD_BYTES - filled, chunk.byteLength);
      rest.set(chunk.subarray(0, at), filled);
      filled += at;
      if (filled < RECORD_BYTES) continue;
      yield rest;
      filled = 0;
    }
    for (; at + RECORD_BYTES <= chunk.byteLength; at += RECORD_BYTES) {
      yield chunk.subarray(at, at + RECORD_BYTES);
    }
    rest.set(chunk.subarray(at));
    filled = chunk.byteLength - at;
  }
  if (filled > 0) yield filled;
}
