/** Tells an account again what it was told: reports that it missed, out of the durable stream. */
import {
  BatchKind,
  BatchOffset,
  EventOffset,
  encodeBatch,
  encodeRefusal,
  MAX_REPORT_ANSWER_BYTES,
  RECORD_BYTES,
  type ResultName,
  readCount,
  refuse,
  reportSubject,
  viewOf,
} from '@foldbook/protocol';
import type { StreamReader, StreamRecord } from '@foldbook/runtime';
import type { Market } from './market-registry.ts';

/** Answers that are being read at a time; the stream's broker has other work too. */
const MAX_OPEN = 16;

export interface MissedReports {
  readonly account: number;
  /** Market sequence up to which the account has everything. */
  readonly after: number;
  /** Batches behind that which it has too: parts of a command that fits no batch. */
  readonly skip: number;
}

export class ReportReplay {
  readonly #reader: StreamReader;
  readonly #onError: (error: unknown) => void;
  /** Accounts whose answer is being read. */
  readonly #open = new Set<number>();

  /** `onError`: told why an answer could not be read; the market goes on. */
  constructor(reader: StreamReader, onError: (error: unknown) => void) {
    this.#reader = reader;
    this.#onError = onError;
  }

  /**
   * A REPLY whose records are whole REPORTS batches, oldest first, as many as fit; `last` names the
   * market sequence that the account's reports reach. Or a refusal: BUSY, UNAVAILABLE. One question
   * of an account at a time. Never rejects.
   */
  async answer(market: Market, missed: MissedReports): Promise<Uint8Array> {
    const { account } = missed;
    if (this.#open.size >= MAX_OPEN || this.#open.has(account)) return refusal('BUSY', market);
    this.#open.add(account);
    try {
      return await this.#read(market, missed);
    } catch (error) {
      this.#onError(error);
      return refusal('UNAVAILABLE', market);
    } finally {
      this.#open.delete(account);
    }
  }

  async #read(market: Market, { account, after, skip }: MissedReports): Promise<Uint8Array> {
    const subject = reportSubject(market.partition, account, market.name);
    const newest = await this.#reader.last(subject);
    const last = newest === undefined ? 0 : readCount(viewOf(newest.payload), BatchOffset.LAST);
    const header = { kind: BatchKind.REPLY, market: market.id, last };
    const batches =
      newest === undefined || reachOf(newest) <= after
        ? []
        : await this.#batches(subject, await this.#firstBeyond(subject, after, newest), skip);
    return encodeBatch(header, concatenate(batches));
  }

  async #batches(subject: string, fromSequence: number, skip: number): Promise<Uint8Array[]> {
    const batches: Uint8Array[] = [];
    let sizeBytes = RECORD_BYTES;
    let seen = 0;
    const records = this.#reader.read({ fromSequence, filter: subject, follow: false });
    for await (const { payload } of records) {
      seen += 1;
      if (seen <= skip) continue;
      sizeBytes += payload.byteLength;
      // A batch is smaller than an answer, so at least one always fits.
      if (sizeBytes > MAX_REPORT_ANSWER_BYTES) break;
      batches.push(payload);
    }
    return batches;
  }

  /**
   * Where in the stream the account's first batch beyond `after` stands, by halves: an account's
   * market sequences rise with the stream's.
   */
  async #firstBeyond(subject: string, after: number, newest: StreamRecord): Promise<number> {
    let low = 1;
    let high = newest.sequence;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = (await this.#reader.firstFrom(middle, subject)) ?? newest;
      if (reachOf(found) > after) high = middle;
      else low = found.sequence + 1;
    }
    return low;
  }
}

/** Market sequence of a batch's last record, the cut command's where it ends inside one. */
function reachOf({ payload }: StreamRecord): number {
  return readCount(viewOf(payload), payload.byteLength - RECORD_BYTES + EventOffset.SEQUENCE);
}

function refusal(name: ResultName, market: Market): Uint8Array {
  return encodeRefusal('msgpack', refuse(name, 0, `the reports of ${market.name}`));
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
