/** What `foldbook bench hosts` asks this process; the command has its own copy of the types. */
import type { PinResult } from '@foldbook/runtime';
import type { CycleLimits } from '../host-agent.ts';

export interface NeighbourAsk {
  readonly core: number;
  /** Of the neighbour, one at each intended time. */
  readonly perSec: number;
  readonly seconds: number;
  readonly cycle: CycleLimits;
  /** Commands in each group of the busy market; none: there is no busy market. */
  readonly groupCommands: number | undefined;
}

export interface NeighbourRun {
  /** From the intended time of each until its end was read, in that order. */
  readonly latencyNs: Float64Array;
  /**
   * Commands of the busy market that were done between a command's being sent and its end: what it
   * had to wait for, whatever else the machine did.
   */
  readonly before: Float64Array;
  /** Commands of the busy market in the same time. */
  readonly busyPerSec: number;
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

export interface MoveAsk {
  readonly cores: readonly [number, number];
  /** The client looks now and then only: a host is on its core. */
  readonly isShared: boolean;
  readonly orders: number;
  readonly accounts: number;
  readonly levels: number;
  readonly perSec: number;
  /** At least so long, and at least so many moves. */
  readonly seconds: number;
  readonly leastMoves: number;
}

export interface MoveRun {
  readonly tookMs: readonly number[];
  /** Of the neighbour on the host that the market leaves, and of the one where it goes to. */
  readonly leavingNs: Float64Array;
  readonly comingNs: Float64Array;
  /** Of both, while nothing moves. */
  readonly restingNs: Float64Array;
}

export interface PieceAsk {
  readonly orders: number;
  readonly accounts: number;
  readonly levels: number;
  readonly runs: number;
}

/** The pieces in which a market leaves, or comes: each the least of all runs. */
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
  readonly pieces: { readonly asked: PieceAsk; readonly answer: PieceRun };
};
