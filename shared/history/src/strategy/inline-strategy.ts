import type { Frame } from '../features/frame.ts';
import {
  type Strategy,
  type StrategyContext,
  StrategyError,
  type StrategyRun,
} from './strategy.ts';
import type { OrderFill, OrderReport } from './strategy-orders.ts';

export interface StrategyPlace {
  readonly path: string;
  readonly strategy: Strategy;
  readonly context: StrategyContext;
  /** Of each feature that it asks for, the column's place in the frame. */
  readonly columns: readonly number[];
}

/** A strategy that runs in the thread that calls it. */
export class InlineStrategy {
  readonly #place: StrategyPlace;
  readonly #run: StrategyRun;
  /** Its own columns of each frame: made once. */
  readonly #features = new Map<Frame, readonly Float64Array[]>();

  /** @throws StrategyError STRATEGY_FAILED */
  constructor(place: StrategyPlace) {
    this.#place = place;
    this.#run = this.#guard('start', () => place.strategy.start(place.context));
  }

  /** @throws StrategyError STRATEGY_FAILED */
  onFrame(frame: Frame): void {
    const features = this.#features.get(frame) ?? this.#columnsOf(frame);
    this.#guard(`block of event ${frame.events.firstEvent}`, () =>
      this.#run.onBlock(frame.events, frame.snapshots, features),
    );
  }

  /** @throws StrategyError STRATEGY_FAILED */
  onOrder(report: OrderReport): void {
    this.#guard(`report of order ${report.id}`, () => this.#run.onOrder?.(report));
  }

  /** @throws StrategyError STRATEGY_FAILED */
  onFill(fill: OrderFill): void {
    this.#guard(`fill of order ${fill.id}`, () => this.#run.onFill?.(fill));
  }

  /** @throws StrategyError STRATEGY_FAILED */
  result(): unknown {
    return this.#guard('result', () => this.#run.result?.());
  }

  #columnsOf(frame: Frame): readonly Float64Array[] {
    const features = this.#place.columns.map((column) => {
      const found = frame.features[column];
      if (found === undefined) throw new Error(`the frame has no feature ${column}`);
      return found;
    });
    this.#features.set(frame, features);
    return features;
  }

  #guard<T>(where: string, call: () => T): T {
    try {
      return call();
    } catch (cause) {
      const message = `${this.#place.path}, ${where}: ${reasonOf(cause)}`;
      throw new StrategyError('STRATEGY_FAILED', message, { cause });
    }
  }
}

const OWN_SOURCE = new URL('..', import.meta.url).href;

/** With the places in the strategy's own code, and none of what called it. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return `${cause}`;
  const lines = (cause.stack ?? cause.message).split('\n');
  const called = lines.findIndex((line) => line.includes(import.meta.url));
  const own = called < 0 ? lines : lines.slice(0, called);
  return own.filter((line) => !line.includes(OWN_SOURCE)).join('\n');
}
