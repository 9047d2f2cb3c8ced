import type { Profit, Scale } from '@foldbook/history';
import { decimal } from './decimal.ts';

export type ProfitObject = Readonly<Record<string, string | number>>;

/** Amounts in currency and in the instrument, decimals as text. */
export function profitObject(profit: Profit, scale: Scale): ProfitObject {
  const { bought, sold, position, realised, unrealised, fees, total, mark, fills } = profit;
  const { priceExponent, quantityExponent } = scale;
  const texts = (values: Readonly<Record<string, bigint>>, exponent: number) =>
    Object.entries(values).map(([name, value]) => [name, decimal(value, exponent)] as const);
  return {
    fills,
    ...Object.fromEntries([
      ...texts({ bought, sold, position }, quantityExponent),
      ...texts({ realised, unrealised, fees, total }, priceExponent + quantityExponent),
    ]),
    ...(mark === undefined ? {} : { mark: decimal(mark, priceExponent) }),
  };
}
