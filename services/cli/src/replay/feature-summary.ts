/** What each feature came to over a run. */
import type { Feature, Frame, Scale } from '@foldbook/history';
import { table } from '../output.ts';

export interface FeatureFigures {
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
  readonly #columns: readonly SummedColumn[];
  readonly #sums: { rows: number; last: number; least: number; most: number; sum: number }[];
  readonly #instrument: string | undefined;

  /** @param instrument the only one that counts */
  constructor(columns: readonly SummedColumn[], instrument: string | undefined) {
    this.#columns = columns;
    this.#instrument = instrument;
    this.#sums = columns.map(() => ({
      ...{ rows: 0, sum: 0, last: Number.NaN },
      ...{ least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY },
    }));
  }

  add(frame: Frame, instruments: readonly string[]): void {
    const wanted = this.#instrument === undefined ? -1 : instruments.indexOf(this.#instrument);
    const isAll = this.#instrument === undefined;
    const { count } = frame.events;
    for (const [index, figures] of this.#sums.entries()) {
      const column = frame.features[this.#columns[index]?.column ?? -1];
      if (column === undefined) continue;
      for (let row = 0; row < count; row += 1) {
        const value = column[row] ?? Number.NaN;
        // An empty side gives NaN.
        if (Number.isNaN(value) || (!isAll && frame.events.instrumentAt(row) !== wanted)) continue;
        figures.rows += 1;
        figures.sum += value;
        figures.last = value;
        if (value < figures.least) figures.least = value;
        if (value > figures.most) figures.most = value;
      }
    }
  }

  /** By label, in currency and units of the instrument; null where no row has a value. */
  result(scale: Scale): Record<string, FeatureFigures | null> {
    const figures = this.#columns.map(({ feature }, index) => {
      const { label, unit } = feature;
      const found = this.#sums[index];
      if (found === undefined || found.rows === 0) return [label, null] as const;
      const exponents = {
        price: scale.priceExponent,
        quantity: scale.quantityExponent,
        none: 0,
        seconds: 0,
      };
      const one = 10 ** -exponents[unit];
      const { rows, last, least, most, sum } = found;
      const scaled = { last: last / one, least: least / one, most: most / one };
      return [label, { rows, ...scaled, mean: sum / rows / one }] as const;
    });
    return Object.fromEntries(figures);
  }
}

const SHOWN_DIGITS = 6;

export function featureWords(features: Readonly<Record<string, FeatureFigures | null>>): string[] {
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
