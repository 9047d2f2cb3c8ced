/** What a feed's bytes go through: decoder, files of events, book, features, strategies. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import {
  Action,
  type EventBlock,
  FeatureError,
  FeaturePlan,
  type FrameSink,
  HistoryKernel,
  keepShare,
  type MarketDecoder,
  parseFeature,
  Replay,
  ReplayBook,
  ReplayPicture,
  readEvent,
  StrategyError,
  StrategyThreads,
} from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import {
  type EngineOutcome,
  type EngineParts,
  EngineSide,
  loadEngineParts,
} from './engine-side.ts';
import { Bin38File, CompactFile, type EventFile } from './event-files.ts';
import { cannotWrite, OutputError, writingTo } from './fault.ts';
import { FeatureSummary, type FeatureWorth } from './feature-summary.ts';
import type { Feed } from './feed.ts';
import { feedDecoder, followsRows, windowOf } from './feed-decoder.ts';
import { type FinalBook, finalBook } from './final-book.ts';
import { ParquetFile } from './parquet-file.ts';
import type { ReplayPlan, UnknownRule } from './replay-plan.ts';
import { startsSnapshot } from './snapshot-start.ts';
import { tellStall } from './stalled-strategy.ts';

export interface WrittenFile {
  readonly file: string;
  readonly events: number;
  /** Events that the format cannot tell. */
  readonly leftOut: number;
}

export interface StrategyOutcome {
  readonly file: string;
  readonly result: unknown;
}

/** What there is from a feed's first event on, when its units and its beginning are known. */
interface Running {
  readonly book: ReplayBook;
  readonly replay: Replay;
  readonly unknown: UnknownRule;
  readonly parquet: ParquetFile | undefined;
  readonly picture: ReplayPicture | undefined;
  readonly engine: EngineSide | undefined;
}

export class Pipeline {
  readonly kernel: HistoryKernel;
  readonly decoder: MarketDecoder;
  readonly #plan: ReplayPlan;
  readonly #feed: Feed;
  readonly #threads: StrategyThreads | undefined;
  readonly #features: FeaturePlan | undefined;
  readonly #summary: FeatureSummary | undefined;
  readonly #files: readonly EventFile[];
  readonly #engineParts: EngineParts | undefined;
  #engineOutcome: EngineOutcome | undefined;
  #running: Running | undefined;
  /** The next block is the first of a file behind another. */
  #isNext = false;
  /** A strategy has failed at its start: there is nothing to finish. */
  #hasFailed = false;
  #areWritten = false;
  readonly #outputErrors: OutputError[] = [];
  #eventsBefore = 0;

