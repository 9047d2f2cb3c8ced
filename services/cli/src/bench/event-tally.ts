/** Counts the events of a run and sums its trades up: the consumer that every run is timed with. */
import { EventKind, EventOffset, RECORD_BYTES, TradeOffset } from '@foldbook/protocol';

const WORD_SHIFT = 2;
const RECORD_WORDS = RECORD_BYTES >> WORD_SHIFT;
const KIND_MASK = 0xff;
const SEQUENCE = EventOffset.SEQUENCE >> WORD_SHIFT;
const QUANTITY = EventOffset.QUANTITY >> WORD_SHIFT;
const PRICE = TradeOffset.PRICE >> WORD_SHIFT;
const MAKER = TradeOffset.MAKER_CLIENT_ORDER_ID >> WORD_SHIFT;

/** Ids, prices and quantities of workloads fit 32 bits: only the low words are read. */
export class EventTally {
  events = 0;
  trades = 0;
  rejects = 0;
  /** Lots of all trades. */
  tradedQuantity = 0;
  /** Over all events, whatever they mean by it: it makes sure that each is looked at. */
  quantityOfAll = 0;
  /** See workload.ts. */
  tradeChecksum = 0;
  readonly #orderIds: Uint32Array;
  readonly #firstSequence: number;
  #block: Uint8Array | undefined;
  #words: Uint32Array = new Uint32Array(0);

  /**
   * @param orderIds - the order that each command names
   * @param firstSequence - of the first of these commands
   */
  constructor(orderIds: Uint32Array, firstSequence: number) {
    this.#orderIds = orderIds;
    this.#firstSequence = firstSequence;
  }

  /** An event sink. */
  readonly add = (block: Uint8Array, count: number): void => {
    if (block !== this.#block) this.#use(block);
    const words = this.#words;
    let quantityOfAll = this.quantityOfAll;
    for (let at = 0; at < count * RECORD_WORDS; at += RECORD_WORDS) {
      const kind = (words[at] ?? 0) & KIND_MASK;
      quantityOfAll += words[at + QUANTITY] ?? 0;
      if (kind === EventKind.TRADE) this.#addTrade(words, at);
      else if (kind === EventKind.REJECTED) this.rejects += 1;
    }
    this.quantityOfAll = quantityOfAll;
    this.events += count;
  };

  #addTrade(words: Uint32Array, at: number): void {
    const quantity = words[at + QUANTITY] ?? 0;
    const maker = words[at + MAKER] ?? 0;
    const price = words[at + PRICE] ?? 0;
    const taker = this.#orderIds[(words[at + SEQUENCE] ?? 0) - this.#firstSequence] ?? 0;
    this.trades += 1;
    this.tradedQuantity += quantity;
    this.tradeChecksum =
      (this.tradeChecksum + maker * 3 + taker * 5 + price * 7 + quantity * 11) >>> 0;
  }

  #use(block: Uint8Array): void {
    this.#block = block;
    const words = block.byteLength >> WORD_SHIFT;
    this.#words = new Uint32Array(block.buffer, block.byteOffset, words);
  }
}
