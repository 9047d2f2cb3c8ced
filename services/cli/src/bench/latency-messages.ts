/** What `bench latency`, the process that measures and its market thread say to each other. */
import type { SharedEvents } from '@foldbook/engine';
import type { PinResult, RealTimeResult } from '@foldbook/runtime';
import type { LatencyPercentiles } from './statistics.ts';

export interface LatencyCores {
  /** Of the thread that matches, and of the one that sends commands and reads events. */
  readonly matchCore: number;
  readonly clientCore: number;
}

export interface LatencyOptions extends LatencyCores {
  /** Priority of both threads in real time. */
  readonly realtime: number | undefined;
}

export interface LatencyPrepared {
  readonly matchPin: PinResult;
  readonly clientPin: PinResult;
  /** Of the client, which says what the market thread got, too; undefined if not asked for. */
  readonly realTime: RealTimeResult | undefined;
}

export interface LatencyRun {
  /** Pairs of commands: one that rests, and one that trades with it. */
  readonly pairs: number;
  /** Commands; without it they are sent as fast as the ring takes them. */
  readonly perSec: number | undefined;
}

/** Of the market thread alone; always paced. */
export interface AloneRun {
  readonly pairs: number;
  readonly perSec: number;
}

export interface LatencyMeasured {
  readonly commandsPerSec: number;
  /** From when a command was to be sent until its trade was read; of paced runs. */
  readonly latencyNs?: LatencyPercentiles;
  readonly trades: number;
  /** Every pair traded, in order, and nothing was rejected. */
  readonly isRight: boolean;
}

export interface HopRun {
  readonly roundTrips: number;
}

export type LatencyQuestions = {
  readonly prepare: { readonly asked: LatencyOptions; readonly answer: LatencyPrepared };
  readonly word: { readonly asked: HopRun; readonly answer: LatencyPercentiles };
  readonly hop: { readonly asked: HopRun; readonly answer: LatencyPercentiles };
  readonly run: { readonly asked: LatencyRun; readonly answer: LatencyMeasured };
  readonly alone: { readonly asked: AloneRun; readonly answer: LatencyMeasured };
};

/**
 * To the market thread: send words or slots back, or match commands, as long as `Flag.RUN` is; or
 * match some of its own, which is answered with a `LatencyMeasured`.
 */
export type MarketAsk =
  | {
      readonly what: 'bounce' | 'echo' | 'match';
      /** Its number; another one each time. */
      readonly run: number;
    }
  | ({ readonly what: 'alone' } & AloneRun);

/** The market thread's answers: to its start, and to what it is asked. */
export interface MarketPrepared {
  readonly pin: PinResult;
}

export type BounceReady = Readonly<Record<string, never>>;

export interface EchoReady {
  readonly echoes: SharedArrayBuffer;
}

export interface MatchReady {
  readonly events: SharedEvents;
  /** Of the first command that comes through the ring. */
  readonly firstSequence: number;
}

/** What both threads have. */
export interface LatencyShared {
  readonly matchCore: number;
  readonly realtime: number | undefined;
  /** A ring of commands; a market thread starts at its end. */
  readonly commands: SharedArrayBuffer;
  /** Words `Flag`. */
  readonly flags: SharedArrayBuffer;
}

/** Each on cache lines of its own. */
export const Flag = { RUN: 0, THERE: 32, BACK: 64 } as const;
export const FLAG_WORDS = 96;
export const COMMAND_SLOTS = 4_096;
