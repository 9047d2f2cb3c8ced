/**
 * Writes workload files without a C++ compiler: whole numbers only, so that the same parameters
 * give the same bytes everywhere, and the bytes of the published workloads.
 */
import { viewOf } from '@foldbook/protocol';
import { GeneratorBook } from './generator-book.ts';
import {
  PRICE_LIMIT,
  RecordOffset,
  RecordType,
  WORKLOAD_HEADER_BYTES,
  WORKLOAD_RECORD_BYTES,
  writeWorkloadHeader,
} from './workload.ts';
import { WorkloadRandom } from './workload-random.ts';

export interface WorkloadParameters {
  /** Passive orders before the clock starts. */
  readonly prefill: number;
  readonly commands: number;
  /** Live orders around which the book is held; 0 for a fixed share of new orders instead. */
  readonly targetOrders: number;
  /** New orders among 1,000 commands, where there is no target. */
  readonly newPerMille: number;
  /** Marketable ones among 1,000 new orders. */
  readonly marketablePerMille: number;
  /** Lots of the largest marketable order. */
  readonly marketableQuantity: number;
  readonly seed: number;
}

const SEED = 20_261_121;

export const WORKLOADS = {
  w1: {
    prefill: 10_000,
    commands: 2_000_000,
    targetOrders: 10_000,
    newPerMille: 0,
    marketablePerMille: 250,
    marketableQuantity: 60,
    seed: SEED,
  },
  'w1-lit': {
    prefill: 300_000,
    commands: 2_000_000,
    targetOrders: 0,
    newPerMille: 500,
    marketablePerMille: 250,
    marketableQuantity: 10,
    seed: SEED,
  },
} as const satisfies Record<string, WorkloadParameters>;

export type WorkloadName = keyof typeof WORKLOADS;

const MID = PRICE_LIMIT / 2;
const MAX_DRIFT = 8_000;
const MODIFY_PER_MILLE = 50;
/** Percent of new orders among what is not a modify: below the target, and at or above it. */
const NEW_BELOW_TARGET = 75;
const NEW_ABOVE_TARGET = 45;
const MAX_PASSIVE_QUANTITY = 100;
/** A passive price is one tick further away with this chance in 1,024, up to so many ticks. */
const FURTHER_AWAY = 973;
const MAX_AWAY = 100;
/** Ticks that a marketable order reaches into the book at most. */
const REACH = 3;

/** A workload file, byte for byte. */
export function generateWorkload(parameters: WorkloadParameters): Uint8Array {
  return new Generator(parameters).run();
}

class Generator {
  readonly #parameters: WorkloadParameters;
  readonly #random: WorkloadRandom;
  readonly #book: GeneratorBook;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #written = 0;
  #lastId = 0;
  #mid = MID;

  constructor(parameters: WorkloadParameters) {
    this.#parameters = parameters;
    const records = parameters.prefill + parameters.commands;
    this.#random = new WorkloadRandom(parameters.seed);
    this.#book = new GeneratorBook(records);
    this.#bytes = new Uint8Array(WORKLOAD_HEADER_BYTES + records * WORKLOAD_RECORD_BYTES);
    this.#view = viewOf(this.#bytes);
  }

  run(): Uint8Array {
    const { prefill, commands } = this.#parameters;
    while (this.#written < prefill) this.#newOrder(true);
    while (this.#written < prefill + commands) this.#step();
    const book = this.#book;
    const expected = {
      trades: book.trades,
      quantity: book.tradedQuantity,
      tradeChecksum: book.tradeChecksum,
      l2Checksum: book.l2Checksum(),
      openOrders: book.openOrders,
      bestBid: book.bestBid,
      bestAsk: book.bestAsk,
      rejects: 0,
    };
    writeWorkloadHeader(this.#bytes, { prefill, commands, maxId: this.#lastId, expected });
    return this.#bytes;
  }

  #step(): void {
    const drift = this.#random.below(100);
    if (drift === 0 && this.#mid < MID + MAX_DRIFT) this.#mid += 1;
    if (drift === 1 && this.#mid > MID - MAX_DRIFT) this.#mid -= 1;
    const type = this.#drawType();
    if (type === RecordType.NEW || this.#book.openOrders === 0) this.#newOrder(false);
    else if (type === RecordType.CANCEL) this.#cancel();
    else this.#modify();
  }

  #drawType(): number {
    const { targetOrders, newPerMille } = this.#parameters;
    const draw = this.#random.below(1_000);
    if (draw < MODIFY_PER_MILLE) return RecordType.MODIFY;
    const isNew =
      targetOrders === 0
        ? draw < MODIFY_PER_MILLE + newPerMille
        : this.#random.below(100) <
          (this.#book.openOrders < targetOrders ? NEW_BELOW_TARGET : NEW_ABOVE_TARGET);
    return isNew ? RecordType.NEW : RecordType.CANCEL;
  }

  #newOrder(mustRest: boolean): void {
    const book = this.#book;
    const side = this.#random.next() & 1;
    this.#lastId += 1;
    const id = this.#lastId;
    book.side[id] = side;
    if (!mustRest && this.#isMarketable(side)) {
      const reach = this.#random.below(REACH);
      book.price[id] =
        side === 0
          ? Math.min(book.bestAsk + reach, PRICE_LIMIT - 2)
          : Math.max(book.bestBid - reach, 1);
      book.quantity[id] = 1 + this.#random.below(this.#parameters.marketableQuantity);
    } else {
      this.#passiveTerms(id);
    }
    this.#write(RecordType.NEW, id);
    book.place(id);
  }

  #isMarketable(side: number): boolean {
    const isWanted = this.#random.below(1_000) < this.#parameters.marketablePerMille;
    const { bestAsk, bestBid } = this.#book;
    return isWanted && (side === 0 ? bestAsk < PRICE_LIMIT : bestBid >= 0);
  }

  #cancel(): void {
    const id = this.#drawLive();
    this.#write(RecordType.CANCEL, id);
    this.#book.remove(id);
  }

  #modify(): void {
    const id = this.#drawLive();
    this.#book.move(id, () => this.#passiveTerms(id));
    this.#write(RecordType.MODIFY, id);
  }

  #drawLive(): number {
    return this.#book.liveOrder(this.#random.below(this.#book.openOrders));
  }

  /** A price on the order's own side of the spread, near the middle more often than far from it. */
  #passiveTerms(id: number): void {
    const book = this.#book;
    let away = 0;
    while (away < MAX_AWAY && (this.#random.next() & 1_023) < FURTHER_AWAY) away += 1;
    book.price[id] =
      book.side[id] === 0
        ? Math.max(Math.min(this.#mid - away, book.bestAsk - 1), 1)
        : Math.min(Math.max(this.#mid + 1 + away, book.bestBid + 1), PRICE_LIMIT - 2);
    book.quantity[id] = 1 + this.#random.below(MAX_PASSIVE_QUANTITY);
  }

  #write(type: number, id: number): void {
    const at = WORKLOAD_HEADER_BYTES + this.#written * WORKLOAD_RECORD_BYTES;
    this.#written += 1;
    this.#view.setUint8(at + RecordOffset.TYPE, type);
    this.#view.setUint8(at + RecordOffset.SIDE, this.#book.side[id] ?? 0);
    this.#view.setUint32(at + RecordOffset.ID, id, true);
    this.#view.setInt32(at + RecordOffset.PRICE, this.#book.price[id] ?? 0, true);
    this.#view.setUint32(at + RecordOffset.QUANTITY, this.#book.quantity[id] ?? 0, true);
  }
}
