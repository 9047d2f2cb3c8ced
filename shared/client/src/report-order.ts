/**
 * Puts an account's batches of reports together: each command's reports once, all of them at a
 * time. Every batch names the last market sequence the account was told of before it (`prev`), so
 * one that is missing or comes twice shows.
 */
import {
  BatchFlag,
  type BatchHeader,
  BatchKind,
  decodeBatchHeader,
  EventOffset,
  RECORD_BYTES,
  readCount,
  viewOf,
} from '@foldbook/protocol';
import { MAX_BATCH_RECORDS } from './limits.ts';

/** Records of 64 bytes, in order; whole commands only, but where a gap was counted. */
export type OnReports = (records: Uint8Array) => void;

export interface ReportBatch {
  readonly header: BatchHeader;
  readonly records: Uint8Array;
  /** It ends inside a command. */
  readonly isPartial: boolean;
  /** It starts inside a command. */
  readonly isContinued: boolean;
}

/** Undefined when it can't be read. */
export function readReports(payload: Uint8Array): ReportBatch | undefined {
  const header = decodeBatchHeader(payload, BatchKind.REPORTS, MAX_BATCH_RECORDS);
  if (!header.ok) return undefined;
  const { flags } = header.value;
  return {
    header: header.value,
    records: payload.subarray(RECORD_BYTES),
    isPartial: (flags & BatchFlag.PARTIAL) !== 0,
    isContinued: (flags & BatchFlag.CONTINUES) !== 0,
  };
}

/** Bytes of the records in front that belong to commands up to `sequence`; sequences only rise. */
export function lengthUpTo(records: Uint8Array, sequence: number): number {
  const view = viewOf(records);
  let offset = 0;
  while (
    offset < records.byteLength &&
    readCount(view, offset + EventOffset.SEQUENCE) <= sequence
  ) {
    offset += RECORD_BYTES;
  }
  return offset;
}

/** A command whose reports did not fit into one batch, as far as they are here. */
interface CutCommand {
  /** What all its batches name as `prev`; a market that starts it again may name another. */
  readonly prev: number;
  readonly parts: Uint8Array[];
}

export class ReportOrder {
  readonly #onReports: OnReports;
  #last: number | undefined;
  #cut: CutCommand | undefined;
  #gaps = 0;

  /** `last`: market sequence up to which reports were handed on; undefined: takes what comes. */
  constructor(onReports: OnReports, last?: number) {
    this.#onReports = onReports;
    this.#last = last;
  }

  /** Market sequence up to which reports were handed on; undefined before the first. */
  get last(): number | undefined {
    return this.#last;
  }

  /** Batches that could not be read, or did not follow the one before. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Whether a part of a command is here whose rest is still to come. */
  get holdsPart(): boolean {
    return this.#cut !== undefined;
  }

  take(payload: Uint8Array): void {
    const batch = readReports(payload);
    if (batch === undefined) {
      this.#gaps += 1;
      return;
    }
    if (!this.#takesUp(batch)) return;
    const { records, isPartial } = batch;
    const { prev, last } = batch.header;
    const done = this.#last ?? 0;
    // What an earlier batch told stands in front, what is cut at the end.
    const start = lengthUpTo(records, done);
    const end = isPartial ? Math.max(start, lengthUpTo(records, last)) : records.byteLength;
    const cut = this.#cut ?? { prev, parts: [] };
    this.#cut = undefined;
    this.#last = Math.max(done, last);
    if (end > start || !isPartial) {
      for (const part of cut.parts.splice(0)) this.#onReports(part);
      if (end > start) this.#onReports(records.subarray(start, end));
    }
    if (!isPartial) return;
    cut.parts.push(records.subarray(end));
    this.#cut = cut;
  }

  /**
   * Whether a batch brings news, and what that means for a command of which only a part is here: it
   * goes on, or was started again by a market that was restarted, or its rest is lost.
   */
  #takesUp({ header, records, isContinued }: ReportBatch): boolean {
    if (this.#last === undefined) return true;
    const { prev } = header;
    if (isContinued && this.#cut?.prev === prev) return true;
    const told = lengthUpTo(records, this.#last);
    const isHeadless = isContinued && told === 0;
    const isOlder = prev < (this.#cut?.prev ?? this.#last);
    // It may reach beyond: cut otherwise by a market that was restarted, or asked for again.
    if (isOlder && (isHeadless || told === records.byteLength)) return false;
    const isGap = prev > this.#last;
    if (isGap || isHeadless) this.#gaps += 1;
    const parts = this.#cut?.parts ?? [];
    this.#cut = undefined;
    // Started again it comes whole; behind a gap nothing more of it comes, and a fill is a fill.
    if (isGap) for (const part of parts) this.#onReports(part);
    return true;
  }
}
