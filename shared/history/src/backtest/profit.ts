/** Profit and loss from an order log alone. */
import type { LogEntry } from './order-log.ts';

/** Amounts are price units times quantity units, exactly. */
export interface Profit {
  readonly instrument: number;
  readonly fills: number;
  readonly bought: bigint;
  readonly sold: bigint;
  /** Held at the end; below 0 it is owed. */
  readonly position: bigint;
  /** Of what was bought and sold again, first in first out. */
  readonly realised: bigint;
  /** Of what is held, at the mark. */
  readonly unrealised: bigint;
  /** Paid less got. */
  readonly fees: bigint;
  /** Realised and unrealised less fees. */
  readonly total: bigint;
  /** Undefined where the log has none: what is held then counts for what it was bought at. */
  readonly mark: bigint | undefined;
}

/** Of every instrument that had a fill, in order of their numbers. */
export function profitOf(log: readonly LogEntry[]): Profit[] {
  const ledgers = new Map<number, Ledger>();
  for (const entry of log) {
    if (entry.type === 'fill') {
      const ledger = ledgers.get(entry.instrument) ?? new Ledger();
      ledgers.set(entry.instrument, ledger);
      ledger.fill(entry.side === 'buy' ? entry.quantity : -entry.quantity, entry.price, entry.fee);
    } else if (entry.type === 'mark') {
      const ledger = ledgers.get(entry.instrument);
      if (ledger !== undefined) ledger.mark = entry.price;
    }
  }
  const instruments = [...ledgers].sort(([a], [b]) => a - b);
  return instruments.map(([instrument, ledger]) => ledger.profit(instrument));
}

class Ledger {
  mark: bigint | undefined;
  #fills = 0;
  #bought = 0n;
  #sold = 0n;
  #realised = 0n;
  #fees = 0n;
  /** Open, all of one sign, oldest first. */
  #open: { quantity: bigint; readonly price: bigint }[] = [];
  /** How many at the beginning are closed. */
  #closed = 0;

  /** @param quantity sold if it is below 0 */
  fill(quantity: bigint, price: bigint, fee: bigint): void {
    this.#fills += 1;
    this.#fees += fee;
    if (quantity > 0n) this.#bought += quantity;
    else this.#sold -= quantity;
    let left = quantity;
    for (
      let oldest = this.#oldest();
      oldest !== undefined && left !== 0n;
      oldest = this.#oldest()
    ) {
      if (oldest.quantity > 0n === left > 0n) break;
      const size = (value: bigint) => (value < 0n ? -value : value);
      const most = size(left) < size(oldest.quantity) ? -left : oldest.quantity;
      this.#realised += most * (price - oldest.price);
      oldest.quantity -= most;
      left += most;
    }
    if (left !== 0n) this.#open.push({ quantity: left, price });
  }

  profit(instrument: number): Profit {
    const { mark } = this;
    const open = this.#open.slice(this.#closed);
    const worth = (price: bigint) => (mark === undefined ? 0n : mark - price);
    const unrealised = open.reduce((sum, { quantity, price }) => sum + quantity * worth(price), 0n);
    return {
      instrument,
      fills: this.#fills,
      bought: this.#bought,
      sold: this.#sold,
      position: open.reduce((sum, { quantity }) => sum + quantity, 0n),
      realised: this.#realised,
      unrealised,
      fees: this.#fees,
      total: this.#realised + unrealised - this.#fees,
      mark,
    };
  }

  #oldest(): { quantity: bigint; readonly price: bigint } | undefined {
    while (this.#open[this.#closed]?.quantity === 0n) this.#closed += 1;
    return this.#open[this.#closed];
  }
}
