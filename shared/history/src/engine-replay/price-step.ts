import { dividerOf, ENOUGH_VALUES } from './market-units.ts';

/**
 * What divides every price that a feed has told of an instrument. A market's tick, learned from the
 * first few, may be finer than the venue's: ours are not to stand where nobody else may.
 */
export class PriceStep {
  readonly #seen = new Set<bigint>();
  #divider = 0n;

  add(price: bigint): void {
    if (this.#seen.size < ENOUGH_VALUES) this.#seen.add(price);
    if (this.#divider === 0n || price % this.#divider !== 0n) {
      this.#divider = dividerOf([this.#divider, price]);
    }
  }

  /** As far as is known: few prices say little of others. */
  allows(price: bigint): boolean {
    return this.#seen.size < ENOUGH_VALUES || price % this.#divider === 0n;
  }
}
