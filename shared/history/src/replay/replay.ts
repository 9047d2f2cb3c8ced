/** Bytes to events, to the book, to frames with features, to whoever reads them. */
import type { EventBlock } from '../decoder.ts';
import type { FeaturePlan } from '../features/feature-plan.ts';
import { cutToFrames, type Frame } from '../features/frame.ts';
import type { MarketDecoder } from '../market-decoder.ts';
import type { ReplayBook } from '../replay-book.ts';
import type { StrategyThreads } from '../strategy/strategy-threads.ts';

/** Reads each frame in the thread that replays; the frame is filled again afterwards. */
export type FrameSink = (frame: Frame, instruments: readonly string[]) => void;

export interface ReplayParts {
  readonly decoder: MarketDecoder;
  readonly book: ReplayBook;
  /** What is computed of each frame. Without it there are none, and the book alone is kept. */
  readonly plan?: FeaturePlan | undefined;
  /** Best levels that snapshots add up. Default 1. */
  readonly depth?: number | undefined;
  readonly sinks?: readonly FrameSink[] | undefined;
  /** Started with the same plan. */
  readonly threads?: StrategyThreads | undefined;
}

export class Replay {
  readonly #parts: ReplayParts;
  readonly #own: Frame | undefined;
  readonly #onBlock = (block: EventBlock) => this.apply(block);
  #names: readonly string[] = [];
  #isStopped = false;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
    const { plan, threads } = parts;
    this.#own = threads === undefined ? plan?.newFrame() : undefined;
  }

  /** A strategy has failed: what is pushed from now on is left aside. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Names by the numbers that events have, as far as they are known. */
  get instruments(): readonly string[] {
    const { decoder } = this.#parts;
    if (decoder.instrumentCount !== this.#names.length) this.#names = decoder.instruments();
    return this.#names;
  }

  /**
   * Bytes as they come from a file.
   * @throws DecodeError and ReplayError after what came before the fault was applied and read
   */
  push(bytes: Uint8Array): void {
    if (!this.#isStopped) this.#parts.decoder.push(bytes, this.#onBlock);
  }

  /**
   * The input has ended.
   * @throws as `push`
   */
  end(): void {
    if (!this.#isStopped) this.#parts.decoder.end(this.#onBlock);
  }

  /**
   * Events that are decoded already.
   * @throws as `push`
   */
  apply(block: EventBlock): void {
    const { book, plan } = this.#parts;
    if (plan === undefined) book.apply(block);
    else cutToFrames(block, (part) => this.#fill(plan, part));
  }

  #fill(plan: FeaturePlan, block: EventBlock): void {
    const { book, depth, threads } = this.#parts;
    if (this.#isStopped) return;
    const frame = threads === undefined ? this.#own : threads.next();
    if (frame === undefined) {
      this.#isStopped = true;
      return;
    }
    try {
      book.applyToFrame(block, frame, depth);
    } finally {
      if (frame.events.count > 0) this.#show(plan, frame);
    }
  }

  #show(plan: FeaturePlan, frame: Frame): void {
    plan.compute(frame);
    for (const sink of this.#parts.sinks ?? []) sink(frame, this.instruments);
    this.#parts.threads?.publish(this.instruments);
  }
}
