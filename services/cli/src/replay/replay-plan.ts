/** What a replay was asked for, as plain data: threads get it as it is. */
import { stat } from 'node:fs/promises';
import {
  FeatureError,
  type FeeRates,
  type FormatName,
  type LatencyOptions,
  parseFeature,
} from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

export const FORMAT_NAMES = [
  'lobster',
  'dbn',
  'itch',
  'hyperliquid',
  'bin38',
  'csv',
  'compact',
] as const satisfies readonly FormatName[];
const DEFAULT_BOOK_LEVELS = 5;
const MAX_LEVELS = 100_000;
const MAX_REPEAT = 1_000_000;
const MAX_SPEED = 1e9;
const MAX_SHARES = 256;

/** What becomes of an event of an order that nobody has named. */
export type UnknownRule = 'count' | 'refuse';

export interface FundsText {
  readonly base: string;
  readonly quote: string;
}

export interface ReplayPlan {
  /** Undefined: as the files say. */
  readonly format: FormatName | undefined;
  readonly member: string | undefined;
  readonly mapping: boolean;
  readonly lenient: boolean;
  /** LOBSTER's orderbook file is used where it is found. */
  readonly orderbook: boolean;
  /** Undefined: as the feed's beginning says. */
  readonly unknown: UnknownRule | undefined;
  /** Levels that the book keeps; undefined: as the file's name says, or all. */
  readonly levels: number | undefined;
  /** Levels of the final book that are shown. */
  readonly bookLevels: number;
  /** The only instrument that is shown and written as Parquet. */
  readonly instrument: string | undefined;
  readonly features: readonly string[];
  readonly depth: number | undefined;
  readonly strategies: readonly string[];
  readonly parquet: string | undefined;
  readonly svg: string | undefined;
  readonly bin38: string | undefined;
  readonly compact: string | undefined;
  readonly repeat: number;
  readonly speed: number | undefined;
  readonly follow: boolean;
  /** The feed goes through the matching engine, too. */
  readonly engine: boolean;
  /** Of the only strategy: its orders go into the feed. */
  readonly backtest: boolean;
  readonly latency: LatencyOptions | undefined;
  readonly fees: FeeRates | undefined;
  /** Of each instrument, as decimals: what may be sold, and what may be paid. */
  readonly funds: FundsText | undefined;
  /** Where the log of a backtest's orders goes. */
  readonly orders: string | undefined;
}

/** @throws UsageError */
export function readPlan(context: CommandContext): ReplayPlan {
  return {
    format: formatIn(context.text('format')),
    member: context.text('member'),
    mapping: !context.flag('no-mmap'),
    lenient: context.flag('lenient'),
    orderbook: !context.flag('no-orderbook'),
    unknown: unknownIn(context.text('unknown')),
    levels: context.integer('levels', 1, MAX_LEVELS),
    bookLevels: context.integer('book', 0, MAX_LEVELS) ?? DEFAULT_BOOK_LEVELS,
    instrument: context.text('instrument'),
    features: featuresIn(context.text('features')),
    depth: context.integer('depth', 1, MAX_LEVELS),
    strategies: context.texts('strategy'),
    parquet: context.text('parquet'),
    svg: context.text('svg'),
    bin38: context.text('write-bin38'),
    compact: context.text('write-compact'),
    repeat: context.integer('repeat', 1, MAX_REPEAT) ?? 1,
    speed: speedIn(context.text('speed')),
    follow: context.flag('follow'),
    engine: context.flag('engine'),
    backtest: backtestIn(context),
    latency: latencyIn(context),
    fees: feesIn(context.text('fees')),
    funds: fundsIn(context.text('funds')),
    orders: context.text('orders'),
  };
}

/**
 * What runs at the same time: undefined for one after another, else the files, each as a whole, or
 * so many shares of a feed's instruments.
 */
export type Parallel = 'files' | number | undefined;

/** @throws UsageError */
export function readParallel(context: CommandContext): Parallel {
  if (context.text('parallel') === '') return 'files';
  return context.integer('parallel', 2, MAX_SHARES);
}

/** What the first of each excludes, and why it does. */
const EXCLUSIVE: readonly (readonly [string, readonly string[], string])[] = [
  [
    'check',
    [
      ...[
        'features',
        'strategy',
        'parquet',
        'svg',
        'write-bin38',
        'write-compact',
        'repeat',
        'speed',
      ],
      ...['follow', 'parallel', 'stages', 'instrument', 'depth', 'levels', 'engine', 'backtest'],
      'no-orderbook',
    ],
    'a check compares, and does nothing else',
  ],
  [
    'follow',
    ['repeat', 'speed', 'parallel', 'stages', 'member'],
    'a file that grows is read once, as it grows',
  ],
  [
    'parallel',
    ['parquet', 'svg', 'write-bin38', 'write-compact', 'speed', 'stages'],
    'each thread has books of its own',
  ],
  [
    'stages',
    ['parquet', 'svg', 'write-bin38', 'write-compact', 'speed', 'instrument'],
    'stages are measured, and nothing is written',
  ],
  [
    'backtest',
    ['follow', 'repeat', 'parallel', 'stages', 'engine'],
    'a backtest is one run, through the engine; several at once are commands of their own',
  ],
  ['engine', ['follow', 'repeat', 'parallel', 'stages', 'strategy'], 'it is one run of the feed'],
  ['speed', ['repeat'], 'timing runs are as fast as they can be'],
  ['write-bin38', ['repeat'], 'events would be written again'],
  ['write-compact', ['repeat'], 'events would be written again'],
  ['parquet', ['repeat'], 'events would be written again'],
  ['svg', ['repeat'], 'events would be drawn again'],
];

