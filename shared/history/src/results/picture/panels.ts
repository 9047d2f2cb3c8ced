/** The panels of a replay's picture, from the bins of its run. */
import type { Feature, FeatureUnit } from '../../features/feature.ts';
import type { Band, Flow } from './bin-column.ts';
import { amounts, arrows, type BinScale, dashes, dots, line, range } from './marks.ts';
import type { OwnBins } from './own-trading.ts';
import type { PictureBins } from './picture-bins.ts';
import { widthWords } from './time-steps.ts';
import { ValueScale } from './value-scale.ts';

export interface LegendItem {
  readonly shape: 'line' | 'dot' | 'bar' | 'arrow' | 'dash';
  /** Class of its colour. */
  readonly name: string;
  readonly words: string;
}

export interface Panel {
  readonly title: string;
  readonly legend: readonly LegendItem[];
  readonly scale: ValueScale;
  /** SVG of its marks, from its top left corner. */
  readonly marks: string;
}

/** What a price and a quantity of 1 are. */
export interface Units {
  readonly price: number;
  readonly quantity: number;
  readonly currency: string | undefined;
}

export interface PanelParts {
  readonly bins: PictureBins;
  readonly features: readonly Feature[];
  readonly own: OwnBins | undefined;
  readonly across: BinScale;
  readonly units: Units;
}

const PRICES_HEIGHT = 320;
const PANEL_HEIGHT = 84;
const PRICE_TICKS = 7;
const PANEL_TICKS = 5;

export function panelsOf(parts: PanelParts): Panel[] {
  const { bins, features, own } = parts;
  const columns = features.map((feature, index) => ({ feature, band: bins.features[index] }));
  return [
    pricesPanel(parts),
    bandPanel(parts, { title: 'Spread', unit: 'price', band: bins.spread, name: 'feature' }),
    volumePanel(parts),
    ...columns.flatMap(({ feature, band }) =>
      // The spread has its panel.
      band === undefined || feature.name === 'spread'
        ? []
        : [
            bandPanel(parts, {
              title: feature.label,
              unit: unitOf(feature),
              band,
              name: 'feature',
            }),
          ],
    ),
    ...(own === undefined ? [] : ownPanels(parts, own)),
  ];
}

function pricesPanel({ bins, own, across, units }: PanelParts): Panel {
  const { bid, ask, bought, sold, unsided } = bins;
  const ranges = [bid, ask, bought, sold, unsided, ...(own === undefined ? [] : ownFlows(own))];
  const scale = new ValueScale({
    values: ranges.flatMap(({ low, high }) => [...low, ...high]),
    unit: units.price,
    height: PRICES_HEIGHT,
    mostTicks: PRICE_TICKS,
  });
  const most = usualMost([bought, sold, unsided]);
  const trades = [
    { flow: unsided, name: 'neither', words: 'trades, side not told' },
    { flow: sold, name: 'ask', words: 'sold at the bid' },
    { flow: bought, name: 'bid', words: 'bought at the ask' },
  ].filter(({ flow }) => isUsed(flow));
  return {
    title: `Prices${units.currency === undefined ? '' : `, ${units.currency}`}`,
    legend: [
      { shape: 'line', name: 'bid', words: 'best bid' },
      { shape: 'line', name: 'ask', words: 'best ask' },
      ...trades.map(({ name, words }) => ({ shape: 'dot', name, words }) as const).reverse(),
      ...(own === undefined ? [] : ownLegend(own)),
    ],
    scale,
    marks: [
      ...trades.map(({ flow, name }) => dots(`dot ${name}`, flow, across, scale, most)),
      range('band bid', bid, across, scale),
      range('band ask', ask, across, scale),
      line('line bid', bid, across, scale),
      line('line ask', ask, across, scale),
      ...(own === undefined ? [] : ownMarks(own, across, scale)),
    ].join(''),
  };
}

const isUsed = ({ count }: Flow): boolean => count.some((value) => value > 0);

const ownFlows = ({ bought, sold, bids, asks }: OwnBins): Flow[] => [bought, sold, bids, asks];

