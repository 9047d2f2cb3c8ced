/** Questions to the broker over a line that breaks: asked once, or until there is an answer. */
import {
  cancelTimer,
  monotonicMs,
  type OpeningRecord,
  pause,
  StreamError,
} from '@foldbook/runtime';
import type { SimBroker } from './sim-broker.ts';
import type { AppendAnswer } from './sim-stream.ts';
import type { SimTransport } from './sim-transport.ts';

/** A question to the broker is asked again after so long, and given up after so many times. */
const ANSWER_WITHIN_MS = 300;
const PATIENCE_MS = 5_000;
const PAUSE_MS = 25;

/** Runs at the broker, which answers at once or when its disk has. */
export type Question<Answer> = (broker: SimBroker, answer: (answer: Answer) => void) => void;

export class StoreApi {
  readonly line: SimTransport;
  readonly broker: SimBroker;

  constructor(line: SimTransport, broker: SimBroker) {
    this.line = line;
    this.broker = broker;
  }

  /** Rejects with StreamError UNAVAILABLE. `ask` runs at the broker, perhaps more than once. */
  ask<Answer>(what: string, ask: (broker: SimBroker) => Answer): Promise<Answer> {
    return this.insist(what, (broker, answer) => answer(ask(broker)));
  }

  /**
   * Appends a record behind whatever the stream holds, and answers its sequence; twice, perhaps,
   * where the first answer does not come, unless it says what it comes after. Rejects with
   * StreamError UNAVAILABLE, STALE_WRITER.
   */
  async append(name: string, { subject, payload, after }: OpeningRecord): Promise<number> {
    const id = this.broker.newWriterId();
    const append = { subject, payload, id, after, expectedLast: undefined, previousId: undefined };
    const answer = await this.insist<AppendAnswer>(`append to ${name}`, (broker, tell) => {
      broker.route(subject, payload);
      broker.makeStream(name).append(append, tell);
    });
    if ('sequence' in answer) return answer.sequence;
    throw new StreamError('STALE_WRITER', `${name} refuses ${subject}: ${answer.refusal}`);
  }

  /** As `ask`, of what the broker answers later. */
  async insist<Answer>(what: string, ask: Question<Answer>): Promise<Answer> {
    const { timers } = this.line.process;
    const deadlineMs = monotonicMs(timers) + PATIENCE_MS;
    for (;;) {
      const answer = await this.askOnce(what, ANSWER_WITHIN_MS, ask);
      if (answer !== undefined) return answer.value;
      if (monotonicMs(timers) > deadlineMs) {
        throw new StreamError('UNAVAILABLE', `the broker does not answer: ${what}`);
      }
      await pause(timers, PAUSE_MS);
    }
  }

  /** Undefined if there is no answer within so long; what was asked may be done all the same. */
  askOnce<Answer>(
    what: string,
    withinMs: number,
    ask: Question<Answer>,
  ): Promise<{ readonly value: Answer } | undefined> {
    const answer = Promise.withResolvers<{ readonly value: Answer } | undefined>();
    const timer = this.line.process.timers.after(withinMs, () => answer.resolve(undefined));
    this.line.toBroker(`ask ${what}`, () => {
      ask(this.broker, (value) =>
        this.line.fromBroker(`answer ${what}`, () => answer.resolve({ value })),
      );
    });
    return answer.promise.finally(() => cancelTimer(timer));
  }
}
