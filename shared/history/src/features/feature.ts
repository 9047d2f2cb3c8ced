/** Features that a run can ask for, by name: what each is, its unit, and its parameter. */

/** In the order of the kernel's numbers (assembly/features.ts). */
const FEATURES = [
  ['spread', 'none', 'price', 'best ask less best bid, in price units'],
  ['mid', 'none', 'price', 'between the best prices, in price units'],
  ['microprice', 'none', 'price', 'mid weighted by the quantity of the other side, in price units'],
  ['imbalance', 'none', 'none', '(bid - ask) / (bid + ask) of the quantities at the best prices'],
  ['depth-imbalance', 'none', 'none', 'the same of the best levels together (--depth)'],
  ['bid-orders', 'none', 'none', 'orders at the best bid'],
  ['ask-orders', 'none', 'none', 'orders at the best ask'],
  ['order-flow', 'decay', 'quantity', 'order-flow imbalance at the best prices, in quantity units'],
  ['trade-flow', 'decay', 'quantity', 'traded quantity, bought positive and sold negative'],
  ['volatility', 'decay', 'none', 'root of the sum of squared returns of the mid'],
  ['since-trade', 'none', 'none', 'seconds since the last trade'],
  ['since-mid-change', 'none', 'none', 'seconds since the mid last moved'],
] as const;

export type FeatureName = (typeof FEATURES)[number][0];
/** What a column counts: the feed's price or quantity units, or neither. */
export type FeatureUnit = (typeof FEATURES)[number][2];

/** A column that a run computes. */
export interface Feature {
  readonly name: FeatureName;
  /** As it was asked for: its name, and its half-life if it has one. */
  readonly label: string;
  readonly unit: FeatureUnit;
  /** The kernel's number. */
  readonly kind: number;
  /** Of what is summed up half is gone after so long; 0: each event alone. */
  readonly halfLifeNs: number;
}

export const featureList: readonly { readonly name: FeatureName; readonly words: string }[] =
  FEATURES.map(([name, parameter, , words]) => {
    const decays = parameter === 'decay' ? '; NAME:TIME sums it up with that half-life' : '';
    return { name, words: `${words}${decays}` };
  });

export class FeatureError extends Error {
  override readonly name = 'FeatureError';
}

const UNITS_NS: Readonly<Record<string, number>> = { us: 1e3, ms: 1e6, s: 1e9, m: 60e9 };
const TIME = /^(\d+(?:\.\d+)?)(us|ms|s|m)$/;

/**
 * @param label - "mid", "order-flow", or "order-flow:500ms"
 * @throws FeatureError where there is no such feature
 */
export function parseFeature(label: string): Feature {
  const [name = '', time, ...rest] = label.split(':');
  const kind = FEATURES.findIndex(([known]) => known === name);
  const found = FEATURES[kind];
  if (found === undefined || rest.length > 0) {
    const names = FEATURES.map(([known]) => known).join(', ');
    throw new FeatureError(`there is no feature "${label}"; there are ${names}`);
  }
  const [known, parameter, unit] = found;
  if (time === undefined) return { name: known, label, unit, kind, halfLifeNs: 0 };
  if (parameter === 'none') throw new FeatureError(`${known} takes no time: write it without`);
  const [, digits = '', times = ''] = TIME.exec(time) ?? [];
  const halfLifeNs = Number(digits) * (UNITS_NS[times] ?? Number.NaN);
  if (!(halfLifeNs > 0)) {
    throw new FeatureError(`"${label}": the time is a number and us, ms, s or m, as in 500ms`);
  }
  return { name: known, label, unit, kind, halfLifeNs };
}
