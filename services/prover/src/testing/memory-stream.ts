// SPDX-License-Identifier: GPL-3.0-or-later
import {
  compileFilter,
  type ReadOptions,
  type StreamReader,
  type StreamRecord,
} from '@foldbook/runtime';

/** A stream in memory, for tests that are not about streams. */
export class MemoryStream implements StreamReader {
  readonly #records: StreamRecord[] = [];
  #grown = Promise.withResolvers<void>();

  append(subject: string, payload: Uint8Array): void {
    this.#records.push({ sequence: this.#records.length + 1, subject, payload });
    this.#grown.resolve();
    this.#grown = Promise.withResolvers<void>();
  }

  async *read({ fromSequence, filter, follow, signal }: ReadOptions): AsyncIterable<StreamRecord> {
    const matches = compileFilter(filter ?? '>');
    const aborted = new Promise<void>((resolve) => {
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
    for (let sequence = fromSequence; signal?.aborted !== true; ) {
      const record = this.#records[sequence - 1];
      if (record !== undefined) {
        sequence += 1;
        if (matches(record.subject)) yield record;
      } else if (follow) {
        await Promise.race([this.#grown.promise, aborted]);
      } else {
        return;
      }
    }
  }

  async lastSequence(): Promise<number> {
    return this.#records.length;
  }

  async last(filter = '>'): Promise<StreamRecord | undefined> {
    const matches = compileFilter(filter);
    return this.#records.findLast(({ subject }) => matches(subject));
  }

  async firstFrom(fromSequence: number, filter: string): Promise<StreamRecord | undefined> {
    const matches = compileFilter(filter);
    return this.#records.slice(fromSequence - 1).find(({ subject }) => matches(subject));
  }

  async lastOfEach(filter: string): Promise<StreamRecord[]> {
    const matches = compileFilter(filter);
    const last = new Map<string, StreamRecord>();
    for (const record of this.#records)
      if (matches(record.subject)) last.set(record.subject, record);
    return [...last.values()].sort((left, right) => left.sequence - right.sequence);
  }
}
