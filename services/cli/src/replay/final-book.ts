/** What books show at the end of a run. */
import {
  type BookSide,
  EventSide,
  type InstrumentShare,
  isInShare,
  type ReplayBook,
  type Scale,
} from '@foldbook/history';
import { grouped, plural, table } from '../output.ts';
import { decimal, priceText } from './decimal.ts';

/** Decimals as text, exactly as the feed has them. */
export interface ShownLevel {
  readonly price: string;
  readonly quantity: string;
  /** Known ones; the volume of others is in the quantity. */
  readonly orders: number;
}

export interface ShownBook {
  readonly bidLevels: number;
  readonly askLevels: number;
  readonly bestBid: string | undefined;
  readonly bestAsk: string | undefined;
  readonly orders: number;
  /** Best first. */
  readonly bids: readonly ShownLevel[];
  readonly asks: readonly ShownLevel[];
}

/** Those with most orders first. */
export type FinalBook = readonly (readonly [instrument: string, book: ShownBook])[];

export interface FinalBookOptions {
  readonly book: ReplayBook;
  /** By number. */
  readonly instruments: readonly string[];
  readonly scale: Scale;
  /** Best levels of each side that are told. */
  readonly levels: number;
  /** The only one that is told. */
  readonly instrument?: string | undefined;
  /** The only ones whose books there are. */
  readonly share?: InstrumentShare | undefined;
}

/** Shown to people; all are in the JSON. */
const MOST_INSTRUMENTS = 5;

export function finalBook(options: FinalBookOptions): FinalBook {
  const shown = options.instruments.flatMap((name, number) => {
    if (options.instrument !== undefined && options.instrument !== name) return [];
    if (options.share !== undefined && !isInShare(number, options.share)) return [];
    return [[name, bookOf(options, number)] as const];
  });
  return shown.sort(([, one], [, other]) => other.orders - one.orders);
}

/** By name, as JSON has them. */
export function finalBookObject(books: FinalBook): Record<string, ShownBook> {
  const object: Record<string, ShownBook> = {};
  for (const [name, book] of books) object[freeName(object, name)] = book;
  return object;
}

/** Two instruments of one name stay two. */
function freeName(books: Readonly<Record<string, ShownBook>>, name: string): string {
  let free = name;
  for (let count = 2; Object.hasOwn(books, free); count += 1) free = `${name}#${count}`;
  return free;
}

function bookOf(options: FinalBookOptions, instrument: number): ShownBook {
  const bids = sideOf(options, instrument, EventSide.BUY);
  const asks = sideOf(options, instrument, EventSide.SELL);
  return {
    bidLevels: bids.levels,
    askLevels: asks.levels,
    bestBid: bids.best,
    bestAsk: asks.best,
    orders: bids.orders + asks.orders,
    bids: bids.shown,
    asks: asks.shown,
  };
}

function sideOf({ book, scale, levels }: FinalBookOptions, instrument: number, side: BookSide) {
  const all = book.levels(instrument, side);
  const shown = all.slice(0, levels).map(({ price, quantity, orders }) => ({
    price: priceText(price, scale.priceExponent),
    quantity: decimal(quantity, scale.quantityExponent),
    orders,
  }));
  const [first] = all;
  return {
    levels: all.length,
    best: first === undefined ? undefined : priceText(first.price, scale.priceExponent),
    orders: all.reduce((sum, level) => sum + level.orders, 0),
    shown,
  };
}

/** The first few instruments, with the levels that there are of each. */
export function finalBookWords(books: FinalBook): string[] {
  const all = books.filter(([, book]) => book.bidLevels + book.askLevels > 0);
  const lines = all.slice(0, MOST_INSTRUMENTS).flatMap(([name, book]) => bookWords(name, book));
  const rest = all.length - MOST_INSTRUMENTS;
  if (all.length === 0 && books.length > 0) lines.push('no orders in any book');
  if (rest > 0) lines.push(`and ${plural(rest, 'instrument')} with fewer orders`);
  return lines;
}

function bookWords(name: string, book: ShownBook): string[] {
  const { bids, asks } = book;
  const best = `${book.bestBid ?? '-'} / ${book.bestAsk ?? '-'}`;
  const counts =
    `${plural(book.bidLevels, 'bid level')}, ${plural(book.askLevels, 'ask level')}, ` +
    `${grouped(book.orders)} orders`;
  const head = `${name === '' ? '(no name)' : name}: ${best}; ${counts}`;
  const depth = Math.max(bids.length, asks.length);
  if (depth === 0) return [head];
  const cells = Array.from({ length: depth }, (_, index) => {
    const [bid, ask] = [bids[index], asks[index]];
    return [
      ...[bid?.orders, bid?.quantity, bid?.price].map((cell) => `${cell ?? ''}`),
      ...[ask?.price, ask?.quantity, ask?.orders].map((cell) => `${cell ?? ''}`),
    ];
  });
  const rows = [['orders', 'quantity', 'bid', 'ask', 'quantity', 'orders'], ...cells];
  return [
    head,
    ...table(rows)
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}
