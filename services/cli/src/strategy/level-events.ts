/** A market's public levels and trades as events of a feed, which columns are made of. */
import { Action, EventFlag, EventSide, type MarketEvent } from '@foldbook/history';
import { type Level, Side, type Trade } from '@foldbook/protocol';

/** Best first. */
type Levels = (side: Side) => readonly Pick<Level, 'price' | 'quantity'>[];

interface Moment {
  readonly timeNs: bigint;
  readonly sequence: bigint;
}

const SIDES = [
  { side: Side.BUY, eventSide: EventSide.BUY },
  { side: Side.SELL, eventSide: EventSide.SELL },
] as const;

export class LevelEvents {
  /** Quantity by price, as it was told last. */
  readonly #told = new Map<Side, Map<bigint, bigint>>(SIDES.map(({ side }) => [side, new Map()]));

  /**
   * What has changed since the last call. A level is one order, since nobody says whose orders it
   * is made of. The book is whole after the last of the events.
   */
  changes(levels: Levels, { timeNs, sequence }: Moment): MarketEvent[] {
    const events: MarketEvent[] = [];
    const common = { timeNs, sequence, instrument: 0, flags: 0 };
    for (const { side, eventSide } of SIDES) {
      const told = this.#told.get(side);
      if (told === undefined) throw new Error(`no side ${side}`);
      const now = new Map(levels(side).map(({ price, quantity }) => [price, quantity]));
      const put = (action: Action, price: bigint, quantity: bigint) => {
        const orderId = price * 2n + BigInt(eventSide);
        const names = { action, side: eventSide, orderId, price, quantity };
        events.push({ ...common, ...names });
      };
      // What goes, goes first: the sides may have moved past each other.
      for (const [price, quantity] of told)
        if (!now.has(price)) put(Action.DELETE, price, quantity);
      for (const [price, quantity] of now) {
        const before = told.get(price);
        if (before === undefined) put(Action.ADD, price, quantity);
        else if (before !== quantity) put(Action.MODIFY, price, quantity);
      }
      this.#told.set(side, now);
    }
    const inOrder = events.toSorted((a, b) => order(a) - order(b));
    return inOrder.map((event, index) => {
      return index === events.length - 1 ? { ...event, flags: EventFlag.LAST } : event;
    });
  }
}

const order = ({ action }: MarketEvent) => (action === Action.DELETE ? 0 : 1);

/** The resting order's side, and no more: its level tells what is left of it. */
export function tradeEvent(trade: Trade, timeNs: bigint): MarketEvent {
  return {
    action: Action.TRADE,
    side: trade.takerSide === Side.BUY ? EventSide.SELL : EventSide.BUY,
    orderId: 0n,
    price: trade.price,
    quantity: trade.quantity,
    timeNs,
    instrument: 0,
    flags: EventFlag.LAST,
    sequence: BigInt(trade.sequence),
  };
}
