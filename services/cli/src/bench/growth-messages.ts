/** What `bench growth` asks its measuring process. */
import type { PinResult } from '@foldbook/runtime';
import type { LatencyPercentiles } from './statistics.ts';

export interface GrowthRun {
  /** Of one order a call, the clock included; of each order the least of all runs. */
  readonly latencyNs: LatencyPercentiles;
  /** Orders that took more in every run. */
  readonly over20us: number;
  /** The slowest, by their place among the orders, from 1. */
  readonly worst: readonly { readonly order: number; readonly ns: number }[];
}

export type GrowthQuestions = {
  readonly prepare: { readonly asked: { readonly core: number }; readonly answer: PinResult };
  readonly run: {
    readonly asked: {
      readonly orders: number;
      readonly accounts: number;
      readonly runs: number;
    };
    readonly answer: GrowthRun;
  };
};
