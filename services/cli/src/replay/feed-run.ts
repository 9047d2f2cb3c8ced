/** Reads a feed's files, one after another, and takes the time. */
import { setImmediate as turn } from 'node:timers/promises';
import { followFile, LobsterDayDecoder } from '@foldbook/history';
import { settledCpuUs } from '../bench/thread-cpu.ts';
import { type Fault, faultOf, outputFault } from './fault.ts';
import type { Feed, FeedInput } from './feed.ts';
import { followsRows } from './feed-decoder.ts';
import { type FeedOutcome, outcomeOf } from './feed-outcome.ts';
import { InputRows } from './input-rows.ts';
import { OpenInputs } from './open-inputs.ts';
import { Pacer } from './pacer.ts';
import { Pipeline, type StrategyOutcome } from './pipeline.ts';
import type { ReplayPlan } from './replay-plan.ts';

/** How often others of this thread get a turn: timers, Ctrl-C, progress. */
const TURN_MS = 50;

export interface RunProgress {
  readonly name: string;
  readonly readBytes: number;
  readonly totalBytes: number;
  readonly events: number;
  readonly eventsPerSec: number;
}

export interface FeedRunOptions {
  readonly module: WebAssembly.Module;
  readonly plan: ReplayPlan;
  readonly feed: Feed;
  /** Ends the run early, with what was read. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
}

/** Time on the clock and of this thread, of several stretches together. */
class Stopwatch {
  clockMs = 0;
  cpuUs = 0;
  #startMs = 0;
  #startUs = 0;

  start(): void {
    this.#startUs = settledCpuUs();
    this.#startMs = performance.now();
  }

  stop(): void {
    this.clockMs += performance.now() - this.#startMs;
    this.cpuUs += settledCpuUs() - this.#startUs;
  }

  /** Of the stretch that is under way, too. */
  get runningMs(): number {
    return this.clockMs + performance.now() - this.#startMs;
  }
}

/**
 * Faults of the input are in what comes back.
 * @throws UsageError where a file for results cannot be made, or a strategy cannot be loaded
 */
export async function runFeed(options: FeedRunOptions): Promise<FeedOutcome> {
  const pipeline = await Pipeline.open(options.module, options.feed, options.plan);
  try {
    return await new FeedRun(options, pipeline).run();
  } finally {
    await pipeline.stop();
  }
}

class FeedRun {
  readonly #options: FeedRunOptions;
  readonly #pipeline: Pipeline;
  readonly #pacer: Pacer | undefined;
  readonly #inputs: OpenInputs;
  readonly #watch = new Stopwatch();
  readonly #faults: Fault[] = [];
  #passes = 0;
  #decoderFaults = 0n;
  #skipped = 0n;
  #contentBytes = 0;
  /** Where the file began, in bytes that the decoder counts. */
  #base = 0;
  #isMapped = false;
  #turnedMs = performance.now();

  constructor(options: FeedRunOptions, pipeline: Pipeline) {
    const { speed } = options.plan;
    this.#options = options;
    this.#pipeline = pipeline;
    this.#inputs = new OpenInputs(options.plan.mapping);
    if (speed !== undefined) this.#pacer = new Pacer(pipeline.kernel, speed);
  }

