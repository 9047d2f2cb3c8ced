/** Fees in parts per million of the quote amount: fees round up, rebates round down. */
import { PPM } from '@foldbook/protocol';

export interface FeeRates {
  readonly makerPpm: number;
  readonly takerPpm: number;
}

export interface Charge {
  /** Quote units, never negative. */
  readonly amount: bigint;
  /** Paid to the trader instead of by the trader. */
  readonly isRebate: boolean;
}

const ceilDivide = (dividend: bigint, divisor: bigint) => (dividend + divisor - 1n) / divisor;

export function chargeOn(quoteAmount: bigint, ratePpm: number): Charge {
  const rate = BigInt(ratePpm);
  if (rate < 0n) return { amount: (-rate * quoteAmount) / PPM, isRebate: true };
  return { amount: ceilDivide(rate * quoteAmount, PPM), isRebate: false };
}

/**
 * Quote units that a buy order holds for each lot: its price and the highest fee a lot may cost.
 * Fills of several lots round up once where this rounds up for each lot, so the hold always covers.
 */
export function holdPerLot(price: bigint, maxFeePpm: number): bigint {
  return price + chargeOn(price, maxFeePpm).amount;
}
