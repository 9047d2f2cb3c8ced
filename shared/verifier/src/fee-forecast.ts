import { RecordKind } from './settlement-record.ts';

const PPM = 1_000_000n;

/**
 * What a packed records file expects a fee or rebate to be: that of the rate which the account
 * last paid at this place behind a trade, or else the last rate there. Rates never change what a
 * file says, only how long it is.
 */
export class FeeForecast {
  /** By place and kind: the last rate, and that of each account. */
  readonly #last: bigint[] = [];
  readonly #accounts: Map<number, bigint>[] = [];

  /** @param place - 1 for the first fee behind the trade, 2 for the second; `quote` is above 0 */
  expect(place: number, kind: number, account: number, quote: bigint): bigint {
    const slot = slotOf(place, kind);
    const rate = this.#accounts[slot]?.get(account) ?? this.#last[slot] ?? 0n;
    const exact = rate * quote;
    return kind === RecordKind.FEE ? (exact + PPM - 1n) / PPM : exact / PPM;
  }

  /** Learns from a fee that was not as expected. */
  learn(place: number, kind: number, account: number, quote: bigint, amount: bigint): void {
    const slot = slotOf(place, kind);
    const exact = amount * PPM;
    // Fees are rounded up, rebates down: the rate next to it that gives the amount again.
    const rate = kind === RecordKind.FEE ? exact / quote : (exact + quote - 1n) / quote;
    this.#last[slot] = rate;
    this.#of(slot).set(account, rate);
  }

  #of(slot: number): Map<number, bigint> {
    const known = this.#accounts[slot];
    if (known !== undefined) return known;
    const made = new Map<number, bigint>();
    this.#accounts[slot] = made;
    return made;
  }
}

const slotOf = (place: number, kind: number) => 2 * place + (kind === RecordKind.FEE ? 0 : 1);
