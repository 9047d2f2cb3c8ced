/** What a feed came to: as plain data, as JSON and in words. */
import { type InstrumentShare, sizeOfShare } from '@foldbook/history';
import { grouped, toJson } from '../output.ts';
import { type BacktestFigures, type EngineFigures, engineWords } from './engine-side.ts';
import type { Fault } from './fault.ts';
import { type FeatureWorth, featureWords } from './feature-summary.ts';
import type { Feed } from './feed.ts';
import { followsRows } from './feed-decoder.ts';
import { type FinalBook, finalBookObject, finalBookWords } from './final-book.ts';
import type { Pipeline, StrategyOutcome, WrittenFile } from './pipeline.ts';
import type { UnknownRule } from './replay-plan.ts';

export interface FeedOutcome {
  readonly files: readonly string[];
  readonly format: string;
  /** LOBSTER's orderbook files, which the book followed. */
  readonly orderbooks: readonly string[];
  /** The instruments that the rest is of; undefined: all. */
  readonly share: InstrumentShare | undefined;
  /** Of all passes. */
  readonly events: number;
  readonly passes: number;
  readonly seconds: number;
  /** Of the thread that decodes and keeps the books. */
  readonly cpuSeconds: number;
  /** Unpacked. */
  readonly contentBytes: number;
  readonly isMapped: boolean;
  readonly instruments: number;
  readonly finalBook: FinalBook;
  readonly unknown: UnknownRule | undefined;
  /** Events of unknown orders that were taken for what nobody had named. */
  readonly anonymous: number;
  /** Levels that an order crossed, in a feed that leaves out what is far from the best prices. */
  readonly crossed: number;
  /** Events that could not be true, by what is wrong; those of codes that were not met are not. */
  readonly faultCounts: Readonly<Record<string, number>>;
  /** Things that a lenient decoder has passed. */
  readonly decoderFaults: number;
  readonly skipped: number;
  readonly features: Readonly<Record<string, FeatureWorth | null>> | undefined;
  readonly strategies: readonly StrategyOutcome[];
  readonly written: readonly WrittenFile[];
  readonly engine: EngineFigures | undefined;
  readonly backtest: BacktestFigures | undefined;
  /** Files of results. */
  readonly results: readonly string[];
  /** What ended the reading of a file early. */
  readonly faults: readonly Fault[];
  readonly isInterrupted: boolean;
}

interface OutcomeParts {
  readonly feed: Feed;
  readonly pipeline: Pipeline;
}
type Measured = Pick<
  FeedOutcome,
  | 'passes'
  | 'seconds'
  | 'cpuSeconds'
  | 'contentBytes'
  | 'isMapped'
  | 'decoderFaults'
  | 'skipped'
  | 'strategies'
  | 'faults'
  | 'isInterrupted'
>;

export function outcomeOf({ feed, pipeline, ...measured }: OutcomeParts & Measured): FeedOutcome {
  const { counts } = pipeline;
  const met = Object.entries(counts?.faults ?? {}).filter(([, count]) => count > 0);
  const { name, kind } = feed.format;
  const { share } = feed;
  const { instrumentCount } = pipeline.decoder;
  return {
    ...measured,
    share,
    files: feed.inputs.map((input) => input.name),
    format: kind === undefined ? name : `${name} ${kind}`,
    orderbooks: followsRows(feed) ? feed.inputs.flatMap(({ rows }) => rows?.name ?? []) : [],
    events: pipeline.events,
    instruments: share === undefined ? instrumentCount : sizeOfShare(instrumentCount, share),
    finalBook: pipeline.finalBook(),
    unknown: pipeline.unknown,
    anonymous: counts?.anonymous ?? 0,
    crossed: counts?.crossed ?? 0,
    faultCounts: Object.fromEntries(met),
    features: pipeline.features(),
    written: pipeline.written(),
    engine: pipeline.engineOutcome?.engine,
    backtest: pipeline.engineOutcome?.backtest,
    results: pipeline.results,
  };
}

const rounded = (seconds: number) => Number(seconds.toFixed(6));
const perSecond = (events: number, seconds: number) =>
  seconds > 0 ? Math.round(events / seconds) : 0;

export interface CheckFigures {
  readonly checked: number;
  readonly mismatches: number;
}