  async run(): Promise<FeedOutcome> {
    const { plan, feed, signal } = this.#options;
    const pipeline = this.#pipeline;
    const watch = this.#watch;
    for (let isWhole = true; isWhole && this.#passes < plan.repeat; this.#passes += 1) {
      if (this.#passes > 0) pipeline.again();
      watch.start();
      isWhole = await this.#pass();
      watch.stop();
    }
    await this.#inputs.closeAll();
    this.#endInput();
    watch.start();
    const strategies = await this.#finish();
    watch.stop();
    return outcomeOf({
      ...{ feed, pipeline, strategies, passes: this.#passes },
      ...{ seconds: watch.clockMs / 1e3, cpuSeconds: watch.cpuUs / 1e6 },
      ...{ decoderFaults: Number(this.#decoderFaults), skipped: Number(this.#skipped) },
      ...{ contentBytes: this.#contentBytes, isMapped: this.#isMapped },
      ...{ faults: this.#faults, isInterrupted: signal.aborted && !plan.follow },
    });
  }

  /** @returns whether all was read */
  async #pass(): Promise<boolean> {
    const { feed, plan, signal } = this.#options;
    for (const [index, input] of feed.inputs.entries()) {
      this.#beginInput(index);
      try {
        await this.#read(input);
      } catch (error) {
        const fault = this.#faultOf(error, input);
        this.#faults.push(fault);
        if (!plan.lenient || !fault.isOfFile) return false;
      }
      if (signal.aborted || this.#pipeline.isStopped) return false;
    }
    return true;
  }

  /** Hours of a node are one stream of blocks; other files begin anew. */
  #beginInput(index: number): void {
    const { decoder } = this.#pipeline;
    const isStream = this.#options.feed.format.name === 'hyperliquid';
    if (index > 0) this.#pipeline.nextFile();
    const isFresh = index === 0 && this.#passes === 0;
    if (!isFresh && (index === 0 || !isStream || this.#faults.length > 0)) {
      this.#endInput();
      decoder.restart();
    }
    this.#base = decoder.consumed;
  }

  /** A decoder forgets its counts when it restarts. */
  #endInput(): void {
    const { faults, skipped, consumed } = this.#pipeline.decoder;
    this.#decoderFaults += faults;
    this.#skipped += skipped;
    this.#contentBytes += consumed;
  }

  async #read(input: FeedInput): Promise<void> {
    const { plan, signal } = this.#options;
    const { path, name } = input;
    if (plan.follow) {
      for await (const chunk of followFile({ path, signal })) {
        await this.#push(chunk);
        const { consumed } = this.#pipeline.decoder;
        await this.#turn(name, consumed, consumed);
      }
      return;
    }
    const file = await this.#inputs.open(input);
    this.#isMapped = file.isMapped;
    const rows = this.#rowsOf(input);
    try {
      for await (const chunk of file.chunks()) {
        await rows.before(chunk);
        await this.#push(chunk);
        if (signal.aborted || this.#pipeline.isStopped) return;
        if (performance.now() - this.#turnedMs > TURN_MS) {
          await this.#turn(name, file.readBytes, file.totalBytes);
        }
      }
      await rows.before();
      await this.#push(undefined);
    } finally {
      await rows.close();
      if (plan.repeat === 1) {
        await this.#inputs.close(input);
        if (input.rows !== undefined) await this.#inputs.close(input.rows);
      }
    }
  }

  #rowsOf({ rows }: FeedInput): InputRows {
    const isUsed = rows !== undefined && followsRows(this.#options.feed);
    const open = isUsed ? () => this.#inputs.open(rows) : undefined;
    return new InputRows(this.#pipeline.decoder, open);
  }

  /** The fault's file is the orderbook file where that one has it. */
  #faultOf(error: unknown, { name, rows }: FeedInput): Fault {
    const { decoder } = this.#pipeline;
    if (rows !== undefined && decoder instanceof LobsterDayDecoder && decoder.isOfRows(error)) {
      return faultOf(error, rows.name, decoder.rowsConsumed, 0);
    }
    return faultOf(error, name, decoder.consumed, this.#base);
  }

  /** @param chunk undefined at the end */
  async #push(chunk: Uint8Array | undefined): Promise<void> {
    const { decoder, take } = this.#pipeline;
    const pacer = this.#pacer;
    const onBlock = pacer === undefined ? take : pacer.keep;
    try {
      if (chunk === undefined) decoder.end(onBlock);
      else decoder.push(chunk, onBlock);
    } finally {
      await pacer?.play(this.#options.signal, take);
    }
  }

  async #turn(name: string, readBytes: number, totalBytes: number): Promise<void> {
    const { events } = this.#pipeline;
    const eventsPerSec = (events / this.#watch.runningMs) * 1e3;
    this.#options.onProgress?.({ name, readBytes, totalBytes, events, eventsPerSec });
    await turn();
    this.#turnedMs = performance.now();
  }

  async #finish(): Promise<StrategyOutcome[]> {
    const pipeline = this.#pipeline;
    try {
      return await pipeline.finish();
    } catch (error) {
      const [input] = this.#options.feed.inputs;
      this.#faults.push(faultOf(error, input?.name ?? '', pipeline.decoder.consumed, 0));
      return [];
    } finally {
      this.#faults.push(...pipeline.outputErrors.map(outputFault));
    }
  }
}
