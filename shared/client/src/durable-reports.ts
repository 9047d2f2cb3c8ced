/**
 * Reports as they come, and those that did not come out of the market's durable stream. A broker
 * delivers each report at most once and may do so before it is durable: with a hole before it,
 * twice where its writer was not sure, cut otherwise by a market that was restarted. So of what
 * comes live only whole commands that follow are handed on; everything else is a sign to ask.
 */
import { EventOffset, readCount, reportFilter, viewOf } from '@foldbook/protocol';
import { cancelTimer, type Subscription, systemTimers } from '@foldbook/runtime';
import { askReports, type ReportPage } from './ask-reports.ts';
import { ClientError } from './client-error.ts';
import type { ReportFeedParts } from './report-feed.ts';
import { lengthUpTo, ReportOrder, readReports } from './report-order.ts';
import { UnknownMarket } from './unknown-market.ts';
import { WaitingBatches } from './waiting-batches.ts';

/** Before it asks again what the market did not have yet, or could not say. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

export class DurableReports {
  readonly #parts: ReportFeedParts;
  readonly #subscription: Subscription;
  readonly #stopStatus: () => void;
  /** What came while it asks. */
  readonly #waiting = new WaitingBatches();
  #state: 'starting' | 'following' | 'asking' | 'closed' = 'starting';
  /** Market sequence up to which reports were handed on. */
  #last = 0;
  #gaps = 0;
  /** It was told to ask while it asked. */
  #asksAgain = false;
  #pauseMs = 0;
  #endPause: (() => void) | undefined;
  #refusal: ClientError | undefined;
  readonly #unknownMarket: UnknownMarket;

  private constructor(parts: ReportFeedParts) {
    this.#parts = parts;
    this.#unknownMarket = new UnknownMarket(parts.timers ?? systemTimers);
    const { transport, market, account } = parts;
    this.#subscription = transport.subscribe(
      reportFilter(account, market),
      ({ payload }) => this.#receive(payload),
      (error) => {
        this.#refusal = new ClientError('REFUSED', error.message);
        this.#fail(this.#refusal);
      },
    );
    // What was published while there was no connection was not heard.
    this.#stopStatus = transport.onStatus((status) => {
      if (status === 'connected') this.lookAgain();
    });
  }

  static async open(parts: ReportFeedParts): Promise<DurableReports> {
    const feed = new DurableReports(parts);
    try {
      await feed.#start();
    } catch (error) {
      feed.close();
      throw error;
    }
    return feed;
  }

  get gaps(): number {
    return this.#gaps;
  }

  /** Asks for what may have been missed with nothing after it. */
  lookAgain(): void {
    if (this.#state === 'asking') this.#asksAgain = true;
    if (this.#state === 'following') void this.#ask();
  }

  close(): void {
    this.#state = 'closed';
    this.#subscription.unsubscribe();
    this.#stopStatus();
    this.#waiting.clear();
    this.#endPause?.();
  }

  async #start(): Promise<void> {
    await this.#parts.transport.flush();
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#last = (await this.#page(Number.MAX_SAFE_INTEGER, 0)).last;
    this.#state = 'following';
    this.#drain();
  }

  #receive(payload: Uint8Array): void {
    if (this.#state === 'following') this.#guarded(() => this.#follow(payload));
    else if (this.#state !== 'closed') this.#waiting.push(payload);
  }

  #follow(payload: Uint8Array): void {
    const batch = readReports(payload);
    if (batch === undefined) {
      void this.#ask();
      return;
    }
    const { header, records, isContinued } = batch;
    // Nothing new, or nothing of it whole.
    if (header.last <= this.#last) return;
    const first = readCount(viewOf(records), EventOffset.SEQUENCE);
    if (header.prev > this.#last || (isContinued && first > this.#last)) {
      this.#waiting.push(payload);
      void this.#ask();
      return;
    }
    const start = lengthUpTo(records, this.#last);
    const end = lengthUpTo(records, header.last);
    this.#last = header.last;
    if (end > start) this.#parts.onReports(records.subarray(start, end));
  }

  /** Reads what is missing, as often as it takes, and goes on with what came meanwhile. */
  async #ask(): Promise<void> {
    this.#state = 'asking';
    const before = this.#last;
    try {
      await this.#pause();
      do {
        this.#asksAgain = false;
        await this.#readOn();
      } while (this.#asksAgain && !this.#isClosed());
    } catch (error) {
      if (!this.#isPassing(error)) {
        this.#fail(error);
        return;
      }
      this.#asksAgain = true;
    }
    if (this.#isClosed()) return;
    // A report that is heard before it is durable is not there yet.
    const isFruitless = this.#last === before;
    const longer = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs));
    this.#pauseMs = isFruitless ? longer : 0;
    this.#state = 'following';
    if (this.#asksAgain) void this.#ask();
    else this.#drain();
  }

  /** One question after the other until everything durable is here. */
  async #readOn(): Promise<void> {
    const order = new ReportOrder(this.#parts.onReports, this.#last);
    let skip = 0;
    try {
      for (;;) {
        const { last, batches } = await this.#page(this.#last, skip);
        if (this.#isClosed()) return;
        for (const batch of batches) {
          const before = this.#last;
          order.take(batch);
          this.#last = order.last ?? before;
          // Batches beyond the last whole command, this one too where it ends inside one.
          if (this.#last === before) skip += 1;
          else skip = order.holdsPart ? 1 : 0;
        }
        if (batches.length === 0 || this.#last >= last) return;
      }
    } finally {
      this.#gaps += order.gaps;
    }
  }

  async #page(after: number, skip: number): Promise<ReportPage> {
    const { transport, market, account, timers } = this.#parts;
    const page = await askReports(transport, market, account, { after, skip }, timers);
    this.#unknownMarket.met();
    return page;
  }

  #drain(): void {
    for (const payload of this.#waiting.take()) this.#receive(payload);
    // With a gap left, the pause stays; else the next gap is asked for at once.
    if (this.#state === 'following') this.#pauseMs = 0;
  }

  #pause(): Promise<void> {
    if (this.#pauseMs === 0) return Promise.resolve();
    const { timers = systemTimers } = this.#parts;
    return new Promise((resolve) => {
      const timer = timers.after(this.#pauseMs, () => this.#endPause?.());
      this.#endPause = () => {
        cancelTimer(timer);
        this.#endPause = undefined;
        resolve();
      };
    });
  }

  /** The market is away, or busy; as long as there is a line to it, it is asked again. */
  #isPassing(error: unknown): boolean {
    if (this.#parts.transport.status() === 'closed') return false;
    if (!(error instanceof ClientError)) return false;
    if (error.refusal === 'UNKNOWN_MARKET') return this.#unknownMarket.isPassing();
    return error.code === 'UNREACHABLE';
  }

  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isClosed()) return;
    const isStarting = this.#state === 'starting';
    this.close();
    // While it starts, `open` rejects.
    if (!isStarting) this.#parts.onError(error);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}
