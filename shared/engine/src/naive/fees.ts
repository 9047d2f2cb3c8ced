/** Fees in parts per million of the quote amount: fees round up, rebates round down. */
import { PPM } from '@foldbook/protocol';

export interface FeeRates {
  readonly makerPpm: bigint;
  readonly takerPpm: bigint;
}

export interface Charge {
  /** Quote units, never negative. */
  readonly amount: bigint;
  /** Paid to the trader instead of by the trader. */
  readonly rebate: boolean;
}

const ceilDivide = (dividend: bigint, divisor: bigint) => (dividend + divisor - 1n) / divisor;

export function chargeOn(quoteAmount: bigint, ratePpm: bigint): Charge {
  if (ratePpm < 0n) return { amount: (-ratePpm * quoteAmount) / PPM, rebate: true };
  return { amount: ceilDivide(ratePpm * quoteAmount, PPM), rebate: false };
}

/**
 * Quote units that a buy order holds for each lot: its price and the highest fee a lot may cost.
 * Fills of several lots round up once where this rounds up for each lot, so the hold always covers.
 */
export function holdPerLot(price: bigint, rates: FeeRates): bigint {
  const highest = rates.makerPpm > rates.takerPpm ? rates.makerPpm : rates.takerPpm;
  return price + (highest > 0n ? chargeOn(price, highest).amount : 0n);
}
