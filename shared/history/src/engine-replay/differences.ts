/** Where the engine does otherwise than the feed told, by kind, with the first ones as examples. */
import type { MarketEvent } from '../event.ts';

/** Kinds, and what each means. */
const DIFFERENCES = {
  out_of_turn:
    'executed while another stood before it, which the engine would have met: the venue withdrew ' +
    'that one with the same packet (self-match prevention), or does not allot by time alone',
  crossing: 'a new price crossed the book: the engine traded at once what the feed let stand',
  crossed_before:
    'executed, where the engine had traded it away when the book crossed, or not let it in yet',
  taken: 'executed or moved, where our own orders had taken it',
  own_before: 'executed, where orders of ours stood before it and were met first',
  hidden: 'a trade without an order of the book: hidden, a cross, an auction',
  other_price: 'executed at another price than its own',
  unknown_order: 'of an order that was never told: the feed was joined in its middle, or lost it',
  duplicate_order: 'a new order whose id another one has: it takes the place of that one',
  beyond_shown: 'executed by more than it showed: the hidden part of an iceberg',
  too_much: 'taken off by more than it shows: all of it counts',
  incomplete: 'a side, a price or a quantity is missing',
  off_scale: "no whole number of ticks or lots, or beyond the engine's range: left out",
  left_out: 'of an order that was left out before',
  refused: 'the engine refused it',
} as const;

export type DifferenceKind = keyof typeof DIFFERENCES;

export interface Difference {
  readonly kind: DifferenceKind;
  readonly meaning: string;
  readonly count: number;
  /** Of what is different, in the feed's units. */
  readonly quantity: bigint;
  readonly examples: readonly DifferenceExample[];
}

export interface DifferenceExample {
  /** Number of the event in the run, from 0. */
  readonly event: number;
  readonly instrument: number;
  readonly orderId: bigint;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly timeNs: bigint;
  readonly words: string;
}

const MOST_EXAMPLES = 5;

type Counted = { count: number; quantity: bigint; readonly examples: DifferenceExample[] };

export class Differences {
  readonly #kinds = new Map<DifferenceKind, Counted>();

  add(
    kind: DifferenceKind,
    at: { readonly event: MarketEvent; readonly number: number },
    quantity: bigint,
    words = '',
  ): void {
    const counted = this.#kinds.get(kind) ?? { count: 0, quantity: 0n, examples: [] };
    this.#kinds.set(kind, counted);
    counted.count += 1;
    counted.quantity += quantity;
    if (counted.examples.length === MOST_EXAMPLES) return;
    const { instrument, orderId, price, timeNs } = at.event;
    const where = { event: at.number, instrument, orderId, price, timeNs };
    counted.examples.push({ ...where, quantity, words });
  }

  /** Those that there were, in the order of the table above. */
  list(): Difference[] {
    return (Object.keys(DIFFERENCES) as DifferenceKind[]).flatMap((kind) => {
      const counted = this.#kinds.get(kind);
      return counted === undefined ? [] : [{ kind, meaning: DIFFERENCES[kind], ...counted }];
    });
  }
}
