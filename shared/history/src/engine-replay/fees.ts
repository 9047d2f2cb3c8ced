/**
 * Fees of our own fills, exactly. The engine would round each to its quote unit, which is a tick
 * times a lot here: of a future's single contract that is more than the fee itself.
 */
import { MarketSetUpError } from './engine-market.ts';

/** Parts per million of what is traded; negative ones are paid to us. */
export interface FeeRates {
  readonly makerPpm: number;
  readonly takerPpm: number;
}

export const NO_FEES: FeeRates = { makerPpm: 0, takerPpm: 0 };

const MILLION = 1_000_000n;

/** @throws MarketSetUpError for rates that no venue has: of each trade it would pay, not earn */
export function checkFees({ makerPpm, takerPpm }: FeeRates): void {
  if (makerPpm + takerPpm >= 0) return;
  throw new MarketSetUpError(`INVALID_FEES: ${makerPpm} and ${takerPpm} add up to less than 0`);
}

/**
 * Of a fill, rounded against us to a price unit times a quantity unit; below 0 it is a rebate.
 *
 * @param amount - price times quantity
 */
export function feeOf(rates: FeeRates, liquidity: 'maker' | 'taker', amount: bigint): bigint {
  const exact = amount * BigInt(liquidity === 'maker' ? rates.makerPpm : rates.takerPpm);
  const towardsZero = exact / MILLION;
  return exact > towardsZero * MILLION ? towardsZero + 1n : towardsZero;
}