/** @throws UsageError for options that exclude each other */
export function checkOptions(context: CommandContext): void {
  const isGiven = (name: string) =>
    context.flag(name) || context.text(name) !== undefined || context.texts(name).length > 0;
  for (const [name, others, reason] of EXCLUSIVE) {
    const other = isGiven(name) ? others.find(isGiven) : undefined;
    if (other !== undefined) throw new UsageError(`--${name} and --${other}: ${reason}`);
  }
}

/** `FILE#member` names a member of a zip, where there is no file of that name. */
export async function splitMember(text: string): Promise<readonly [string, string | undefined]> {
  const at = text.lastIndexOf('#');
  if (at < 0 || (await stat(text).catch(() => undefined)) !== undefined) return [text, undefined];
  return [text.slice(0, at), text.slice(at + 1)];
}

function formatIn(text: string | undefined): FormatName | undefined {
  if (text === undefined || text === 'auto') return undefined;
  const found = FORMAT_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageError(`--format ${text}: use auto or one of ${FORMAT_NAMES.join(', ')}`);
}

function unknownIn(text: string | undefined): UnknownRule | undefined {
  if (text === undefined || text === 'count' || text === 'refuse') return text;
  throw new UsageError(`--unknown ${text}: use count or refuse`);
}

function featuresIn(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const labels = text.split(',').map((label) => label.trim());
  for (const [index, label] of labels.entries()) {
    if (labels.indexOf(label) < index) throw new UsageError(`--features: ${label} is named twice`);
    try {
      parseFeature(label);
    } catch (error) {
      if (error instanceof FeatureError) throw new UsageError(`--features: ${error.message}`);
      throw error;
    }
  }
  return labels;
}

function backtestIn(context: CommandContext): boolean {
  const isAsked = context.flag('backtest');
  const only = ['latency', 'fees', 'funds', 'orders', 'seed'].find((name) => {
    return context.text(name) !== undefined;
  });
  if (!isAsked && only !== undefined) throw new UsageError(`--${only} is for --backtest: add it`);
  if (isAsked && context.texts('strategy').length !== 1) {
    throw new UsageError('--backtest is of one strategy: name it with --strategy FILE');
  }
  return isAsked;
}

const TIME = /^(\d+(?:\.\d+)?)(ns|us|ms|s)$/;
const UNITS_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
const MAX_JITTER_NS = 2 ** 32;
const MAX_SEED = 2 ** 32 - 1;

function latencyIn(context: CommandContext): LatencyOptions | undefined {
  const text = context.text('latency');
  const seed = context.integer('seed', 0, MAX_SEED);
  if (text === undefined) return seed === undefined ? undefined : { seed };
  const [dataNs, orderNs, jitterNs = 0, ...rest] = text.split(',').map(nanoseconds);
  const isFine = orderNs !== undefined && rest.length === 0 && jitterNs < MAX_JITTER_NS;
  if (isFine && [dataNs, orderNs, jitterNs].every(Number.isSafeInteger)) {
    return { dataNs, orderNs, jitterNs, seed };
  }
  throw new UsageError(
    `--latency ${text}: give DATA,ORDER or DATA,ORDER,JITTER, as 50us,100us,5us`,
  );
}

function nanoseconds(text: string): number {
  const [, digits = '', unit = ''] = TIME.exec(text) ?? [];
  return Math.round(Number(digits) * (UNITS_NS[unit] ?? Number.NaN));
}

function feesIn(text: string | undefined): FeeRates | undefined {
  if (text === undefined) return undefined;
  const [makerPpm, takerPpm, ...rest] = text.split(',').map((rate) => {
    return /^-?\d{1,6}$/.test(rate) ? Number(rate) : Number.NaN;
  });
  const areRates = Number.isInteger(makerPpm) && Number.isInteger(takerPpm) && rest.length === 0;
  if (areRates && makerPpm !== undefined && takerPpm !== undefined) {
    if (makerPpm + takerPpm >= 0) return { makerPpm, takerPpm };
    throw new UsageError(`--fees ${text}: together they are below 0: a venue would pay for trades`);
  }
  throw new UsageError(`--fees ${text}: give MAKER,TAKER in parts per million, as -10,50`);
}

const FUNDS = /^(\d{1,18}(?:\.\d{1,18})?):(\d{1,18}(?:\.\d{1,18})?)$/;

function fundsIn(text: string | undefined): FundsText | undefined {
  if (text === undefined) return undefined;
  const [, base, quote] = FUNDS.exec(text) ?? [];
  if (base !== undefined && quote !== undefined) return { base, quote };
  throw new UsageError(
    `--funds ${text}: give BASE:QUOTE, what may be sold and what may be paid, as 0:50000.50`,
  );
}

function speedIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const speed = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (speed > 0 && speed <= MAX_SPEED) return speed;
  throw new UsageError(`--speed ${text}: give a number above 0; 1 is as it was, 10 ten times that`);
}
