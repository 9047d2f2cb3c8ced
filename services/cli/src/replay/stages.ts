/**
 * What each step of a replay costs: the same files again and again, through more of it each time,
 * in turns, on one core. What a step costs is what it adds.
 */
import { setImmediate as turn } from 'node:timers/promises';
import {
  cutToFrames,
  type EventBlock,
  FeaturePlan,
  type Frame,
  HistoryKernel,
  InlineStrategy,
  type InputFile,
  loadStrategy,
  type MarketDecoder,
  parseFeature,
  ReplayBook,
  type Strategy,
} from '@foldbook/history';
import { availableCores, pinCurrentThread } from '@foldbook/runtime';
import { roundedSummary, type Summary, summarize } from '../bench/statistics.ts';
import { settledCpuUs } from '../bench/thread-cpu.ts';
import { grouped, table } from '../output.ts';
import type { Feed, FeedInput } from './feed.ts';
import { feedDecoder, followsRows, windowOf } from './feed-decoder.ts';
import { type FinalBook, finalBook, finalBookObject } from './final-book.ts';
import { InputRows } from './input-rows.ts';
import { OpenInputs } from './open-inputs.ts';
import type { ReplayPlan } from './replay-plan.ts';
import { startsSnapshot } from './snapshot-start.ts';

/** Where `--features` names none. */
export const STAGE_FEATURES = [
  ...['spread', 'mid', 'microprice', 'imbalance', 'bid-orders'],
  ...['order-flow:1s', 'trade-flow:1s', 'volatility:1m'],
] as const;

export interface StageFigures {
  readonly stage: string;
  readonly nsPerEvent: Summary;
  /**
   * Of the thread's own time, all passes together: the system counts it too coarsely for one.
   * Unpacking is other threads'.
   */
  readonly cpuNsPerEvent: number;
  /** The first pass, which is not among the others. */
  readonly firstNsPerEvent: number;
}

export interface StagesOutcome {
  readonly files: readonly string[];
  readonly format: string;
  /** Of one pass. */
  readonly events: number;
  readonly passes: number;
  readonly features: readonly string[];
  readonly core: number | undefined;
  readonly stages: readonly StageFigures[];
  readonly finalBook: FinalBook;
}

interface Stage {
  readonly name: string;
  /** Undefined: bytes are read and not decoded. */
  readonly onBlock: ((block: EventBlock) => void) | undefined;
}

interface Times {
  readonly clockNs: number[];
  readonly cpuNs: number[];
}

/** How often others of this thread get a turn: Ctrl-C, progress. */
const TURN_MS = 50;

export interface StagesOptions {
  readonly module: WebAssembly.Module;
  readonly feed: Feed;
  readonly plan: ReplayPlan;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * @returns undefined where it was ended early
 * @throws DecodeError, ReplayError, InputError, StrategyError: files for timing are to be whole
 */
export async function measureStages(options: StagesOptions): Promise<StagesOutcome | undefined> {
  const { feed, plan, signal, onProgress } = options;
  const core = availableCores().at(-1) ?? 0;
  const pin = pinCurrentThread(core);
  const strategies = await Promise.all(plan.strategies.map(loadStrategy));
  const run = new StagesRun(options, strategies);
  const times = new Map<Stage, Times>();
  const { stages } = run;
  const total = (plan.repeat + 1) * stages.length;
  try {
    for (let pass = 0, done = 0; pass <= plan.repeat; pass += 1) {
      for (const stage of stages) {
        onProgress(done, total);
        done += 1;
        const [clockNs, cpuNs] = await run.time(stage);
        if (signal.aborted) return undefined;
        const found = times.get(stage) ?? { clockNs: [], cpuNs: [] };
        found.clockNs.push(clockNs);
        found.cpuNs.push(cpuNs);
        times.set(stage, found);
      }
    }
  } finally {
    await run.close();
  }
  const { events } = run;
  return {
    files: feed.inputs.map(({ name }) => name),
    ...{ format: feed.format.name, events, passes: plan.repeat, features: run.labels },
    core: pin.pinned ? core : undefined,
    stages: stages.map((stage) => figuresOf(stage, times.get(stage), events)),
    finalBook: run.finalBook(plan.bookLevels),
  };
}

function figuresOf({ name }: Stage, times: Times | undefined, events: number): StageFigures {
  const [first = 0, ...clockNs] = times?.clockNs ?? [];
  const [, ...cpuNs] = times?.cpuNs ?? [];
  const one = (ns: number) => Number((ns / Math.max(1, events)).toFixed(2));
  const each = (all: readonly number[]) =>
    roundedSummary(summarize(all.map((ns) => ns / Math.max(1, events))));
  return {
    stage: name,
    nsPerEvent: each(clockNs),
    cpuNsPerEvent: one(cpuNs.reduce((sum, ns) => sum + ns, 0) / Math.max(1, cpuNs.length)),
    firstNsPerEvent: one(first),
  };
}

class StagesRun {
  readonly labels: readonly string[];
  readonly stages: readonly Stage[];
  events = 0;
  readonly #feed: Feed;
  readonly #signal: AbortSignal;
  #turnedMs = performance.now();
  readonly #kernel: HistoryKernel;
  readonly #inputs: OpenInputs;
  readonly #decoder: MarketDecoder;
  readonly #book: ReplayBook;
  readonly #features: FeaturePlan;
  readonly #frame: Frame;
  readonly #strategies: readonly Strategy[];
  readonly #paths: readonly string[];
  /** Of the pass: made when the feed's units are known. */
  #running: readonly InlineStrategy[] | undefined;

