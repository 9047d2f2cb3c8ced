/** Writes a market's book and statistics where threads and processes read them. */
import assert from 'node:assert/strict';
import { DEPTH_WORDS, type Engine } from '@foldbook/engine';
import {
  MARKET_VIEW_WORDS,
  MarketViewWord,
  Side,
  TradeOffset,
  VIEW_LEVEL_WORDS,
  VIEW_LEVELS,
} from '@foldbook/protocol';
import type { LockedWriter } from '@foldbook/runtime';

const PRICE = TradeOffset.PRICE >> 2;
const QUANTITY = TradeOffset.QUANTITY >> 2;
const WORD = 2 ** 32;

export class MarketViewWriter {
  readonly #block: LockedWriter;
  readonly #words = new Int32Array(MARKET_VIEW_WORDS);
  readonly #numbers = new BigInt64Array(this.#words.buffer);
  #high = 0;
  #low = Number.POSITIVE_INFINITY;

  /** @param host - number of the host whose thread writes it */
  constructor(block: LockedWriter, market: number, host: number) {
    this.#block = block;
    // Another host may have shown it before.
    block.read(this.#words);
    this.#words[MarketViewWord.MARKET] = market;
    this.#words[MarketViewWord.HOST] = host;
    this.#high = this.#price(MarketViewWord.HIGH_PRICE);
    this.#low = this.#price(MarketViewWord.LOW_PRICE) || Number.POSITIVE_INFINITY;
  }

  /** So many events, some of which say that a command was rejected. */
  count(events: number, rejected: number): void {
    this.#add(MarketViewWord.EVENTS, events, 0);
    if (rejected > 0) this.#add(MarketViewWord.REJECTED, rejected, 0);
  }

  /** A TRADE event that begins at word `at` of `events`. */
  trade(events: Int32Array, at: number): void {
    const low = events[at + PRICE] ?? 0;
    const high = events[at + PRICE + 1] ?? 0;
    this.#setWords(MarketViewWord.LAST_PRICE, low, high);
    const price = this.#price(MarketViewWord.LAST_PRICE);
    if (price > this.#high) {
      this.#high = price;
      this.#setWords(MarketViewWord.HIGH_PRICE, low, high);
    }
    if (price < this.#low) {
      this.#low = price;
      this.#setWords(MarketViewWord.LOW_PRICE, low, high);
    }
    this.#add(MarketViewWord.TRADES, 1, 0);
    this.#add(MarketViewWord.VOLUME, events[at + QUANTITY] ?? 0, events[at + QUANTITY + 1] ?? 0);
  }

  /** What an account has is not shown here: what other hosts show of it may be old. */
  hide(): void {
    this.#words[MarketViewWord.IS_HIDING] = 1;
  }

  /** Shows the market as it is now, after a group. */
  write(engine: Engine, logSequence: number, timeNs: bigint): void {
    const words = this.#words;
    this.#numbers[MarketViewWord.SEQUENCE / 2] = engine.sequence;
    this.#numbers[MarketViewWord.TIME_NS / 2] = timeNs;
    this.#setWords(MarketViewWord.LOG_SEQUENCE, logSequence % WORD, Math.floor(logSequence / WORD));
    words[MarketViewWord.OPEN_ORDERS] = engine.openOrders();
    const { BIDS, ASKS } = MarketViewWord;
    words[MarketViewWord.BID_LEVELS] = engine.writeDepth(Side.BUY, VIEW_LEVELS, words, BIDS);
    words[MarketViewWord.ASK_LEVELS] = engine.writeDepth(Side.SELL, VIEW_LEVELS, words, ASKS);
    this.#block.write(words);
  }

  /** Beyond 2^53 the order of two prices a tick apart may be lost; the words are exact. */
  #price(at: number): number {
    return ((this.#words[at + 1] ?? 0) >>> 0) * WORD + ((this.#words[at] ?? 0) >>> 0);
  }

  #setWords(at: number, low: number, high: number): void {
    this.#words[at] = low;
    this.#words[at + 1] = high;
  }

  #add(at: number, low: number, high: number): void {
    const words = this.#words;
    const sum = ((words[at] ?? 0) >>> 0) + (low >>> 0);
    words[at] = sum;
    words[at + 1] = (words[at + 1] ?? 0) + high + (sum >= WORD ? 1 : 0);
  }
}

assert(DEPTH_WORDS === VIEW_LEVEL_WORDS, 'an engine writes levels as a view has them');
