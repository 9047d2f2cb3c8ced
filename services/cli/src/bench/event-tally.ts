/** Counts the events of a run and sums its trades up: the consumer that every run is timed with. */
import { EventKind, EventOffset, RECORD_BYTES, TradeOffset } from '@foldbook/protocol';

const WORD_SHIFT = 2;
const RECORD_WORDS = RECORD_BYTES >> WORD_SHIFT;
const KIND_MASK = 0xff;
const SEQUENCE = EventOffset.SEQUENCE >> WORD_SHIFT;
const QUANTITY = EventOffset.QUANTITY >> WORD_SHIFT;
const PRICE = TradeOffset.PRICE >> WORD_SHIFT;
const MAKER = TradeOffset.MAKER_CLIENT_ORDER_ID >> WORD_SHIFT;

/**
 * Ids, prices and quantities of workloads fit 32 bits: only the low words are read. One tally
 * serves all runs of a process, so that its code is compiled by the time that counts.
 */
export class EventTally {
  events = 0;
  trades = 0;
  rejects = 0;
  /** Lots of all trades. */
  tradedQuantity = 0;
  /** Over all events, modulo 2^32, whatever they mean by it: so each is looked at. */
  quantityOfAll = 0;
  /** See workload.ts. */
  tradeChecksum = 0;
  readonly #orderIds: Int32Array;
  #firstSequence = 0;
  #block: Uint8Array | undefined;
  #words: Int32Array = new Int32Array(0);

  /** @param orderIds - the order that each command of a run names */
  constructor(orderIds: Int32Array) {
    this.#orderIds = orderIds;
  }

  /** @param firstSequence - of the run's first command with an order */
  reset(firstSequence: number): void {
    this.#firstSequence = firstSequence;
    this.#block = undefined;
    this.events = 0;
    this.trades = 0;
    this.rejects = 0;
    this.tradedQuantity = 0;
    this.quantityOfAll = 0;
    this.tradeChecksum = 0;
  }

  /** An event sink. Sums stay in 32-bit variables, as it is timed with the engine. */
  readonly add = (block: Uint8Array, count: number): void => {
    if (block !== this.#block) this.#use(block);
    const words = this.#words;
    const orderIds = this.#orderIds;
    const firstSequence = this.#firstSequence;
    let quantityOfAll = 0;
    let trades = 0;
    let tradedQuantity = 0;
    let tradeChecksum = 0;
    for (let at = 0; at < count * RECORD_WORDS; at += RECORD_WORDS) {
      const kind = (words[at] ?? 0) & KIND_MASK;
      const quantity = words[at + QUANTITY] ?? 0;
      quantityOfAll = (quantityOfAll + quantity) | 0;
      if (kind === EventKind.TRADE) {
        const maker = words[at + MAKER] ?? 0;
        const taker = orderIds[(words[at + SEQUENCE] ?? 0) - firstSequence] ?? 0;
        const price = words[at + PRICE] ?? 0;
        trades += 1;
        tradedQuantity += quantity;
        const term = Math.imul(maker, 3) + Math.imul(taker, 5) + price * 7 + quantity * 11;
        tradeChecksum = (tradeChecksum + term) | 0;
      } else if (kind === EventKind.REJECTED) {
        this.rejects += 1;
      }
    }
    this.quantityOfAll = (this.quantityOfAll + quantityOfAll) | 0;
    this.trades += trades;
    this.tradedQuantity += tradedQuantity;
    this.tradeChecksum = (this.tradeChecksum + tradeChecksum) >>> 0;
    this.events += count;
  };

  #use(block: Uint8Array): void {
    this.#block = block;
    const words = block.byteLength >> WORD_SHIFT;
    this.#words = new Int32Array(block.buffer, block.byteOffset, words);
  }
}
