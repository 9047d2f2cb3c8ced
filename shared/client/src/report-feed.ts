/**
 * An account's private reports in order, each once. Every batch names the last market sequence the
 * account was told of before it (`prev`), so a batch that is missing or comes twice shows.
 */
import {
  BatchFlag,
  BatchKind,
  decodeBatchHeader,
  MAX_MESSAGE_BYTES,
  RECORD_BYTES,
  reportSubject,
} from '@foldbook/protocol';
import type { StreamReader, Transport } from '@foldbook/runtime';

/** Records of 64 bytes, in order, whole commands only. */
export type OnReports = (records: Uint8Array) => void;

/** Where reports come from: a durable stream that can be read again, or a live subscription. */
export type ReportSource =
  | { readonly kind: 'stream'; readonly reader: StreamReader }
  | { readonly kind: 'live'; readonly transport: Transport };

export class ReportFeed {
  readonly #onReports: OnReports;
  readonly #subject: string;
  readonly #abort = new AbortController();
  #stop: () => Promise<void> = async () => undefined;
  /** Market sequence up to which reports were handed on; undefined before the first. */
  #last: number | undefined;
  #partial: Uint8Array[] = [];
  #gaps = 0;

  private constructor(subject: string, onReports: OnReports) {
    this.#subject = subject;
    this.#onReports = onReports;
  }

  /** Starts with the next report; what was reported before stays in the stream. */
  static async open(
    source: ReportSource,
    market: string,
    account: number,
    onReports: OnReports,
    onError: (error: unknown) => void,
  ): Promise<ReportFeed> {
    const feed = new ReportFeed(reportSubject(account, market), onReports);
    if (source.kind === 'live') {
      const subscription = source.transport.subscribe(feed.#subject, (message) =>
        feed.#batch(message.payload),
      );
      await source.transport.flush();
      feed.#stop = async () => subscription.unsubscribe();
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

  async #follow(reader: StreamReader, fromSequence: number): Promise<void> {
    const signal = this.#abort.signal;
    const filter = this.#subject;
    for await (const record of reader.read({ fromSequence, filter, follow: true, signal })) {
      this.#batch(record.payload);
    }
  }

  #batch(payload: Uint8Array): void {
    const header = decodeBatchHeader(payload, BatchKind.REPORTS, MAX_MESSAGE_BYTES);
    if (!header.ok) {
      this.#gaps += 1;
      return;
    }
    const { flags, prev, last } = header.value;
    if (this.#last !== undefined && prev < this.#last) return;
    if (this.#last !== undefined && prev > this.#last) this.#gaps += 1;
    if ((flags & BatchFlag.CONTINUES) === 0) this.#partial = [];
    const records = payload.subarray(RECORD_BYTES);
    if ((flags & BatchFlag.PARTIAL) !== 0) {
      this.#partial.push(records);
      return;
    }
    for (const part of this.#partial) this.#onReports(part);
    this.#partial = [];
    this.#last = last;
    this.#onReports(records);
  }
}