/** The contract's figures first. */
export function outcomeObject(
  outcome: FeedOutcome,
  { checked, mismatches }: CheckFigures = { checked: 0, mismatches: 0 },
): Record<string, unknown> {
  const { events, seconds, cpuSeconds, faults, strategies, written, results } = outcome;
  const { engine, backtest, share } = outcome;
  return {
    events,
    eventsPerSec: perSecond(events, seconds),
    finalBook: finalBookObject(outcome.finalBook),
    checked,
    mismatches,
    files: outcome.files,
    format: outcome.format,
    ...(outcome.orderbooks.length === 0 ? {} : { orderbooks: outcome.orderbooks }),
    ...(share === undefined ? {} : { share: { number: share.index + 1, of: share.of } }),
    seconds: rounded(seconds),
    cpuSeconds: rounded(cpuSeconds),
    eventsPerCpuSec: perSecond(events, cpuSeconds),
    passes: outcome.passes,
    contentBytes: outcome.contentBytes,
    isMapped: outcome.isMapped,
    instruments: outcome.instruments,
    unknownOrders: { rule: outcome.unknown, anonymous: outcome.anonymous },
    crossedLevels: outcome.crossed,
    faults: outcome.faultCounts,
    decoderFaults: outcome.decoderFaults,
    skipped: outcome.skipped,
    ...(outcome.features === undefined ? {} : { features: outcome.features }),
    ...(strategies.length === 0 ? {} : { strategies }),
    ...(engine === undefined ? {} : { engine }),
    ...(backtest === undefined ? {} : { backtest }),
    ...(written.length === 0 ? {} : { written }),
    ...(results.length === 0 ? {} : { results }),
    errors: faults.map(({ file, code, message, byte, event }) => {
      return { file, code, message, byte, ...(event === undefined ? {} : { event }) };
    }),
    ...(outcome.isInterrupted ? { interrupted: true } : {}),
  };
}

export function outcomeWords(outcome: FeedOutcome): string {
  const { features, strategies, written, results, engine, backtest, share } = outcome;
  const part = share === undefined ? '' : `share ${share.index + 1} of ${share.of}, `;
  return [
    `${outcome.files.join(', ')}: ${outcome.format}, ${part}${rateWords(outcome)}`,
    ...countWords(outcome),
    ...finalBookWords(outcome.finalBook),
    ...(features === undefined ? [] : featureWords(features)),
    ...strategies.map(({ file, result }) => `${file}: ${toJson(result) ?? 'no result'}`),
    ...(engine === undefined ? [] : engineWords({ engine, backtest })),
    ...results.map((path) => `written: ${path}`),
    ...written.map(
      ({ file, events, leftOut }) =>
        `written: ${file}, ${grouped(events)} events${leftOutWords(leftOut)}`,
    ),
  ].join('\n');
}

export function rateWords({ events, passes, seconds, cpuSeconds }: FeedOutcome): string {
  const times = passes > 1 ? ` in ${passes} passes` : '';
  const words = (rate: number) =>
    rate < 1e5 ? `${grouped(rate)}/s` : `${(rate / 1e6).toFixed(1)} M/s`;
  return (
    `${grouped(events)} events${times} in ${seconds.toFixed(3)} s ` +
    `(${words(perSecond(events, seconds))}; ${words(perSecond(events, cpuSeconds))} ` +
    'of processor time)'
  );
}

/** Only what there is. */
function countWords(outcome: FeedOutcome): string[] {
  const { faultCounts, decoderFaults, unknown, anonymous, crossed, isInterrupted } = outcome;
  const { UNKNOWN_ORDER: passed = 0, ...others } = faultCounts;
  const lines: string[] = [];
  if (outcome.orderbooks.length > 0) {
    lines.push(`  the book follows ${outcome.orderbooks.join(', ')}`);
  } else if (outcome.format === 'lobster') {
    lines.push('  without its orderbook file, the book still has orders that left unseen');
  }
  const isUnnamed = outcome.orderbooks.length > 0 || (unknown === 'count' && passed === 0);
  if (isUnnamed) {
    if (anonymous > 0) lines.push(`  ${grouped(anonymous)} events of orders that nobody named`);
    if (passed > 0) lines.push(`  ${grouped(passed)} events of orders beyond the levels kept`);
  } else if (unknown === 'count') {
    const known = anonymous > 0 ? `, ${grouped(anonymous)} more made known or anonymous` : '';
    lines.push(`  ${grouped(passed)} events of orders from before the feed began${known}`);
  }
  if (crossed > 0) {
    lines.push(
      `  ${grouped(crossed)} levels forgotten: an order crossed them, so they had left unseen`,
    );
  }
  const faults = Object.entries(unknown === 'count' ? others : faultCounts);
  for (const [code, count] of faults) lines.push(`  ${grouped(count)} events: ${code}`);
  if (decoderFaults > 0) {
    const records = decoderFaults === 1 ? 'record' : 'records';
    lines.push(`  ${grouped(decoderFaults)} faulty ${records} passed`);
  }
  if (isInterrupted) lines.push('  interrupted: what was read up to there');
  return lines;
}

const leftOutWords = (count: number) =>
  count === 0 ? '' : ` (${grouped(count)} that the format cannot tell were left out)`;
