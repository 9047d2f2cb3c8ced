/** A sample of `top` for people. */
import { grouped, table } from '../output.ts';
import {
  COUNTED,
  DEPTHS,
  type Figure,
  MARKET_RATES,
  RATES,
  STAGES,
  type StageFigures,
  type ThreadFigures,
  type TopSample,
  UNAVAILABLE,
} from './top-sample.ts';

const MAX_MARKETS = 8;
const MS_PER_S = 1_000;

const STAGE_COLUMNS = ['p50', 'p90', 'p99', 'p999', 'max'] as const;

const figure = (value: Figure) => (value === UNAVAILABLE ? UNAVAILABLE : grouped(value));

export function topWords(sample: TopSample): string {
  const { pid, runsForMs, perSec, depths } = sample;
  const rates = [...RATES, ...COUNTED] as const;
  return [
    `market of process ${pid}, runs for ${grouped(runsForMs / MS_PER_S)} s`,
    '',
    table([
      ['a second', ...rates],
      ['', ...rates.map((name) => figure(perSec[name]))],
    ]),
    '',
    table([
      ['waiting', ...DEPTHS],
      ['', ...DEPTHS.map((name) => figure(depths[name]))],
    ]),
    '',
    stages(sample),
    '',
    threads(sample),
    `a command: ${Object.entries(sample.perCommand)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    '',
    `refused before the log: ${counts(sample.refused)} (by limit: ${counts(sample.turnedAway)}); ` +
      `${figure(sample.refusedPerSec10)} a second, last ${sample.lastRefused ?? 'none'}`,
    `rejected by the market: ${counts(sample.rejects)}`,
    ...local(sample),
    ...markets(sample),
    ...balances(sample),
  ].join('\n');
}

function stages({ latencyNs, groupCommands }: TopSample): string {
  const row = (name: string, values: StageFigures | typeof UNAVAILABLE) => {
    if (values === UNAVAILABLE) return [name, UNAVAILABLE];
    const none = values.count === 0;
    const columns = STAGE_COLUMNS.map((column) => (none ? '-' : grouped(values[column])));
    return [name, ...columns, grouped(values.count)];
  };
  const rows = STAGES.map((name) => row(name, latencyNs[name]));
  const size = row('commands a group', groupCommands);
  return table([['ns', ...STAGE_COLUMNS, 'count'], ...rows, size]);
}

function threads(sample: TopSample): string {
  const row = (name: string, figures: ThreadFigures) => [
    name,
    ...Object.values(figures).map((value: Figure) => `${value}`),
  ];
  const head = ['cpu %', 'wait %', 'gave up/s', 'taken away/s', 'minor faults/s', 'major faults/s'];
  const rows = Object.entries(sample.threads).map(([name, figures]) => row(name, figures));
  return table([['thread', ...head], ...rows]);
}

function counts(byCode: TopSample['rejects']): string {
  if (byCode === UNAVAILABLE) return UNAVAILABLE;
  const words = Object.entries(byCode).map(([code, count]) => `${code} ${grouped(count)}`);
  return words.join(', ') || 'none';
}

/** Nothing where no client has come over shared memory. */
function local({ local: { numbers, perSec, ends, turnedAway } }: TopSample): string[] {
  const isUsed =
    numbers.localClients !== 0 || counts(ends) !== 'none' || counts(turnedAway) !== 'none';
  if (!isUsed || numbers.localClients === UNAVAILABLE) return [];
  return [
    `on this host: ${figure(numbers.localClients)} connected, ` +
      `${figure(perSec.localFramesIn)} frames in and ${figure(perSec.localFramesOut)} out a ` +
      `second, ${figure(numbers.localWaitingBytes)} bytes waiting; ` +
      `ended: ${counts(ends)}; turned away: ${counts(turnedAway)}`,
  ];
}

function markets(sample: TopSample): string[] {
  if (sample.markets.length === 0) return [];
  const rows = sample.markets.slice(0, MAX_MARKETS).map(({ name, ...view }) => {
    if (view.market === undefined) return [name, UNAVAILABLE];
    const [bid, ask] = [view.bids?.[0], view.asks?.[0]];
    return [
      name,
      bid === undefined ? '-' : `${bid.quantity} @ ${bid.price}`,
      ask === undefined ? '-' : `${ask.quantity} @ ${ask.price}`,
      `${view.lastPrice || '-'}`,
      `${view.trades}`,
      `${view.volume}`,
      `${view.openOrders}`,
      ...MARKET_RATES.map((rate) => figure(view.perSec[rate])),
    ];
  });
  const rates = MARKET_RATES.map((rate) => `${rate}/s`);
  const head = ['market', 'bid', 'ask', 'last', 'trades', 'lots', 'open orders', ...rates];
  const more = sample.markets.length - rows.length;
  return ['', table([head, ...rows]), ...(more > 0 ? [`and ${more} more`] : [])];
}

function balances(sample: TopSample): string[] {
  const rows = sample.markets.slice(0, MAX_MARKETS).flatMap(({ name, balance }) => {
    if (balance === undefined) return [];
    if (balance === UNAVAILABLE) return [[name, UNAVAILABLE]];
    const { baseAvailable, baseHeld, quoteAvailable, quoteHeld } = balance;
    return [[name, ...[baseAvailable, baseHeld, quoteAvailable, quoteHeld].map(String)]];
  });
  const head = ['balance', 'lots available', 'held', 'quote units available', 'held'];
  return rows.length === 0 ? [] : ['', table([head, ...rows])];
}
