/** What a part's records move, account by account. */
import { LIMB_COUNT } from './limbs.ts';

/** Base and quote. */
const SUMS = 2 * LIMB_COUNT;

/**
 * What records move to and from each account: sums of limbs, which may be negative. At most 131,071
 * limbs of 4,095 are below 2^29.
 */
export class Movements {
  readonly #slots = new Map<number, number>();
  #sums = new Int32Array(1024 * SUMS);
  #touches = new Int32Array(1024);

  /** Gives base and takes quote (sign 1), or the reverse (sign -1). */
  add(account: number, sign: 1 | -1, base: Int32Array, quote: Int32Array): void {
    const slot = this.#slotOf(account);
    this.#touches[slot] = (this.#touches[slot] ?? 0) + 1;
    const sums = this.#sums;
    const from = slot * SUMS;
    for (let limb = 0; limb < LIMB_COUNT; limb++) {
      sums[from + limb] = (sums[from + limb] ?? 0) + sign * (base[limb] ?? 0);
      const place = from + LIMB_COUNT + limb;
      sums[place] = (sums[place] ?? 0) - sign * (quote[limb] ?? 0);
    }
  }

  /** Of the accounts that some record names, in no order. */
  accounts(): IterableIterator<number> {
    return this.#slots.keys();
  }

  touches(account: number): number {
    const slot = this.#slots.get(account);
    return slot === undefined ? 0 : (this.#touches[slot] ?? 0);
  }

  /** Six sums of limbs of base, then six of quote; 0 for an account that no record names. */
  sum(account: number, index: number): number {
    const slot = this.#slots.get(account);
    return slot === undefined ? 0 : (this.#sums[slot * SUMS + index] ?? 0);
  }

  #slotOf(account: number): number {
    const known = this.#slots.get(account);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    this.#slots.set(account, slot);
    if (slot === this.#touches.length) this.#grow();
    return slot;
  }

  #grow(): void {
    const [sums, touches] = [this.#sums, this.#touches];
    this.#sums = new Int32Array(2 * sums.length);
    this.#sums.set(sums);
    this.#touches = new Int32Array(2 * touches.length);
    this.#touches.set(touches);
  }
}
