/** An account's private reports in order, each once. */
import { reportFilter } from '@foldbook/protocol';
import type { Subscription, Timers, Transport } from '@foldbook/runtime';
import { ClientError } from './client-error.ts';
import { DurableReports } from './durable-reports.ts';
import { type OnReports, ReportOrder } from './report-order.ts';

/**
 * `durable`: heard live, and what was missed is asked for: the market has it in its durable stream.
 * `live`: what was missed stays missed, and is counted.
 */
export interface ReportSource {
  readonly kind: 'durable' | 'live';
  readonly transport: Transport;
  /** Default: the system's. */
  readonly timers?: Timers | undefined;
}

interface Feed {
  readonly gaps: number;
  lookAgain(): void;
  close(): void;
}

export class ReportFeed {
  readonly #feed: Feed;

  private constructor(feed: Feed) {
    this.#feed = feed;
  }

  /**
   * Starts with the next report. `onError`: the feed has ended, by its source or by what
   * `onReports` threw. Rejects with ClientError REFUSED, and UNREACHABLE where a durable feed's
   * market is away.
   */
  static async open(
    source: ReportSource,
    market: string,
    account: number,
    onReports: OnReports,
    onError: (error: unknown) => void,
  ): Promise<ReportFeed> {
    const { kind, transport, timers } = source;
    const open = kind === 'live' ? openLive : DurableReports.open;
    return new ReportFeed(await open({ transport, timers, market, account, onReports, onError }));
  }

  /** Batches that are missing for good; of a durable feed, because the market has lost them. */
  get gaps(): number {
    return this.#feed.gaps;
  }

  /** Asks whether anything was missed, where that can be asked. */
  lookAgain(): void {
    this.#feed.lookAgain();
  }

  close(): void {
    this.#feed.close();
  }
}

export interface ReportFeedParts {
  readonly transport: Transport;
  readonly timers?: Timers | undefined;
  readonly market: string;
  readonly account: number;
  readonly onReports: OnReports;
  readonly onError: (error: unknown) => void;
}

async function openLive(parts: ReportFeedParts): Promise<Feed> {
  const { transport, market, account, onReports, onError } = parts;
  const order = new ReportOrder(onReports);
  let refusal: ClientError | undefined;
  const subscription: Subscription = transport.subscribe(
    reportFilter(account, market),
    ({ payload }) => {
      try {
        order.take(payload);
      } catch (error) {
        subscription.unsubscribe();
        onError(error);
      }
    },
    (error) => {
      refusal = new ClientError('REFUSED', error.message);
      onError(refusal);
    },
  );
  try {
    await transport.flush();
    if (refusal !== undefined) throw refusal;
  } catch (error) {
    subscription.unsubscribe();
    throw error;
  }
  return {
    get gaps() {
      return order.gaps;
    },
    lookAgain: () => undefined,
    close: () => subscription.unsubscribe(),
  };
}