const ownLegend = (own: OwnBins): LegendItem[] => [
  ...(isUsed(own.bids) || isUsed(own.asks)
    ? [
        { shape: 'dash', name: 'own-buy', words: 'own bids' } as const,
        { shape: 'dash', name: 'own-sell', words: 'own asks' } as const,
      ]
    : []),
  { shape: 'arrow', name: 'own-buy', words: 'own buys' },
  { shape: 'arrow', name: 'own-sell', words: 'own sells' },
];

const ownMarks = (own: OwnBins, across: BinScale, scale: ValueScale): string[] => [
  dashes('dash own-buy', own.bids, across, scale),
  dashes('dash own-sell', own.asks, across, scale),
  arrows('arrow own-buy', own.bought, across, scale, 1),
  arrows('arrow own-sell', own.sold, across, scale, -1),
];

/** The quantity of a great bin, which the very greatest do not decide. */
function usualMost(flows: readonly Flow[]): number {
  const sorted = Float64Array.from(flows.flatMap(({ quantity }) => [...quantity]))
    .filter((quantity) => quantity > 0)
    .sort();
  return sorted[Math.floor(sorted.length * 0.99)] ?? sorted.at(-1) ?? 1;
}

const unitOf = ({ name, unit }: Feature): FeatureUnit | 'seconds' =>
  name === 'since-trade' || name === 'since-mid-change' ? 'seconds' : unit;

interface BandPanelOptions {
  readonly title: string;
  readonly unit: FeatureUnit | 'amount' | 'seconds';
  readonly band: Band;
  readonly name: string;
}

function bandPanel({ across, units }: PanelParts, options: BandPanelOptions): Panel {
  const { title, unit, band, name } = options;
  const price = units.currency ?? 'price units';
  const { divisor, words } = {
    price: { divisor: units.price, words: units.currency ?? '' },
    quantity: { divisor: units.quantity, words: 'quantity' },
    amount: { divisor: units.price * units.quantity, words: price },
    none: { divisor: 1, words: '' },
    seconds: { divisor: 1, words: 's' },
  }[unit];
  const scale = new ValueScale({
    values: [...band.low, ...band.high],
    unit: divisor,
    height: PANEL_HEIGHT,
    mostTicks: PANEL_TICKS,
  });
  return {
    title: words === '' ? title : `${title}, ${words}`,
    legend: [],
    scale,
    marks: range(`band ${name}`, band, across, scale) + line(`line ${name}`, band, across, scale),
  };
}

function volumePanel({ bins, across, units }: PanelParts): Panel {
  const [bought, sold, unsided] = [bins.bought, bins.sold, bins.unsided].map(
    ({ quantity }) =>
      (bin: number) =>
        quantity[bin] ?? 0,
  );
  const up = (bin: number) => (bought?.(bin) ?? 0) + (unsided?.(bin) ?? 0);
  const down = (bin: number) => -(sold?.(bin) ?? 0);
  const all = Array.from({ length: bins.count }, (_, bin) => bin);
  const scale = new ValueScale({
    values:
      isUsed(bins.bought) || isUsed(bins.sold) || isUsed(bins.unsided)
        ? all.flatMap((bin) => [up(bin), down(bin)])
        : [],
    unit: units.quantity,
    height: PANEL_HEIGHT,
    mostTicks: PANEL_TICKS,
    fromZero: true,
    isMirrored: true,
  });
  return {
    title: `Volume in ${widthWords(bins.widthNs)}`,
    legend: [
      { shape: 'bar', name: 'bid', words: 'bought' },
      { shape: 'bar', name: 'ask', words: 'sold' },
      ...(isUsed(bins.unsided)
        ? [{ shape: 'bar', name: 'neither', words: 'side not told' } as const]
        : []),
    ],
    scale,
    marks: [
      amounts('bar bid', (bin) => [0, bought?.(bin) ?? 0], across, scale),
      amounts('bar neither', (bin) => [bought?.(bin) ?? 0, up(bin)], across, scale),
      amounts('bar ask', (bin) => [0, down(bin)], across, scale),
    ].join(''),
  };
}

function ownPanels(parts: PanelParts, own: OwnBins): Panel[] {
  const { position, profit } = own;
  const isKnown = profit.rows.some((rows) => rows > 0);
  return [
    bandPanel(parts, { title: 'Own position', unit: 'quantity', band: position, name: 'own' }),
    ...(isKnown
      ? [bandPanel(parts, { title: 'Own profit', unit: 'amount', band: profit, name: 'own' })]
      : []),
  ];
}