  private constructor(
    kernel: HistoryKernel,
    feed: Feed,
    plan: ReplayPlan,
    threads: StrategyThreads | undefined,
    engineParts: EngineParts | undefined,
  ) {
    this.kernel = kernel;
    this.decoder = feedDecoder(kernel, feed, plan);
    this.#plan = plan;
    this.#feed = feed;
    this.#threads = threads;
    this.#engineParts = engineParts;
    const labels = [...new Set([...(threads?.features ?? []), ...plan.features])];
    const isShown = plan.parquet !== undefined || plan.svg !== undefined;
    const isFramed = labels.length > 0 || threads !== undefined || isShown;
    if (isFramed) this.#features = new FeaturePlan(kernel, labels.map(parseFeature));
    if (plan.features.length > 0) {
      const columns = plan.features.map((label) => {
        return { feature: parseFeature(label), column: labels.indexOf(label) };
      });
      this.#summary = new FeatureSummary(kernel, columns, plan.instrument);
    }
    if (plan.parquet !== undefined) checkWritable(plan.parquet);
    if (plan.svg !== undefined) checkWritable(plan.svg);
    if (plan.orders !== undefined) checkWritable(plan.orders);
    this.#files = [
      ...(plan.compact === undefined ? [] : [new CompactFile(plan.compact, this)]),
      ...(plan.bin38 === undefined ? [] : [new Bin38File(plan.bin38, this)]),
    ];
  }

  /** @throws UsageError for strategies that are none, and files that cannot be written */
  static async open(module: WebAssembly.Module, feed: Feed, plan: ReplayPlan): Promise<Pipeline> {
    const kernel = new HistoryKernel(module);
    const strategies = plan.backtest ? [] : plan.strategies;
    const engineParts = await loading(() => loadEngineParts(plan));
    const threads =
      strategies.length > 0
        ? await loading(() => StrategyThreads.load(kernel, strategies, tellStall))
        : undefined;
    try {
      return new Pipeline(kernel, feed, plan, threads, engineParts);
    } catch (error) {
      await threads?.stop();
      throw error;
    }
  }

  /** Takes a decoder's block. @throws ReplayError, Bin38Error, UsageError, OutputError */
  readonly take = (block: EventBlock): void => {
    const running = this.#running ?? this.#begin(block);
    if (this.#isNext) this.#goOn(running, block);
    const { share } = this.#feed;
    const own = share === undefined ? block : keepShare(this.kernel, block, share);
    for (const file of this.#files) file.append(own);
    running.replay.apply(own);
    running.engine?.apply(own);
  };

  /** A file behind another begins: a snapshot there is the whole book. */
  nextFile(): void {
    this.#isNext = true;
  }

  /** Another run over the same files begins: books are empty. */
  again(): void {
    this.#eventsBefore = this.events;
    this.#running?.book.reset();
    this.#features?.reset();
  }

  /** Of all runs. */
  get events(): number {
    return this.#eventsBefore + (this.#running?.book.counts.events ?? 0);
  }

  get counts(): ReplayBook['counts'] | undefined {
    return this.#running?.book.counts;
  }

  get unknown(): UnknownRule | undefined {
    return this.#running?.unknown;
  }

  /** After `finish`. */
  get engineOutcome(): EngineOutcome | undefined {
    return this.#engineOutcome;
  }

  /** Files of results that were asked for, and written to their ends. */
  get results(): string[] {
    if (!this.#areWritten) return [];
    const { parquet, svg, orders } = this.#plan;
    const failed = this.#outputErrors.map(({ path }) => path);
    if (this.#running?.parquet?.hasFailed === true && parquet !== undefined) failed.push(parquet);
    const paths = [parquet, svg, orders].filter((path) => path !== undefined);
    return paths.filter((path) => !failed.includes(path));
  }

  /** Of files that got no end in `finish`; what was thrown before is not among them. */
  get outputErrors(): readonly OutputError[] {
    return this.#outputErrors;
  }

  /** A strategy has failed. */
  get isStopped(): boolean {
    return this.#running?.replay.isStopped === true;
  }

  /** Of all instruments, or the one that was asked for. */
  finalBook(levels = this.#plan.bookLevels): FinalBook {
    if (this.#running === undefined) return [];
    const { scale } = this.decoder;
    const { instrument } = this.#plan;
    const { share } = this.#feed;
    const instruments = this.decoder.instruments();
    return finalBook({ book: this.#running.book, instruments, scale, levels, instrument, share });
  }

  features(): Record<string, FeatureWorth | null> | undefined {
    return this.#summary?.result(this.decoder.scale);
  }

  written(): WrittenFile[] {
    const files = this.#files.filter(({ hasFailed }) => !hasFailed);
    return files.map(({ path, written, leftOut }) => {
      return { file: path, events: written, leftOut };
    });
  }

  /**
   * After the last block: files get their ends, strategies tell what they came to.
   * @throws StrategyError
   */
  async finish(): Promise<StrategyOutcome[]> {
    if (this.#hasFailed) return [];
    // Of a feed without events there are empty files.
    const running = this.#running ?? this.#begin(undefined);
    for (const file of this.#files) await this.#ending(() => file.close());
    await this.#ending(() => running.parquet?.finish());
    const { engine, picture } = running;
    this.#engineOutcome = engine?.finish();
    const { svg, orders } = this.#plan;
    if (orders !== undefined) await this.#ending(() => engine?.writeLog(orders));
    const drawing = picture?.svg(this.#engineOutcome?.own) ?? '';
    if (svg !== undefined) {
      await this.#ending(() => writingTo(svg, () => writeFileSync(svg, drawing)));
    }
    this.#areWritten = true;
    const results = (await this.#threads?.results()) ?? [];
    return results.map((result, index) => ({ file: this.#plan.strategies[index] ?? '', result }));
  }

  /** What cannot be written to its end keeps nothing else from it. */
  async #ending(end: () => void | Promise<void>): Promise<void> {
    try {
      await end();
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.#outputErrors.push(error);
    }
  }

  async stop(): Promise<void> {
    await this.#threads?.stop();
  }

  #begin(block: EventBlock | undefined): Running {
    this.#hasFailed = true;
    const { plan, features, threads, decoder } = {
      ...{ plan: this.#plan, features: this.#features, threads: this.#threads },
      decoder: this.decoder,
    };
    const { priceExponent, quantityExponent } = decoder.scale;
    const units = { priceDecimals: -priceExponent, quantityDecimals: -quantityExponent };
    const unknown = plan.unknown ?? (this.#isWholeFrom(block) ? 'refuse' : 'count');
    const isCounting = unknown === 'count';
    const hasRows = followsRows(this.#feed);
    const window = windowOf(this.#feed, plan);
    const bookOptions = {
      ...{ kernel: this.kernel, lenient: plan.lenient },
      // What LOBSTER's rows show is of orders that nobody named.
      ...{ joined: isCounting || hasRows, passesUnknown: isCounting },
      ...{ ...window, levels: decoder.levels ?? window.levels },
    };
    const book = new ReplayBook(bookOptions);
    const parts = this.#engineParts;
    const place = { kernel: this.kernel, decoder, bookOptions };
    const engine = parts === undefined ? undefined : new EngineSide(plan, parts, place);
    if (features !== undefined) threads?.start(features, units);
    const labels = features?.features.map(({ label }) => label) ?? [];
    const { parquet: path, instrument } = plan;
    const parquet =
      path === undefined
        ? undefined
        : new ParquetFile({ path, instrument, features: labels, ...units });
    const title = this.#feed.inputs.map(({ name }) => name).join(', ');
    const picture =
      plan.svg === undefined
        ? undefined
        : new ReplayPicture({ title, instrument, features: labels, ...units });
    const sinks: FrameSink[] = picture === undefined ? [] : [picture.add];
    const summary = this.#summary;
    if (parquet !== undefined) sinks.push((frame, names) => parquet.add(frame, names));
    if (summary !== undefined) sinks.push((frame, names) => summary.add(frame, names));
    const { depth } = plan;
    const replay = new Replay({ decoder, book, plan: features, depth, sinks, threads });
    this.#running = { book, replay, unknown, parquet, picture, engine };
    this.#hasFailed = false;
    return this.#running;
  }

  /** A feed that begins with a cleared book or a snapshot names every order that there is. */
  #isWholeFrom(block: EventBlock | undefined): boolean {
    if (block === undefined) return false;
    const { action } = readEvent(new DataView(this.kernel.memory.buffer), block.address);
    return action === Action.CLEAR || startsSnapshot(this.kernel, block);
  }

  #goOn({ book, engine }: Running, block: EventBlock): void {
    this.#isNext = false;
    // The first of LOBSTER's rows is the whole book, too.
    if (!followsRows(this.#feed) && !startsSnapshot(this.kernel, block)) return;
    for (let number = 0; number < this.decoder.instrumentCount; number += 1) book.trim(number, 0);
    engine?.startSnapshot();
  }
}

async function loading<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof StrategyError || error instanceof FeatureError)
      throw new UsageError(`--strategy: ${error.message}`);
    throw error;
  }
}

function checkWritable(path: string): void {
  try {
    closeSync(openSync(path, 'w'));
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
