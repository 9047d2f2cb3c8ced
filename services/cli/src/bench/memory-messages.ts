/** What `bench memory` asks its measuring process. */
import type { PinResult, PlacedMemory } from '@foldbook/runtime';
import type { MatchRun } from './match-run.ts';

/**
 * What is done to the kernel's memory before its first command: nothing; every page touched; in
 * huge pages; locked; both of these.
 */
export const PREPARATIONS = ['none', 'touched', 'huge', 'locked', 'huge+locked'] as const;
export type Preparation = (typeof PREPARATIONS)[number];

export interface PoolRun {
  /** Orders that are taken before any is given back. */
  readonly orders: number;
  /** Of one order taken and given back: out of memory that nobody had yet, and out of the pool. */
  readonly freshNs: number;
  readonly againNs: number;
}

export interface BlockRun {
  readonly blockBytes: number;
  /** Of one block taken, cleared and given back. */
  readonly ns: number;
}

export interface FaultRun {
  /** Of the commands of the thread; of the untouched pages, as they came to be used. */
  readonly faultsPerMillion: number | undefined;
  readonly nsPerOrder: number;
  /** What the system gave; undefined where nothing was asked for. */
  readonly placed: PlacedMemory | undefined;
}

export interface FaultAsk {
  readonly preparation: Preparation;
  readonly orders: number;
  readonly reserveMb: number;
}

export type MemoryQuestions = {
  readonly prepare: {
    readonly asked: {
      readonly core: number;
      readonly engineFolder: string;
      readonly workloadFile: string;
      readonly accounts: number;
      readonly group: number;
    };
    readonly answer: PinResult;
  };
  readonly pool: { readonly asked: { readonly orders: number }; readonly answer: PoolRun };
  readonly block: { readonly asked: { readonly shift: number }; readonly answer: BlockRun };
  readonly faults: { readonly asked: FaultAsk; readonly answer: FaultRun };
  readonly match: {
    readonly asked: { readonly preparation: Preparation; readonly reserveMb: number };
    readonly answer: MatchRun;
  };
};
