/**
 * Runs of a market-by-order workload through a replay book. All its records become events before
 * any clock starts, in the kernel's memory, and are applied in blocks as decoders hand them over.
 */
import { hrtime } from 'node:process';
import { EVENT_BYTES, EventSide, type HistoryKernel, ReplayBook } from '@foldbook/history';
import { settledCpuUs } from './thread-cpu.ts';
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
  /** The thread's own time: not what it waits while others have its core. */
  readonly cpuNsPerEvent: number;
  /** What is not as the workload's header says; empty if the run is right. */
  readonly mismatches: readonly string[];
}

export class ReplayRunner {
  readonly #workload: Workload;
  readonly #book: ReplayBook;
  /** Address of the first event. */
  readonly #events: number;

  constructor(kernel: HistoryKernel, workload: Workload) {
    this.#workload = workload;
    this.#book = new ReplayBook({ kernel });
    const count = workload.prefill + workload.commands;
    const { address } = kernel.reserve(count * EVENT_BYTES);
    const view = new DataView(kernel.memory.buffer, address, count * EVENT_BYTES);
    layEvents(view, workload.records);
    this.#events = address;
  }

  /** On an empty book, whose memory is that of the run before. */
  run(): ReplayRun {
    const { prefill, commands, expected } = this.#workload;
    this.#book.reset();
    this.#play(0, prefill);
    const cpuBeforeUs = settledCpuUs();
    const startNs = hrtime.bigint();
    this.#play(prefill, prefill + commands);
    const tookNs = Number(hrtime.bigint() - startNs);
    const cpuNs = (settledCpuUs() - cpuBeforeUs) * 1_000;
    const found = this.#outcome();
    const fields = Object.keys(found) as (keyof ReplayOutcome)[];
    const mismatches = fields
      .filter((field) => expected[field] !== found[field])
      .map((field) => `${field} is ${found[field]}, the workload says ${expected[field]}`);
    const cpuNsPerEvent = cpuNs / commands;
    return { nsPerEvent: tookNs / commands, cpuNsPerEvent, mismatches };
  }

  #play(first: number, last: number): void {
    for (let from = first; from < last; from += BLOCK_EVENTS) {
      const count = Math.min(BLOCK_EVENTS, last - from);
      this.#book.apply({ address: this.#events + from * EVENT_BYTES, count });
    }
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
