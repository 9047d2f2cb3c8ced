/**
 * A writer of a simulated stream. It owes its users what JetStream's does: in order and once,
 * through breaks of its line and restarts of the broker, or dead because another one wrote.
 */
import assert from 'node:assert/strict';
import {
  cancelTimer,
  compileFilter,
  pause,
  StreamError,
  type StreamWriter,
  type Timer,
  type TroubleListener,
} from '@foldbook/runtime';
import type { AppendAnswer } from './sim-stream.ts';
import type { StoreApi } from './store-api.ts';

const WINDOW = 64;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

export interface SimStreamWriterParts {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly lastSequence: number;
  readonly ackTimeoutMs: number;
  readonly api: StoreApi;
}

interface Waiting {
  readonly number: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: StreamError) => void;
  isStored: boolean;
}

export class SimStreamWriter implements StreamWriter {
  readonly name: string;
  readonly #parts: SimStreamWriterParts;
  readonly #accepts: readonly ((subject: string) => boolean)[];
  readonly #id: string;
  readonly #listeners = new Set<TroubleListener>();
  readonly #stopStatus: () => void;
  #queue: Waiting[] = [];
  #sent = 0;
  #lastNumber = 0;
  #durable = 0;
  #attempt = 0;
  #state: 'flowing' | 'recovering' | 'dead' = 'flowing';
  #pauseMs = 0;
  #watch: Timer | undefined;
  #failure: StreamError | undefined;
  #drained: (() => void)[] = [];

