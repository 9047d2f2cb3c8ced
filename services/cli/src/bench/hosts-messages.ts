/** What `bench hosts` asks its process, which belongs to the market service. */
import type { PinResult } from '@foldbook/runtime';

export interface NeighbourAsk {
  readonly core: number;
  /** Commands to the quiet market, one at each intended time. */
  readonly perSec: number;
  readonly seconds: number;
  readonly cycle: { readonly records: number; readonly timeNs: number };
  /** Commands in each group of the busy market; none: there is no busy market. */
  readonly groupCommands: number | undefined;
}

export interface NeighbourRun {
  /** In the order of the commands. */
  readonly latencyNs: Float64Array;
  /** Commands of the busy market that were done from each command's being sent to its end. */
  readonly before: Float64Array;
  readonly busyPerSec: number;
}

interface Filling {
  readonly orders: number;
  readonly accounts: number;
  readonly levels: number;
}

export interface CrowdAsk {
  readonly core: number;
  /** Markets that are never without commands. */
  readonly busy: number;
  /** Of the quiet one, one at each intended time. */
  readonly perSec: number;
  readonly seconds: number;
  /** How long the log takes for a group, ms. */
  readonly commitMs: number;
}

export interface CrowdRun {
  /** From the intended time of each until it was answered, in that order. */
  readonly latencyNs: Float64Array;
  /** Commands of each busy market. */
  readonly busyPerSec: Float64Array;
}

export interface MoveAsk extends Filling {
  readonly cores: readonly [number, number];
  /** The client has no core of its own. */
  readonly isShared: boolean;
  readonly perSec: number;
  readonly seconds: number;
  readonly leastMoves: number;
}

export interface MoveRun {
  readonly tookMs: readonly number[];
  readonly leavingNs: Float64Array;
  readonly comingNs: Float64Array;
  readonly restingNs: Float64Array;
}

export interface Pieces {
  readonly count: number;
  readonly overMs: number;
  readonly worstNs: readonly number[];
}

export interface PieceRun {
  readonly bytes: number;
  readonly leaving: Pieces;
  readonly coming: Pieces;
}

export type HostsQuestions = {
  readonly prepare: { readonly asked: { readonly clientCore: number }; readonly answer: PinResult };
  readonly neighbour: { readonly asked: NeighbourAsk; readonly answer: NeighbourRun };
  readonly crowd: { readonly asked: CrowdAsk; readonly answer: CrowdRun };
  readonly move: { readonly asked: MoveAsk; readonly answer: MoveRun };
  readonly pieces: {
    readonly asked: Filling & { readonly runs: number };
    readonly answer: PieceRun;
  };
};
