/** What each feature came to over a run. */
import {
  type Feature,
  FeatureSums,
  type Frame,
  type HistoryKernel,
  type Scale,
} from '@foldbook/history';
import { table } from '../output.ts';

/** In currency and units of the instrument. */
export interface FeatureWorth {
  /** Rows that have a value. */
  readonly rows: number;
  readonly last: number;
  readonly least: number;
  readonly most: number;
  readonly mean: number;
}

export interface SummedColumn {
  readonly feature: Feature;
  /** Its place in frames. */
  readonly column: number;
}

export class FeatureSummary {
  readonly #columns: readonly { readonly feature: Feature; readonly sums: FeatureSums }[];
  readonly #instrument: string | undefined;

  /** @param instrument the only one that counts */
  constructor(
    kernel: HistoryKernel,
    columns: readonly SummedColumn[],
    instrument: string | undefined,
  ) {
    this.#columns = columns.map(({ feature, column }) => {
      return { feature, sums: new FeatureSums(kernel, column) };
    });
    this.#instrument = instrument;
  }

  add(frame: Frame, instruments: readonly string[]): void {
    const wanted =
      this.#instrument === undefined ? undefined : instruments.indexOf(this.#instrument);
    if (wanted === -1) return;
    for (const { sums } of this.#columns) sums.add(frame, wanted);
  }

  /** By label, in currency and units of the instrument; null where no row has a value. */
  result(scale: Scale): Record<string, FeatureWorth | null> {
    const figures = this.#columns.map(({ feature: { label, unit }, sums }) => {
      const { rows, sum, last, least, most } = sums.figures;
      if (rows === 0) return [label, null] as const;
      const exponents = {
        price: scale.priceExponent,
        quantity: scale.quantityExponent,
        none: 0,
        seconds: 0,
      };
      const one = 10 ** -exponents[unit];
      const scaled = { last: last / one, least: least / one, most: most / one };
      return [label, { rows, ...scaled, mean: sum / rows / one }] as const;
    });
    return Object.fromEntries(figures);
  }
}

const SHOWN_DIGITS = 6;

export function featureWords(features: Readonly<Record<string, FeatureWorth | null>>): string[] {
  const digits = (value: number) => `${Number(value.toPrecision(SHOWN_DIGITS))}`;
  const rows = Object.entries(features).map(([label, figures]) => {
    if (figures === null) return [label, 'no value'];
    const { last, mean, least, most } = figures;
    return [label, ...[last, mean, least, most].map(digits)];
  });
  if (rows.length === 0) return [];
  const lines = table([['feature', 'last', 'mean', 'least', 'most'], ...rows]).split('\n');
  return lines.map((line) => `  ${line}`);
}
