/** A reader of a simulated stream: pages of what there is, and of what comes. */
import type { Dice } from '@foldbook/engine';
import { isTermSubject } from '@foldbook/protocol';
import {
  compileFilter,
  type ReadOptions,
  StreamError,
  type StreamReader,
  type StreamRecord,
} from '@foldbook/runtime';
import type { Plant } from './plants.ts';
import type { SimStream } from './sim-stream.ts';
import type { StoreApi } from './store-api.ts';

/** Behind the first barrier and the creation of a market. */
const FIRST_LEFT_OUT = 3;
/** Records of one answer. */
const PAGE_RECORDS = 64;
/** Who follows asks anew after so long without a record, or without an answer. */
const FOLLOW_WITHIN_MS = 250;

export interface ReaderParts {
  readonly api: StoreApi;
  readonly name: string;
  readonly plant: Plant | undefined;
  readonly dice: Dice;
  /** Planted: outputs are read as they were before this sequence was given out. */
  readonly knownUpTo: () => number | undefined;
}

export class SimStreamReader implements StreamReader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async *read(options: ReadOptions): AsyncGenerator<StreamRecord> {
    const { fromSequence, filter, follow, signal } = options;
    // Who asks for coverage asks for all subjects.
    const known =
      (filter === undefined ? this.#parts.knownUpTo() : undefined) ?? Number.POSITIVE_INFINITY;
    const last = Math.min(known, await this.lastSequence());
    let leftOut = this.#leftOut(fromSequence, last);
    const matches = compileFilter(filter ?? '>');
    const pages = follow ? this.#follow(fromSequence, signal) : this.#pages(fromSequence, last);
    for await (const page of pages) {
      for (const record of page) {
        if (signal?.aborted === true) return;
        if (!matches(record.subject) || record.sequence > known) continue;
        if (record.sequence >= leftOut && !isTermSubject(record.subject)) {
          leftOut = Number.POSITIVE_INFINITY;
        } else yield copyOf(record);
      }
    }
  }

  lastSequence(): Promise<number> {
    return this.#ask('last sequence', (stream) => stream.lastSequence);
  }

  last(filter = '>'): Promise<StreamRecord | undefined> {
    const matches = compileFilter(filter);
    return this.#ask('last', ({ records }) => {
      const found = records.findLast(({ subject }) => matches(subject));
      return found && copyOf(found);
    });
  }

  firstFrom(fromSequence: number, filter: string): Promise<StreamRecord | undefined> {
    const matches = compileFilter(filter);
    return this.#ask('first from', ({ records }) => {
      const found = records.slice(fromSequence - 1).find(({ subject }) => matches(subject));
      return found && copyOf(found);
    });
  }

  lastOfEach(filter: string): Promise<StreamRecord[]> {
    const matches = compileFilter(filter);
    return this.#ask('last of each', ({ records }) => {
      const found = new Map<string, StreamRecord>();
      for (const record of records.slice(0, this.#parts.knownUpTo())) {
        if (matches(record.subject)) found.set(record.subject, record);
      }
      return [...found.values()].map(copyOf).sort((a, b) => a.sequence - b.sequence);
    });
  }

  async *#pages(fromSequence: number, last: number): AsyncGenerator<readonly StreamRecord[]> {
    for (let from = fromSequence; from <= last; from += PAGE_RECORDS) {
      const until = Math.min(last, from + PAGE_RECORDS - 1);
      yield await this.#ask(`read ${from} to ${until}`, ({ records }) =>
        records.slice(from - 1, until),
      );
    }
  }

  /** The broker answers when there is something; asked again, it may have lost what was read. */
  async *#follow(
    fromSequence: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly StreamRecord[]> {
    const { api, name } = this.#parts;
    const ended = Promise.withResolvers<undefined>();
    signal?.addEventListener('abort', () => ended.resolve(undefined));
    for (let from = fromSequence; signal?.aborted !== true; ) {
      const answered = api.askOnce<Found>(
        `${name} follow ${from}`,
        FOLLOW_WITHIN_MS,
        (broker, say) =>
          broker
            .makeStream(name)
            .whenBeyond(from - 1, () => say(pageOf(broker.makeStream(name), from))),
      );
      const found = (await Promise.race([answered, ended.promise]))?.value;
      if (found === undefined) continue;
      if (found.last < from - 1 && from > fromSequence) {
        const text = `${name} ends at ${found.last}, but ${from - 1} has been read from it`;
        throw new StreamError('TRUNCATED', text);
      }
      from += found.page.length;
      yield found.page;
    }
  }

  async #ask<Answer>(what: string, ask: (stream: SimStream) => Answer): Promise<Answer> {
    const { api, name } = this.#parts;
    const answer = await api.ask(`${name} ${what}`, (broker) => {
      const stream = broker.findStream(name);
      return stream && { value: ask(stream) };
    });
    if (answer === undefined) throw new StreamError('NO_STREAM', `there is no stream ${name}`);
    return answer.value;
  }

  /** Planted: the first group from this sequence on is not read. */
  #leftOut(fromSequence: number, last: number): number {
    const { plant, dice, name } = this.#parts;
    if (!name.startsWith('LOG')) return Number.POSITIVE_INFINITY;
    // A checkpoint lies before it: where its market's log goes on is forgotten.
    if (plant === 'lost-tail' && fromSequence > 1) return fromSequence;
    if (plant !== 'dropped-record' || last < FIRST_LEFT_OUT) return Number.POSITIVE_INFINITY;
    return FIRST_LEFT_OUT + dice.below(last - FIRST_LEFT_OUT + 1);
  }
}

interface Found {
  readonly page: readonly StreamRecord[];
  readonly last: number;
}

const pageOf = ({ records, lastSequence }: SimStream, from: number): Found => ({
  page: records.slice(from - 1, from - 1 + PAGE_RECORDS),
  last: lastSequence,
});

/** Whoever reads may write into what it got. */
const copyOf = ({ sequence, subject, payload }: StreamRecord): StreamRecord => ({
  ...{ sequence, subject },
  payload: payload.slice(),
});
