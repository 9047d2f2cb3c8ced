/**
 * Books and statistics of the markets of a host, read out of the memory that their threads write:
 * no message, no wait, nothing that a market would notice.
 */
import {
  MARKET_NAME_WORDS,
  MARKET_NAMES,
  MARKET_VIEW_WORDS,
  MARKET_VIEWS,
  MarketViewWord,
  VIEW_LEVEL_WORDS,
} from '@foldbook/protocol';
import { MetricsError, type MetricsReader } from '@foldbook/runtime';

export interface ViewLevel {
  /** Ticks. */
  readonly price: bigint;
  /** Lots, all orders together. */
  readonly quantity: bigint;
  readonly orders: number;
}

/** A market as one group of commands left it. */
export interface MarketView {
  readonly market: number;
  /** Of the market's last command, and of the log's last group. */
  readonly sequence: bigint;
  readonly logSequence: bigint;
  /** The group's stamp, nanoseconds since 1970. */
  readonly timeNs: bigint;
  readonly openOrders: number;
  /** Best first, at most 10. */
  readonly bids: readonly ViewLevel[];
  readonly asks: readonly ViewLevel[];
  /** Ticks; 0 before the first trade, like the two below. */
  readonly lastPrice: bigint;
  readonly highPrice: bigint;
  readonly lowPrice: bigint;
  readonly trades: bigint;
  /** Lots traded. */
  readonly volume: bigint;
}

export class MarketViewReader {
  readonly #metrics: MetricsReader;
  readonly #words = new Int32Array(MARKET_VIEW_WORDS);
  readonly #numbers = new BigUint64Array(this.#words.buffer);
  readonly #nameWords = new Int32Array(MARKET_NAME_WORDS);
  readonly #blocks: number;

  /** @throws MetricsError if the memory shows no markets, or in another layout */
  constructor(metrics: MetricsReader) {
    const { words, count } = metrics.blocks(MARKET_VIEWS);
    if (words !== MARKET_VIEW_WORDS) {
      throw new MetricsError(
        'OTHER_FORMAT',
        `a market has ${words} words, not ${MARKET_VIEW_WORDS}`,
      );
    }
    this.#metrics = metrics;
    this.#blocks = count;
  }

  /** Numbers of the markets that are shown, by name. */
  markets(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    const bytes = new Uint8Array(this.#nameWords.buffer);
    for (let block = 0; block < this.#blocks; block += 1) {
      if (!this.#metrics.readBlock(MARKET_NAMES, block, this.#nameWords)) continue;
      const [length = 0] = this.#nameWords;
      if (length === 0) continue;
      found.set(new TextDecoder().decode(bytes.subarray(4, 4 + length)), block + 1);
    }
    return found;
  }

  /**
   * @param market a number that `markets` gave
   * @returns undefined before its first group, or if the writer was faster at every try
   */
  read(market: number): MarketView | undefined {
    if (!this.#metrics.readBlock(MARKET_VIEWS, market - 1, this.#words)) return undefined;
    const words = this.#words;
    if (words[MarketViewWord.MARKET] !== market) return undefined;
    const number = (word: number) => this.#numbers[word / 2] ?? 0n;
    return {
      market,
      sequence: number(MarketViewWord.SEQUENCE),
      logSequence: number(MarketViewWord.LOG_SEQUENCE),
      timeNs: number(MarketViewWord.TIME_NS),
      openOrders: words[MarketViewWord.OPEN_ORDERS] ?? 0,
      bids: this.#levels(MarketViewWord.BIDS, words[MarketViewWord.BID_LEVELS] ?? 0),
      asks: this.#levels(MarketViewWord.ASKS, words[MarketViewWord.ASK_LEVELS] ?? 0),
      lastPrice: number(MarketViewWord.LAST_PRICE),
      highPrice: number(MarketViewWord.HIGH_PRICE),
      lowPrice: number(MarketViewWord.LOW_PRICE),
      trades: number(MarketViewWord.TRADES),
      volume: number(MarketViewWord.VOLUME),
    };
  }

  #levels(first: number, count: number): ViewLevel[] {
    return Array.from({ length: count }, (_, index) => {
      const [price = 0n, quantity = 0n, orders = 0n] = this.#numbers.subarray(
        (first + index * VIEW_LEVEL_WORDS) / 2,
      );
      return { price, quantity, orders: Number(orders) };
    });
  }
}