  constructor(parts: SimStreamWriterParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#accepts = parts.subjects.map(compileFilter);
    this.#id = parts.api.broker.newWriterId();
    const { line } = parts.api;
    this.#stopStatus = line.onStatus((status) => {
      if (status === 'disconnected') this.#trouble('the line broke');
      if (status === 'closed') this.#fail(new StreamError('CLOSED', 'the line was closed'));
    });
    if (line.status() === 'disconnected') this.#trouble('there is no line');
  }

  get lastSequence(): number {
    return this.#parts.lastSequence + this.#durable;
  }

  inFlight(): number {
    return this.#queue.length;
  }

  onTrouble(listener: TroubleListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  append(subject: string, payload: Uint8Array): Promise<number> {
    assert(
      this.#accepts.some((accepts) => accepts(subject)),
      `${subject} is not among the subjects of ${this.name}`,
    );
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#lastNumber += 1;
      const number = this.#lastNumber;
      this.#queue.push({ number, subject, payload, resolve, reject, isStored: false });
      this.#send();
    });
  }

  async close(): Promise<void> {
    this.#failure ??= new StreamError('CLOSED', `the writer of ${this.name} is closed`);
    if (this.#queue.length > 0 && this.#state !== 'dead') {
      await new Promise<void>((resolve) => this.#drained.push(resolve));
    }
    this.#end();
  }

  #send(): void {
    while (this.#state === 'flowing' && this.#sent < WINDOW) {
      const append = this.#queue[this.#sent];
      if (append === undefined) break;
      this.#sent += 1;
      this.#publish(append, this.#sent === 1);
    }
    if (this.#queue.length > 0) this.#arm();
  }

  #publish({ number, subject, payload }: Waiting, isFirst: boolean): void {
    const { api, lastSequence } = this.#parts;
    const attempt = this.#attempt;
    const id = `${this.#id}:${number}`;
    const expectedLast = lastSequence + number - 1;
    const previousId = isFirst ? undefined : `${this.#id}:${number - 1}`;
    const append = { subject, payload, id, expectedLast, previousId };
    api.line.toBroker(`append ${this.name} ${id}`, () => {
      // Whoever listens hears it whether it is stored or not, and before that.
      api.broker.route(subject, payload);
      const stream = api.broker.findStream(this.name);
      stream?.append(append, (answer) =>
        api.line.fromBroker(`acknowledge ${this.name} ${id}`, () =>
          this.#answered(attempt, number, answer),
        ),
      );
    });
  }

  #answered(attempt: number, number: number, answer: AppendAnswer): void {
    if (this.#state === 'dead') return;
    const expected = this.#parts.lastSequence + number;
    const refusal =
      'refusal' in answer
        ? answer.refusal
        : answer.sequence !== expected && `stored as ${answer.sequence}, not as ${expected}`;
    if (refusal !== false) {
      if (attempt === this.#attempt) this.#trouble(refusal);
      return;
    }
    const append = this.#queue[number - this.#durable - 1];
    if (append === undefined) return;
    append.isStored = true;
    this.#settle();
  }

  #settle(): void {
    const first = this.#queue.findIndex(({ isStored }) => !isStored);
    const settled = this.#queue.splice(0, first < 0 ? this.#queue.length : first);
    if (settled.length === 0) return;
    this.#durable += settled.length;
    this.#sent = Math.max(0, this.#sent - settled.length);
    this.#pauseMs = 0;
    for (const { number, resolve } of settled) resolve(this.#parts.lastSequence + number);
    if (this.#queue.length === 0) for (const done of this.#drained.splice(0)) done();
    cancelTimer(this.#watch);
    this.#watch = undefined;
    this.#send();
  }

  #arm(): void {
    const { api, ackTimeoutMs } = this.#parts;
    this.#watch ??= api.line.process.timers.after(ackTimeoutMs, () => {
      this.#watch = undefined;
      if (this.#queue.length > 0) this.#trouble('no acknowledgement');
    });
  }

  /** Sends nothing until it is known what the stream holds. */
  #trouble(detail: string): void {
    if (this.#state !== 'flowing') return;
    this.#state = 'recovering';
    this.#attempt += 1;
    for (const listener of [...this.#listeners]) listener('stalled', detail);
    this.#recover(detail).catch((error: unknown) => this.#fail(toStreamError(error)));
  }

  async #recover(detail: string): Promise<void> {
    for (;;) {
      if (this.#pauseMs > 0) await pause(this.#parts.api.line.process.timers, this.#pauseMs);
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
      if (this.#isDead()) return;
      try {
        await this.#compare(detail);
        break;
      } catch (error) {
        if (!(error instanceof StreamError) || error.code !== 'UNAVAILABLE') throw error;
      }
    }
    if (this.#isDead()) return;
    this.#state = 'flowing';
    this.#sent = 0;
    for (const listener of [...this.#listeners]) listener('recovered', this.name);
    this.#settle();
    this.#send();
  }

  /** Marks what the stream holds of its own; rejects when it holds something else. */
  async #compare(detail: string): Promise<void> {
    const durable = this.lastSequence;
    const records = await this.#parts.api.ask(`compare ${this.name}`, (broker) => {
      const stream = broker.makeStream(this.name);
      return { last: stream.lastSequence, ids: stream.records.slice(durable).map(({ id }) => id) };
    });
    if (records.last < durable) {
      const text = `${this.name} ends at ${records.last}, but ${durable} was acknowledged`;
      throw new StreamError('TRUNCATED', text);
    }
    for (const [index, id] of records.ids.entries()) {
      const sequence = durable + 1 + index;
      const number = sequence - this.#parts.lastSequence;
      if (number <= this.#durable) continue;
      const append = this.#queue[number - this.#durable - 1];
      if (append === undefined || id !== `${this.#id}:${number}`) {
        const text = `another writer has appended sequence ${sequence} of ${this.name}`;
        throw new StreamError('STALE_WRITER', `${text} (noticed after: ${detail})`);
      }
      append.isStored = true;
    }
  }

  #isDead(): boolean {
    return this.#state === 'dead';
  }

  #fail(error: StreamError): void {
    if (this.#state === 'dead') return;
    const isClosed = this.#failure !== undefined;
    this.#failure = error;
    this.#end();
    if (!isClosed) {
      for (const listener of [...this.#listeners]) listener('failed', error.message, error);
    }
    for (const { reject } of this.#queue.splice(0)) reject(error);
    for (const done of this.#drained.splice(0)) done();
  }

  #end(): void {
    this.#state = 'dead';
    this.#stopStatus();
    cancelTimer(this.#watch);
  }
}

function toStreamError(error: unknown): StreamError {
  if (error instanceof StreamError) return error;
  return new StreamError('IO_FAILED', `the stream can't be used: ${error}`, { cause: error });
}
