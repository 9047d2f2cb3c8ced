/** Asks all the time whether a market takes orders, by orders that leave nothing behind. */
import { BatchFlag, commandSubject, decodeReply, ResultCode } from '@foldbook/protocol';
import type { Subscription, Transport } from '@foldbook/runtime';
import type { Claim } from './history.ts';
import { probeMessage } from './probe-order.ts';

const EVERY_MS = 2;
const EARLY_ONE_IN = 2;

export interface Resumed {
  /** From the call until an order was accepted that was sent after it. */
  readonly ms: number;
  /** Where the log has that order. */
  readonly logSequence: number;
}

/**
 * Sends over each of its lines in turns, so that none of them has to be whole; each is a session of
 * its own, as orders of one session must not overtake each other.
 */
export class Prober {
  readonly #lines: readonly Transport[];
  readonly #subject: string;
  readonly #account: number;
  readonly #inbox: string;
  readonly #subscriptions: readonly Subscription[];
  readonly #claims: Claim[] = [];
  #sent = 0;
  #isKeptOn = false;
  #onAccepted: ((sent: number, logSequence: number) => void) | undefined;

  constructor(lines: readonly Transport[], market: string, account: number) {
    this.#lines = lines;
    this.#subject = commandSubject(market, account);
    this.#account = account;
    this.#inbox = lines[0]?.newInbox() ?? '';
    this.#subscriptions = lines.map((line) =>
      line.subscribe(`${this.#inbox}.*`, ({ subject, payload }) => this.#hear(subject, payload)),
    );
  }

  /** Orders that were answered OK, and where the answers say that the log has them. */
  get claims(): readonly Claim[] {
    return this.#claims;
  }

  /**
   * Waits for the first order that is accepted of those that are sent from now on.
   * @throws Error after `withinMs`
   */
  async resumed(withinMs: number): Promise<Resumed> {
    const sinceMs = performance.now();
    const before = this.#sent;
    const accepted = Promise.withResolvers<Resumed>();
    this.#onAccepted = (sent, logSequence) => {
      if (sent <= before) return;
      accepted.resolve({ ms: performance.now() - sinceMs, logSequence });
    };
    this.#send();
    const timer = setInterval(() => {
      if (performance.now() - sinceMs > withinMs) {
        accepted.reject(new Error(`no order was accepted for ${withinMs} ms`));
      } else if (!this.#isKeptOn) {
        this.#send();
      }
    }, EVERY_MS);
    try {
      return await accepted.promise;
    } finally {
      clearInterval(timer);
      this.#onAccepted = undefined;
    }
  }

  /** Sends all the time, until the function that it gives is called. */
  keepOn(): () => void {
    const timer = setInterval(() => this.#send(), EVERY_MS);
    this.#isKeptOn = true;
    return () => {
      clearInterval(timer);
      this.#isKeptOn = false;
    };
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #send(): void {
    this.#sent += 1;
    const line = this.#sent % this.#lines.length;
    // One of both answers each: some before they are executed, some after.
    const isEarly = this.#isKeptOn && this.#sent % EARLY_ONE_IN === 0;
    const flags = isEarly ? BatchFlag.REPLY_WHEN_RECEIVED : 0;
    const message = probeMessage(this.#sessionOf(this.#sent), BigInt(this.#sent), flags);
    this.#lines[line]?.publish(this.#subject, message, `${this.#inbox}.${this.#sent}`);
  }

  #sessionOf(sent: number): number {
    return 1 + (sent % this.#lines.length);
  }

  #hear(subject: string, payload: Uint8Array): void {
    const sent = Number(subject.slice(subject.lastIndexOf('.') + 1));
    const reply = decodeReply(payload);
    if (!reply.ok || reply.value.code !== ResultCode.OK) return;
    const { logSequence, events } = reply.value;
    const session = this.#sessionOf(sent);
    const requestId = BigInt(sent);
    this.#claims.push({ account: this.#account, session, requestId, logSequence });
    if (events.some(({ type }) => type === 'accepted')) this.#onAccepted?.(sent, logSequence);
  }
}
