/** What a check against expected answers asks of a book. */
import type { EventBlock } from './decoder.ts';
import type { EventSide } from './event.ts';

export interface BookLevel {
  readonly price: bigint;
  readonly quantity: bigint;
  /** Orders at the price, those of anonymous volume not counted. */
  readonly orders: number;
}

/** Quantities and prices are in the feed's units. */
export interface CheckedBook {
  apply(block: EventBlock): void;
  /** The best levels of a side, at most so many. */
  levels(instrument: number, side: EventSide, count: number): readonly BookLevel[];
}

/**
 * A book that sees a feed from its middle, and only so many levels of it: a reference to an order
 * that it does not know takes from the anonymous volume at its price.
 */
export interface WindowBook extends CheckedBook {
  /** Volume whose orders are not known. */
  seedLevel(instrument: number, side: EventSide, price: bigint, quantity: bigint): void;
  /** Forgets what lies deeper than so many levels, on both sides. */
  trim(instrument: number, levels: number): void;
}

export interface CheckResult {
  /** Rows compared. */
  readonly checked: number;
  readonly mismatches: number;
  /** What the first mismatch was. */
  readonly first: string | undefined;
}
