/** What a strategy did of its own, in the bins of a picture. */
import { EventSide } from '../../event.ts';
import { Band, Flow } from './bin-column.ts';

/** An own order or fill; price and quantity in the feed's units. */
export interface OwnEvent {
  readonly timeNs: bigint;
  /** Own side: BUY or SELL. */
  readonly side: number;
  readonly price: number;
  readonly quantity: number;
}

/** In the order of time, of the instrument that is shown. */
export interface OwnTrading {
  readonly fills: readonly OwnEvent[];
  readonly orders?: readonly OwnEvent[] | undefined;
  /** Profit so far, in price units times quantity units. */
  readonly profit?: readonly { readonly timeNs: bigint; readonly amount: number }[] | undefined;
}

export class OwnBins {
  readonly bought: Flow;
  readonly sold: Flow;
  readonly bids: Flow;
  readonly asks: Flow;
  /** Bought less sold. */
  readonly position: Band;
  readonly profit: Band;

  constructor(own: OwnTrading, count: number, binNear: (timeNs: bigint) => number) {
    [this.bought, this.sold] = [new Flow(count), new Flow(count)];
    [this.bids, this.asks] = [new Flow(count), new Flow(count)];
    [this.position, this.profit] = [new Band(count), new Band(count)];
    let held = 0;
    for (const { timeNs, side, price, quantity } of own.fills) {
      const bin = binNear(timeNs);
      (side === EventSide.BUY ? this.bought : this.sold).add(bin, price, quantity);
      held += side === EventSide.BUY ? quantity : -quantity;
      this.position.add(bin, held);
    }
    for (const { timeNs, side, price, quantity } of own.orders ?? []) {
      (side === EventSide.BUY ? this.bids : this.asks).add(binNear(timeNs), price, quantity);
    }
    for (const { timeNs, amount } of own.profit ?? []) this.profit.add(binNear(timeNs), amount);
  }
}
