/**
 * Writes workload files without a C++ compiler: whole numbers only, so that the same parameters
 * give the same bytes everywhere, and the bytes of the published workloads.
 */
import assert from 'node:assert/strict';
import { viewOf } from '@foldbook/protocol';
import { GeneratorBook, GeneratorOrders } from './generator-book.ts';
import {
  NO_ASK,
  NO_BID,
  PRICE_LIMIT,
  RecordOffset,
  RecordType,
  WORKLOAD_HEADER_BYTES,
  WORKLOAD_RECORD_BYTES,
  type WorkloadKind,
  writeWorkloadHeader,
} from './workload.ts';
import { WorkloadRandom } from './workload-random.ts';

export interface WorkloadParameters {
  /** Commands to be matched, or what a feed says of them that were. */
  readonly kind: WorkloadKind;
  readonly books: number;
  /** Passive orders before the clock starts. */
  readonly prefill: number;
  /** At least; the trades of the last order are not cut off. */
  readonly commands: number;
  /** Live orders around which the books are held; 0 for a fixed share of new orders instead. */
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

const W2 = {
  kind: 'mbo',
  prefill: 0,
  commands: 5_000_000,
  newPerMille: 0,
  marketablePerMille: 250,
  marketableQuantity: 60,
  seed: SEED,
} as const;

export const WORKLOADS = {
  w1: {
    kind: 'match',
    books: 1,
    prefill: 10_000,
    commands: 2_000_000,
    targetOrders: 10_000,
    newPerMille: 0,
    marketablePerMille: 250,
    marketableQuantity: 60,
    seed: SEED,
  },
  'w1-lit': {
    kind: 'match',
    books: 1,
    prefill: 300_000,
    commands: 2_000_000,
    targetOrders: 0,
    newPerMille: 500,
    marketablePerMille: 250,
    marketableQuantity: 10,
    seed: SEED,
  },
  'w2-1': { ...W2, books: 1, targetOrders: 10_000 },
  'w2-100': { ...W2, books: 100, targetOrders: 200_000 },
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
/** Of how much of the flow a book gets, Zipf's law in whole numbers: this for the first. */
const FIRST_WEIGHT = 1_000_000;
/** Live orders around which a book is held at least, where there are many. */
const LEAST_TARGET = 50;

/** A workload file, byte for byte. */
export function generateWorkload(parameters: WorkloadParameters): Uint8Array {
  return new Generator(parameters).run();
}

interface DriftingBook {
  readonly book: GeneratorBook;
  readonly number: number;
  readonly target: number;
  mid: number;
}

class Generator {
  readonly #parameters: WorkloadParameters;
  readonly #isMbo: boolean;
  readonly #random: WorkloadRandom;
  readonly #orders: GeneratorOrders;
  readonly #books: readonly DriftingBook[];
  /** Sums of the books' weights up to each. */
  readonly #weights: readonly number[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #written = 0;
  #lastId = 0;

  constructor(parameters: WorkloadParameters) {
    this.#parameters = parameters;
    this.#isMbo = parameters.kind === 'mbo';
    const { books, targetOrders } = parameters;
    // An order leads to a record, or to a trade for each of its lots and one for the rest.
    const slack = this.#isMbo ? parameters.marketableQuantity : 0;
    const records = parameters.prefill + parameters.commands + slack;
    this.#random = new WorkloadRandom(parameters.seed);
    this.#orders = new GeneratorOrders(records);
    this.#bytes = new Uint8Array(WORKLOAD_HEADER_BYTES + records * WORKLOAD_RECORD_BYTES);
    this.#view = viewOf(this.#bytes);
    const weights = Array.from({ length: books }, (_, n) => Math.floor(FIRST_WEIGHT / (n + 1)));
    let sum = 0;
    this.#weights = weights.map((weight) => {
      sum += weight;
      return sum;
    });
    this.#books = weights.map((weight, number) => {
      const share = Math.max(LEAST_TARGET, Math.floor((targetOrders * weight) / sum));
      const target = books === 1 ? targetOrders : share;
      const book = new GeneratorBook(this.#orders, (maker, price, lots) => {
        if (this.#isMbo) this.#writeRecord(RecordType.EXECUTE, number, maker, price, lots);
      });
      return { book, number, target, mid: MID };
    });
  }

  run(): Uint8Array {
    const { prefill, commands, books } = this.#parameters;
    while (this.#written < prefill) this.#newOrder(this.#drawBook(), true);
    while (this.#written < prefill + commands) this.#step(this.#drawBook());
    const all = this.#books.map(({ book }) => book);
    const sum = (of: (book: GeneratorBook) => number) =>
      all.reduce((total, book) => total + of(book), 0);
    const expected = {
      trades: sum((book) => book.trades),
      quantity: sum((book) => book.tradedQuantity),
      tradeChecksum: sum((book) => book.tradeChecksum) >>> 0,
      l2Checksum: all.reduce((total, book, n) => (total + book.l2Checksum(n)) >>> 0, 0),
      openOrders: sum((book) => book.openOrders),
      bestBid: all[0]?.bestBid ?? NO_BID,
      bestAsk: all[0]?.bestAsk ?? NO_ASK,
      rejects: 0,
    };
    const length = this.#written - prefill;
    const header = { prefill, commands: length, books, maxId: this.#lastId, expected };
    writeWorkloadHeader(this.#bytes, header);
    const end = WORKLOAD_HEADER_BYTES + this.#written * WORKLOAD_RECORD_BYTES;
    return this.#bytes.subarray(0, end);
  }

  #drawBook(): DriftingBook {
    const total = this.#weights.at(-1) ?? 0;
    const draw = this.#weights.length === 1 ? 0 : this.#random.below(total);
    const drawn = this.#books[this.#weights.findIndex((sum) => sum > draw)];
    assert(drawn !== undefined, 'weights add up');
    return drawn;
  }

  #step(drawn: DriftingBook): void {
    const drift = this.#random.below(100);
    if (drift === 0 && drawn.mid < MID + MAX_DRIFT) drawn.mid += 1;
    if (drift === 1 && drawn.mid > MID - MAX_DRIFT) drawn.mid -= 1;
    const type = this.#drawType(drawn);
    if (type === RecordType.NEW || drawn.book.openOrders === 0) this.#newOrder(drawn, false);
    else if (type === RecordType.CANCEL) this.#cancel(drawn);
    else this.#modify(drawn);
  }

  #drawType({ book, target }: DriftingBook): number {
    const { newPerMille, targetOrders } = this.#parameters;
    const draw = this.#random.below(1_000);
    if (draw < MODIFY_PER_MILLE) return RecordType.MODIFY;
    const isNew =
      targetOrders === 0
        ? draw < MODIFY_PER_MILLE + newPerMille
        : this.#random.below(100) <
          (book.openOrders < target ? NEW_BELOW_TARGET : NEW_ABOVE_TARGET);
    return isNew ? RecordType.NEW : RecordType.CANCEL;
  }

  #newOrder(drawn: DriftingBook, mustRest: boolean): void {
    const { book } = drawn;
    const { price, quantity, side: sides } = this.#orders;
    const side = this.#random.next() & 1;
    this.#lastId += 1;
    const id = this.#lastId;
    sides[id] = side;
    if (!mustRest && this.#isMarketable(book, side)) {
      const reach = this.#random.below(REACH);
      price[id] =
        side === 0
          ? Math.min(book.bestAsk + reach, PRICE_LIMIT - 2)
          : Math.max(book.bestBid - reach, 1);
      quantity[id] = 1 + this.#random.below(this.#parameters.marketableQuantity);
    } else {
      this.#passiveTerms(drawn, id);
    }
    if (!this.#isMbo) this.#write(RecordType.NEW, drawn, id);
    book.match(id);
    if (quantity[id] === 0) return;
    if (this.#isMbo) this.#write(RecordType.NEW, drawn, id);
    book.rest(id);
  }

  #isMarketable({ bestAsk, bestBid }: GeneratorBook, side: number): boolean {
    const isWanted = this.#random.below(1_000) < this.#parameters.marketablePerMille;
    return isWanted && (side === 0 ? bestAsk < PRICE_LIMIT : bestBid >= 0);
  }

  #cancel(drawn: DriftingBook): void {
    const id = this.#drawLive(drawn);
    this.#write(RecordType.CANCEL, drawn, id);
    drawn.book.remove(id);
  }

  /** A feed's modify is in every other case one that shows less and keeps its place. */
  #modify(drawn: DriftingBook): void {
    const id = this.#drawLive(drawn);
    const { quantity } = this.#orders;
    const open = quantity[id] ?? 0;
    if (this.#isMbo && (this.#random.next() & 1) === 1 && open > 1) {
      quantity[id] = 1 + this.#random.below(open - 1);
    } else {
      drawn.book.move(id, () => this.#passiveTerms(drawn, id));
    }
    this.#write(RecordType.MODIFY, drawn, id);
  }

  #drawLive({ book }: DriftingBook): number {
    return book.liveOrder(this.#random.below(book.openOrders));
  }

  /** A price on the order's own side of the spread, near the middle more often than far from it. */
  #passiveTerms({ book, mid }: DriftingBook, id: number): void {
    const { price, quantity, side } = this.#orders;
    let away = 0;
    while (away < MAX_AWAY && (this.#random.next() & 1_023) < FURTHER_AWAY) away += 1;
    price[id] =
      side[id] === 0
        ? Math.max(Math.min(mid - away, book.bestAsk - 1), 1)
        : Math.min(Math.max(mid + 1 + away, book.bestBid + 1), PRICE_LIMIT - 2);
    quantity[id] = 1 + this.#random.below(MAX_PASSIVE_QUANTITY);
  }

  #write(type: number, { number }: DriftingBook, id: number): void {
    const { price, quantity } = this.#orders;
    this.#writeRecord(type, number, id, price[id] ?? 0, quantity[id] ?? 0);
  }

  #writeRecord(type: number, book: number, id: number, price: number, quantity: number): void {
    const at = WORKLOAD_HEADER_BYTES + this.#written * WORKLOAD_RECORD_BYTES;
    this.#written += 1;
    this.#view.setUint8(at + RecordOffset.TYPE, type);
    this.#view.setUint8(at + RecordOffset.SIDE, this.#orders.side[id] ?? 0);
    this.#view.setUint16(at + RecordOffset.BOOK, book, true);
    this.#view.setUint32(at + RecordOffset.ID, id, true);
    this.#view.setInt32(at + RecordOffset.PRICE, price, true);
    this.#view.setUint32(at + RecordOffset.QUANTITY, quantity, true);
  }
}
