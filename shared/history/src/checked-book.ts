/** What a check against expected answers asks of a book. */
import type { EventBlock } from './decoder.ts';
import type { BookLevel, BookSide } from './replay-book.ts';

/** Anonymous volume is in its quantity. */
export type CheckedLevel = Pick<BookLevel, 'price' | 'quantity' | 'orders'>;

/** Quantities and prices are in the feed's units. */
export interface CheckedBook {
  apply(block: EventBlock): void;
  /** The best levels of a side, at most so many. */
  levels(instrument: number, side: BookSide, count: number): readonly CheckedLevel[];
}

/**
 * A book that sees a feed from its middle, and only so many levels of it: a reference to an order
 * that it does not know takes from the anonymous volume at its price.
 */
export interface WindowBook extends CheckedBook {
  /** Forgets what lies deeper than so many levels, on both sides. */
  trim(instrument: number, levels: number): void;
}

/** What every check has: the one of LOBSTER and that of levels. */
export interface CheckHooks {
  /** What was compared before a fault, which is thrown then. */
  readonly onFault?: ((result: CheckResult) => void) | undefined;
}

export interface CheckResult {
  /** Rows compared. */
  readonly checked: number;
  readonly mismatches: number;
  /** What the first mismatch was. */
  readonly first: string | undefined;
}
