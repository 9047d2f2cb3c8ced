/**
 * An account's private reports in order, each once. Every batch names the last market sequence the
 * account was told of before it (`prev`), so a batch that is missing or comes twice shows.
 */
import {
  BatchFlag,
  type BatchHeader,
  BatchKind,
  decodeBatchHeader,
  EventOffset,
  RECORD_BYTES,
  readCount,
  reportSubject,
  viewOf,
} from '@foldbook/protocol';
import type { StreamReader, Subscription, Transport } from '@foldbook/runtime';
import { MAX_BATCH_RECORDS } from './limits.ts';

/** Records of 64 bytes, in order; whole commands only, but where a gap was counted. */
export type OnReports = (records: Uint8Array) => void;

/** Where reports come from: a durable stream that can be read again, or a live subscription. */
export type ReportSource =
  | { readonly kind: 'stream'; readonly reader: StreamReader }
  | { readonly kind: 'live'; readonly transport: Transport };

/** A command whose reports did not fit into one batch, as far as they are here. */
interface CutCommand {
  /** What all its batches name as `prev`; a market that starts it again may name another. */
  readonly prev: number;
  readonly parts: Uint8Array[];
}

export class ReportFeed {
  readonly #onReports: OnReports;
  readonly #subject: string;
  readonly #abort = new AbortController();
  #stop: () => Promise<void> = async () => undefined;
  /** Market sequence up to which reports were handed on; undefined before the first. */
  #last: number | undefined;
  #cut: CutCommand | undefined;
  #gaps = 0;

  private constructor(subject: string, onReports: OnReports) {
    this.#subject = subject;
    this.#onReports = onReports;
  }

  /**
   * Starts with the next report; what was reported before stays in the stream. `onError`: the feed
   * has ended, by its source or by what `onReports` threw.
   */
  static async open(
    source: ReportSource,
    market: string,
    account: number,
    onReports: OnReports,
    onError: (error: unknown) => void,
  ): Promise<ReportFeed> {
    const feed = new ReportFeed(reportSubject(account, market), onReports);
    if (source.kind === 'live') {
      const subscription = feed.#listen(source.transport, onError);
      feed.#stop = async () => subscription.unsubscribe();
      try {
        await source.transport.flush();
      } catch (error) {
        subscription.unsubscribe();
        throw error;
      }
      return feed;
    }
    const fromSequence = (await source.reader.lastSequence()) + 1;
    const following = feed.#follow(source.reader, fromSequence).catch(onError);
    feed.#stop = async () => {
      feed.#abort.abort();
      await following;
    };
    return feed;
  }

  /** Batches that did not follow the one before; a live source can't read them again. */
  get gaps(): number {
    return this.#gaps;
  }

  async close(): Promise<void> {
    await this.#stop();
  }

  #listen(transport: Transport, onError: (error: unknown) => void): Subscription {
    const subscription = transport.subscribe(this.#subject, ({ payload }) => {
      try {
        this.#batch(payload);
      } catch (error) {
        subscription.unsubscribe();
        onError(error);
      }
    });
    return subscription;
  }

  async #follow(reader: StreamReader, fromSequence: number): Promise<void> {
    const signal = this.#abort.signal;
    const filter = this.#subject;
    for await (const record of reader.read({ fromSequence, filter, follow: true, signal })) {
      this.#batch(record.payload);
    }
  }

  #batch(payload: Uint8Array): void {
    const header = decodeBatchHeader(payload, BatchKind.REPORTS, MAX_BATCH_RECORDS);
    if (!header.ok) {
      this.#gaps += 1;
      return;
    }
    const { flags, prev, last } = header.value;
    if (!this.#takesUp(header.value)) return;
    const isPartial = (flags & BatchFlag.PARTIAL) !== 0;
    const done = this.#last ?? 0;
    const records = payload.subarray(RECORD_BYTES);
    // Sequences only rise. What an earlier batch told stands in front, what is cut at the end.
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
  #takesUp({ flags, prev }: BatchHeader): boolean {
    if (this.#last === undefined) return true;
    const isContinued = (flags & BatchFlag.CONTINUES) !== 0;
    if (isContinued && this.#cut?.prev === prev) return true;
    if (prev < (this.#cut?.prev ?? this.#last)) return false;
    const isGap = prev > this.#last;
    if (isGap || isContinued) this.#gaps += 1;
    const parts = this.#cut?.parts ?? [];
    this.#cut = undefined;
    // Started again it comes whole; behind a gap nothing more of it comes, and a fill is a fill.
    if (isGap) for (const part of parts) this.#onReports(part);
    return true;
  }
}

/** Bytes of the records in front that belong to commands up to `sequence`. */
function lengthUpTo(records: Uint8Array, sequence: number): number {
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