  constructor(options: StagesOptions, strategies: readonly Strategy[]) {
    const { module, feed, plan, signal } = options;
    this.#signal = signal;
    const kernel = new HistoryKernel(module);
    const { lenient } = plan;
    this.#kernel = kernel;
    this.#feed = feed;
    this.#inputs = new OpenInputs(plan.mapping);
    this.#strategies = strategies;
    this.#paths = plan.strategies;
    this.#decoder = feedDecoder(kernel, feed, plan);
    const isCounting = plan.unknown !== 'refuse';
    const joined = isCounting || followsRows(feed);
    const unknown = { joined, passesUnknown: isCounting };
    this.#book = new ReplayBook({ kernel, lenient, ...unknown, ...windowOf(feed, plan) });
    const asked = plan.features.length > 0 ? plan.features : STAGE_FEATURES;
    this.labels = [...new Set([...strategies.flatMap((one) => one.features ?? []), ...asked])];
    this.#features = new FeaturePlan(kernel, this.labels.map(parseFeature));
    this.#frame = this.#features.newFrame();
    this.stages = this.#stagesOf(plan);
  }

  finalBook(levels: number): FinalBook {
    const { scale } = this.#decoder;
    const instruments = this.#decoder.instruments();
    return finalBook({ book: this.#book, scale, instruments, levels });
  }

  #stagesOf({ depth = 1 }: ReplayPlan): Stage[] {
    const book = this.#book;
    const frame = this.#frame;
    const fill = (part: EventBlock) => {
      book.applyToFrame(part, frame, depth);
      this.#features.compute(frame);
    };
    const strategy = (part: EventBlock) => {
      fill(part);
      for (const one of this.#running ?? this.#start()) one.onFrame(frame);
    };
    const inFrames = (onPart: typeof fill) => (block: EventBlock) => cutToFrames(block, onPart);
    const count = ({ count: events }: EventBlock) => {
      this.events += events;
    };
    return [
      { name: 'read', onBlock: undefined },
      { name: 'decode', onBlock: count },
      { name: 'book', onBlock: (block) => book.apply(block) },
      { name: 'features', onBlock: inFrames(fill) },
      ...(this.#strategies.length === 0 ? [] : [{ name: 'strategy', onBlock: inFrames(strategy) }]),
    ];
  }

  /** One pass; books are emptied before the clock starts. */
  async time(stage: Stage): Promise<readonly [clockNs: number, cpuNs: number]> {
    this.#book.reset();
    this.#features.reset();
    this.#running = undefined;
    if (stage.name === 'decode') this.events = 0;
    const startUs = settledCpuUs();
    const startMs = performance.now();
    for (const [index, input] of this.#feed.inputs.entries()) {
      await this.#read(input, index > 0 ? this.#goingOn(stage) : stage);
    }
    const clockNs = (performance.now() - startMs) * 1e6;
    return [clockNs, (settledCpuUs() - startUs) * 1e3];
  }

  /** A snapshot at the beginning of a file behind another is the whole book. */
  #goingOn({ name, onBlock }: Stage): Stage {
    if (onBlock === undefined) return { name, onBlock };
    let isFirst = true;
    const onNext = (block: EventBlock) => {
      const isWhole = followsRows(this.#feed) || startsSnapshot(this.#kernel, block);
      if (isFirst && isWhole) this.#empty();
      isFirst = false;
      onBlock(block);
    };
    return { name, onBlock: onNext };
  }

  #empty(): void {
    const count = this.#decoder.instrumentCount;
    for (let number = 0; number < count; number += 1) this.#book.trim(number, 0);
  }

  async #read(input: FeedInput, { onBlock }: Stage): Promise<void> {
    const decoder = this.#decoder;
    decoder.restart();
    const file = await this.#inputs.open(input);
    const isUsed = input.rows !== undefined && followsRows(this.#feed);
    const open = isUsed ? () => this.#inputs.open(input.rows ?? input) : undefined;
    if (onBlock === undefined && open !== undefined) await this.#readOnly(await open());
    const rows = new InputRows(decoder, onBlock === undefined ? undefined : open);
    try {
      for await (const chunk of file.chunks()) {
        await rows.before(chunk);
        if (onBlock !== undefined) decoder.push(chunk, onBlock);
        await this.#turn();
        if (this.#signal.aborted) return;
      }
      await rows.before();
      if (onBlock !== undefined) decoder.end(onBlock);
    } finally {
      await rows.close();
    }
  }

  async #readOnly(file: InputFile): Promise<void> {
    for await (const _ of file.chunks()) {
      await this.#turn();
      if (this.#signal.aborted) return;
    }
  }

  async #turn(): Promise<void> {
    if (performance.now() - this.#turnedMs < TURN_MS) return;
    await turn();
    this.#turnedMs = performance.now();
  }

  close(): Promise<void> {
    return this.#inputs.closeAll();
  }

  #start(): readonly InlineStrategy[] {
    const { scale } = this.#decoder;
    const context = {
      instruments: () => this.#decoder.instruments(),
      priceDecimals: -scale.priceExponent,
      quantityDecimals: -scale.quantityExponent,
    };
    this.#running = this.#strategies.map((strategy, index) => {
      const columns = (strategy.features ?? []).map((label) => this.labels.indexOf(label));
      return new InlineStrategy({ path: this.#paths[index] ?? '', strategy, context, columns });
    });
    return this.#running;
  }
}

export function stagesObject(outcome: StagesOutcome): Record<string, unknown> {
  const { events, passes, stages } = outcome;
  const last = stages.at(-1);
  const median = last?.nsPerEvent.median ?? 0;
  return {
    events,
    eventsPerSec: median > 0 ? Math.round(1e9 / median) : 0,
    finalBook: finalBookObject(outcome.finalBook),
    checked: 0,
    mismatches: 0,
    files: outcome.files,
    format: outcome.format,
    passes,
    core: outcome.core,
    features: outcome.features,
    stages,
  };
}

export function stagesWords(outcome: StagesOutcome): string {
  const { files, events, passes, features, core, stages } = outcome;
  const rate = (ns: number) => (ns > 0 ? `${(1e3 / ns).toFixed(1)} M/s` : '-');
  const rows = stages.map(({ stage, nsPerEvent, cpuNsPerEvent, firstNsPerEvent }) => [
    ...[stage, `${nsPerEvent.median}`, `${nsPerEvent.best}`],
    ...[`${cpuNsPerEvent}`, `${firstNsPerEvent}`, rate(cpuNsPerEvent)],
  ]);
  const head = ['up to', 'median', 'best', 'cpu', 'first', 'cpu rate'];
  return [
    `${files.join(', ')}: ${grouped(events)} events, ${passes} passes; ns an event`,
    ...table([head, ...rows])
      .split('\n')
      .map((line) => `  ${line}`),
    `  features ${features.join(', ')}`,
    `  core     ${core ?? 'not pinned'}`,
  ].join('\n');
}
