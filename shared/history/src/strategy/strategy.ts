/** What a strategy is: a module whose default export is `defineStrategy({...})`. */
import type { EventColumns, SnapshotColumns } from '../features/frame.ts';
import type { OrderFill, OrderReport, StrategyOrders } from './strategy-orders.ts';

/** The feed that a strategy runs on. */
export interface StrategyContext {
  /** Names by number; more may be met while it runs. */
  readonly instruments: () => readonly string[];
  /** A price of 1 in columns is 10^-priceDecimals of the currency. */
  readonly priceDecimals: number;
  /** A quantity of 1 in columns is 10^-quantityDecimals of the instrument. */
  readonly quantityDecimals: number;
  /** Where it can place orders: in a backtest, and live. */
  readonly orders?: StrategyOrders | undefined;
}

/** One run of a strategy. */
export interface StrategyRun {
  /**
   * Called for each block of up to 1,024 events, in order. Columns are overwritten afterwards.
   * `features[i]` is the i-th of what the strategy asked for.
   */
  onBlock(
    events: EventColumns,
    snapshots: SnapshotColumns,
    features: readonly Float64Array[],
  ): void;
  /** What became of an order of its own. */
  onOrder?(report: OrderReport): void;
  onFill?(fill: OrderFill): void;
  /** After the last block: what the run came to, as plain data. */
  result?(): unknown;
}

export interface Strategy {
  /** Names of features (`foldbook replay --help` lists them), a column each. */
  readonly features?: readonly string[];
  start(context: StrategyContext): StrategyRun;
}

/** Says nothing at run time; gives editors the types. */
export const defineStrategy = (strategy: Strategy): Strategy => strategy;

export type StrategyErrorCode = 'STRATEGY_NOT_FOUND' | 'NOT_A_STRATEGY' | 'STRATEGY_FAILED';

export class StrategyError extends Error {
  override readonly name = 'StrategyError';
  readonly code: StrategyErrorCode;

  constructor(code: StrategyErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
