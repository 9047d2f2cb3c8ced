/** A feed's integers as decimals, exactly. */

/**
 * @param exponent of ten, of the value's unit
 * @param least decimals that are shown though they are zero
 */
export function decimal(value: bigint, exponent: number, least = 0): string {
  const decimals = Math.max(0, -exponent);
  const digits = `${value < 0n ? -value : value}${'0'.repeat(Math.max(0, exponent))}`;
  const padded = digits.padStart(decimals + 1, '0');
  const whole = padded.slice(0, padded.length - decimals);
  const fraction = padded.slice(padded.length - decimals);
  const shown = fraction.replace(/0+$/, '').padEnd(Math.min(least, decimals), '0');
  return `${value < 0n ? '-' : ''}${whole}${shown === '' ? '' : `.${shown}`}`;
}

/**
 * The other way round, of digits with at most one point.
 * @returns undefined where it is no whole number of units
 */
export function unitsOf(text: string, exponent: number): bigint | undefined {
  const [whole = '', fraction = ''] = text.split('.');
  const decimals = fraction.replace(/0+$/, '');
  const zeros = -exponent - decimals.length;
  return zeros < 0 ? undefined : BigInt(`${whole}${decimals}${'0'.repeat(zeros)}`);
}

const PRICE_DECIMALS = 2;
/** 4810000000000 of 1e-9 -> "4810.00": prices have two decimals at least, if their unit has. */
export const priceText = (price: bigint, exponent: number): string =>
  decimal(price, exponent, PRICE_DECIMALS);
