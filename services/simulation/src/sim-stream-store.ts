/** The stream port over a simulated line: fenced writers that retry, and readers. */

import type { Dice } from '@foldbook/engine';
import { isTermSubject } from '@foldbook/protocol';
import {
  cancelTimer,
  compileFilter,
  monotonicMs,
  type OpeningRecord,
  pause,
  type ReadOptions,
  StreamError,
  type StreamReader,
  type StreamRecord,
  type StreamStore,
  type StreamWriter,
} from '@foldbook/runtime';
import type { Plant } from './plants.ts';
import type { SimBroker } from './sim-broker.ts';
import type { AppendAnswer, SimStream } from './sim-stream.ts';
import { SimStreamWriter } from './sim-stream-writer.ts';
import type { SimTransport } from './sim-transport.ts';

/** A question to the broker is asked again after so long, and given up after so many times. */
const ANSWER_WITHIN_MS = 300;
const PATIENCE_MS = 5_000;
const PAUSE_MS = 25;
/** Behind the first barrier and the creation of a market. */
const FIRST_LEFT_OUT = 3;
/** Records of one answer. */
const PAGE_RECORDS = 64;

/** Runs at the broker, which answers at once or when its disk has. */
type Question<Answer> = (broker: SimBroker, answer: (answer: Answer) => void) => void;

export class StoreApi {
  readonly line: SimTransport;
  readonly broker: SimBroker;

  constructor(line: SimTransport, broker: SimBroker) {
    this.line = line;
    this.broker = broker;
  }

  /** Rejects with StreamError UNAVAILABLE. `ask` runs at the broker, perhaps more than once. */
  ask<Answer>(what: string, ask: (broker: SimBroker) => Answer): Promise<Answer> {
    return this.#insist(what, (broker, answer) => answer(ask(broker)));
  }

  /**
   * Appends a record behind whatever the stream holds, and answers its sequence; twice, perhaps,
   * where the first answer does not come, unless it says what it comes after. Rejects with
   * StreamError UNAVAILABLE, STALE_WRITER.
   */
  async append(name: string, { subject, payload, after }: OpeningRecord): Promise<number> {
    const id = this.broker.newWriterId();
    const append = { subject, payload, id, after, expectedLast: undefined, previousId: undefined };
    const answer = await this.#insist<AppendAnswer>(`append to ${name}`, (broker, tell) => {
      broker.route(subject, payload);
      broker.makeStream(name).append(append, tell);
    });
    if ('sequence' in answer) return answer.sequence;
    throw new StreamError('STALE_WRITER', `${name} refuses ${subject}: ${answer.refusal}`);
  }

  async #insist<Answer>(what: string, ask: Question<Answer>): Promise<Answer> {
    const { timers } = this.line.process;
    const deadlineMs = monotonicMs(timers) + PATIENCE_MS;
    for (;;) {
      const answer = await this.#askOnce(what, ask);
      if (answer !== undefined) return answer.value;
      if (monotonicMs(timers) > deadlineMs) {
        throw new StreamError('UNAVAILABLE', `the broker does not answer: ${what}`);
      }
      await pause(timers, PAUSE_MS);
    }
  }

  #askOnce<Answer>(
    what: string,
    ask: Question<Answer>,
  ): Promise<{ readonly value: Answer } | undefined> {
    const answer = Promise.withResolvers<{ readonly value: Answer } | undefined>();
    const timer = this.line.process.timers.after(ANSWER_WITHIN_MS, () => answer.resolve(undefined));
    this.line.toBroker(`ask ${what}`, () => {
      ask(this.broker, (value) =>
        this.line.fromBroker(`answer ${what}`, () => answer.resolve({ value })),
      );
    });
    return answer.promise.finally(() => cancelTimer(timer));
  }
}

export interface StoreOptions {
  /** Without any acknowledgement for so long a writer asks what the stream has, ms. */
  readonly ackTimeoutMs: number;
  readonly plant: Plant | undefined;
  readonly dice: Dice;
}

export class SimStreamStore implements StreamStore {
  readonly durability = 'simulated';
  readonly #api: StoreApi;
  readonly #options: StoreOptions;
  readonly #writers: StreamWriter[] = [];

  constructor(line: SimTransport, broker: SimBroker, options: StoreOptions) {
    this.#api = new StoreApi(line, broker);
    this.#options = options;
  }

  async writer(
    name: string,
    subjects: readonly string[],
    opening?: OpeningRecord,
  ): Promise<StreamWriter> {
    const { plant, ackTimeoutMs } = this.#options;
    const found = await this.#api.ask(`open ${name}`, (broker) => {
      const stream = broker.makeStream(name);
      // Planted: the next append gets a sequence that another record had.
      if (plant === 'reused-sequence' && name.startsWith('LOG')) stream.forgetLast();
      return stream.lastSequence;
    });
    const lastSequence = opening === undefined ? found : await this.#api.append(name, opening);
    const parts = { name, subjects, lastSequence, ackTimeoutMs, api: this.#api };
    const writer = new SimStreamWriter(parts);
    this.#writers.push(writer);
    return writer;
  }

  reader(name: string): StreamReader {
    return new SimStreamReader(this.#api, name, this.#options);
  }

  async close(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close()));
  }
}

class SimStreamReader implements StreamReader {
  readonly #api: StoreApi;
  readonly #name: string;
  readonly #options: StoreOptions;

  constructor(api: StoreApi, name: string, options: StoreOptions) {
    this.#api = api;
    this.#name = name;
    this.#options = options;
  }

  async *read({ fromSequence, filter, follow, signal }: ReadOptions): AsyncGenerator<StreamRecord> {
    if (follow) throw new StreamError('BAD_CONFIG', 'simulated streams are not followed');
    const last = await this.lastSequence();
    let leftOut = this.#leftOut(last);
    const matches = compileFilter(filter ?? '>');
    for (let from = fromSequence; from <= last && signal?.aborted !== true; ) {
      const until = Math.min(last, from + PAGE_RECORDS - 1);
      const page = await this.#ask(`read ${from} to ${until}`, ({ records }) =>
        records.slice(from - 1, until),
      );
      from = until + 1;
      for (const record of page) {
        if (!matches(record.subject)) continue;
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
      for (const record of records) if (matches(record.subject)) found.set(record.subject, record);
      return [...found.values()].map(copyOf).sort((a, b) => a.sequence - b.sequence);
    });
  }

  #ask<Answer>(what: string, ask: (stream: SimStream) => Answer): Promise<Answer> {
    return this.#api.ask(`${this.#name} ${what}`, (broker) => ask(broker.makeStream(this.#name)));
  }

  /** Planted: the first group from this sequence on is not read. */
  #leftOut(last: number): number {
    const { plant, dice } = this.#options;
    if (plant !== 'dropped-record' || !this.#name.startsWith('LOG') || last < FIRST_LEFT_OUT) {
      return Number.POSITIVE_INFINITY;
    }
    return FIRST_LEFT_OUT + dice.below(last - FIRST_LEFT_OUT + 1);
  }
}

/** Whoever reads may write into what it got. */
const copyOf = ({ sequence, subject, payload }: StreamRecord): StreamRecord => ({
  ...{ sequence, subject },
  payload: payload.slice(),
});
