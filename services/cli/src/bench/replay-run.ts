/**
 * Runs of a market-by-order workload through a replay book. Its records become events a block at a
 * time, where a decoder would have left them, while the clock stands still: what a decoder takes is
 * not measured, nor what events cost that come from memory instead of a cache.
 */
import { hrtime } from 'node:process';
import { EVENT_BYTES, EventSide, type HistoryKernel, ReplayBook } from '@foldbook/history';
import { NO_ASK, NO_BID, type Workload, type WorkloadOutcome } from './workload.ts';
import { layEvents } from './workload-events.ts';

/** As many as a decoder hands over at a time. */
const BLOCK_EVENTS = 4_096;
const SIDES = [EventSide.BUY, EventSide.SELL] as const;

/** Where a run must end: the trades are the file's own, and nothing is rejected. */
export type ReplayOutcome = Pick<
  WorkloadOutcome,
  'openOrders' | 'bestBid' | 'bestAsk' | 'l2Checksum'
>;

export interface ReplayRun {
  readonly nsPerEvent: number;
  /** What is not as the workload's header says; empty if the run is right. */
  readonly mismatches: readonly string[];
}

export class ReplayRunner {
  readonly #workload: Workload;
  readonly #book: ReplayBook;
  readonly #events: { readonly address: number; readonly view: DataView };

  constructor(kernel: HistoryKernel, workload: Workload) {
    this.#workload = workload;
    this.#book = new ReplayBook({ kernel });
    const { address } = kernel.reserve(BLOCK_EVENTS * EVENT_BYTES);
    const view = new DataView(kernel.memory.buffer, address, BLOCK_EVENTS * EVENT_BYTES);
    this.#events = { address, view };
  }

  /** On an empty book, whose memory is that of the run before. */
  run(): ReplayRun {
    const { prefill, commands, expected } = this.#workload;
    this.#book.reset();
    this.#play(0, prefill);
    const tookNs = this.#play(prefill, prefill + commands);
    const found = this.#outcome();
    const fields = Object.keys(found) as (keyof ReplayOutcome)[];
    const mismatches = fields
      .filter((field) => expected[field] !== found[field])
      .map((field) => `${field} is ${found[field]}, the workload says ${expected[field]}`);
    return { nsPerEvent: tookNs / commands, mismatches };
  }

  /** Nanoseconds for the records between two. */
  #play(first: number, last: number): number {
    let tookNs = 0n;
    for (let from = first; from < last; from += BLOCK_EVENTS) {
      const count = Math.min(BLOCK_EVENTS, last - from);
      layEvents(this.#events.view, this.#workload, from, count);
      const block = { address: this.#events.address, count };
      const startNs = hrtime.bigint();
      this.#book.apply(block);
      tookNs += hrtime.bigint() - startNs;
    }
    return Number(tookNs);
  }

  #outcome(): ReplayOutcome {
    const book = this.#book;
    let l2Checksum = 0;
    for (let instrument = 0; instrument < this.#workload.books; instrument += 1) {
      for (const side of SIDES) {
        for (const { price, quantity } of book.levels(instrument, side)) {
          const term = Number(price) * 31 + Number(quantity) * 17 + instrument * 7 + side;
          l2Checksum = (l2Checksum + term) >>> 0;
        }
      }
    }
    return {
      openOrders: book.counts.orders,
      bestBid: Number(book.best(0, EventSide.BUY)?.price ?? NO_BID),
      bestAsk: Number(book.best(0, EventSide.SELL)?.price ?? NO_ASK),
      l2Checksum,
    };
  }
}
