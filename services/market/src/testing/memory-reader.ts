/** Reads what a memory writer has taken; it does not follow. */
import {
  compileFilter,
  type ReadOptions,
  type StreamReader,
  type StreamRecord,
} from '@foldbook/runtime';
import type { MemoryWriter } from './pipeline.ts';

export class MemoryReader implements StreamReader {
  readonly #writer: MemoryWriter;

  constructor(writer: MemoryWriter) {
    this.#writer = writer;
  }

  async *read({ fromSequence, filter }: ReadOptions): AsyncGenerator<StreamRecord> {
    yield* this.#matching(filter ?? '>').filter(({ sequence }) => sequence >= fromSequence);
  }

  async lastSequence(): Promise<number> {
    return this.#writer.lastSequence;
  }

  async last(filter = '>'): Promise<StreamRecord | undefined> {
    return this.#matching(filter).at(-1);
  }

  async firstFrom(fromSequence: number, filter: string): Promise<StreamRecord | undefined> {
    return this.#matching(filter).find(({ sequence }) => sequence >= fromSequence);
  }

  async lastOfEach(filter: string): Promise<StreamRecord[]> {
    const last = new Map(this.#matching(filter).map((record) => [record.subject, record]));
    return [...last.values()].sort((a, b) => a.sequence - b.sequence);
  }

  #matching(filter: string): StreamRecord[] {
    const matches = compileFilter(filter);
    return this.#writer.records
      .map(({ subject, payload }, index) => ({ sequence: index + 1, subject, payload }))
      .filter(({ subject }) => matches(subject));
  }
}
