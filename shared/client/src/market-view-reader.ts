/**
 * Books and statistics of the markets of a host, read out of the memory that their threads write:
 * no message, no wait, nothing that a market would notice.
 */
import {
  BALANCE_VIEW_WORDS,
  BalanceWord,
  balanceSlot,
  MARKET_BALANCES,
  MARKET_NAME_WORDS,
  MARKET_NAMES,
  MARKET_VIEW_WORDS,
  MARKET_VIEWS,
  MarketViewWord,
  VIEW_LEVEL_WORDS,
  VIEW_LEVELS,
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
  /** That its commands, `sequence` of them, have made; and how many of these had no effect. */
  readonly events: bigint;
  readonly rejected: bigint;
}

/** What an account had after the market's command `sequence`: lots and quote units. */
export interface BalanceView {
  readonly sequence: bigint;
  readonly baseAvailable: bigint;
  readonly baseHeld: bigint;
  readonly quoteAvailable: bigint;
  readonly quoteHeld: bigint;
}

export class MarketViewReader {
  readonly #metrics: MetricsReader;
  readonly #words = new Int32Array(MARKET_VIEW_WORDS);
  readonly #numbers = new BigUint64Array(this.#words.buffer);
  readonly #nameWords = new Int32Array(MARKET_NAME_WORDS);
  readonly #blocks: number;
  readonly #balanceWords = new Int32Array(BALANCE_VIEW_WORDS);
  readonly #balances = new BigUint64Array(this.#balanceWords.buffer);
  readonly #balanceSlots: number;
  readonly #hosts: number;
  readonly #balanceBits: number;

  /** @throws MetricsError if the memory shows no markets, or in another layout */
  constructor(metrics: MetricsReader) {
    const blocks = (name: string, words: number) => {
      const found = metrics.blocks(name);
      if (found.words === words) return found.count;
      const detail = `${name} has blocks of ${found.words} words, not ${words}`;
      throw new MetricsError('OTHER_FORMAT', detail);
    };
    this.#metrics = metrics;
    this.#blocks = Math.min(
      blocks(MARKET_VIEWS, MARKET_VIEW_WORDS),
      blocks(MARKET_NAMES, MARKET_NAME_WORDS),
    );
    this.#hosts = metrics.copies(MARKET_BALANCES);
    this.#balanceSlots = blocks(MARKET_BALANCES, BALANCE_VIEW_WORDS);
    this.#balanceBits = Math.log2(this.#balanceSlots);
    if (!Number.isInteger(this.#balanceBits)) {
      throw new MetricsError('OTHER_FORMAT', `${this.#balanceSlots} accounts: no power of two`);
    }
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
      events: number(MarketViewWord.EVENTS),
      rejected: number(MarketViewWord.REJECTED),
    };
  }

  /**
   * What an account has in a market. Two accounts are read one after the other, and may be of
   * different groups.
   * @returns undefined if the account is not shown, as it never had anything or as too many came
   *   before it where its market is, or if the writer was faster at every try
   */
  balance(market: number, account: number): BalanceView | undefined {
    if (market > this.#blocks || this.read(market) === undefined) return undefined;
    const { HOST, IS_HIDING } = MarketViewWord;
    const isHiding = this.#words[IS_HIDING] !== 0;
    let latest: BalanceView | undefined;
    // Each host shows what the account had when the market was there, and the market's tells of
    // every change, unless it had no place for one.
    for (let host = 0; host < this.#hosts; host += 1) {
      if (isHiding && host !== this.#words[HOST]) continue;
      const found = this.#balanceOn(host, market, account);
      if (found === 'none') continue;
      if (found === 'not read') return undefined;
      if (latest === undefined || found.sequence >= latest.sequence) latest = found;
    }
    return latest;
  }

  #balanceOn(host: number, market: number, account: number): BalanceView | 'none' | 'not read' {
    const slots = this.#balanceSlots;
    const words = this.#balanceWords;
    const first = balanceSlot(market, account, this.#balanceBits);
    for (let step = 0; step < slots; step += 1) {
      const slot = (first + step) & (slots - 1);
      if (!this.#metrics.readBlock(MARKET_BALANCES, slot, words, host)) return 'not read';
      if (words[BalanceWord.MARKET] === 0) return 'none';
      const isIt = words[BalanceWord.MARKET] === market && words[BalanceWord.ACCOUNT] === account;
      if (isIt) return this.#balance();
    }
    return 'none';
  }

  #balance(): BalanceView {
    const number = (word: number) => this.#balances[word / 2] ?? 0n;
    return {
      sequence: number(BalanceWord.SEQUENCE),
      baseAvailable: number(BalanceWord.BASE_AVAILABLE),
      baseHeld: number(BalanceWord.BASE_HELD),
      quoteAvailable: number(BalanceWord.QUOTE_AVAILABLE),
      quoteHeld: number(BalanceWord.QUOTE_HELD),
    };
  }

  #levels(first: number, count: number): ViewLevel[] {
    // Whatever the memory says: it may be anybody's.
    const length = Math.max(0, Math.min(count, VIEW_LEVELS));
    return Array.from({ length }, (_, index) => {
      const [price = 0n, quantity = 0n, orders = 0n] = this.#numbers.subarray(
        (first + index * VIEW_LEVEL_WORDS) / 2,
      );
      return { price, quantity, orders: Number(orders) };
    });
  }
}
