/** What the command, the process that measures and its writing thread say to each other. */
import type { SharedEvents } from '@foldbook/engine';
import type { PinResult } from '@foldbook/runtime';
import type { LatencyPercentiles } from './statistics.ts';

export interface OrdersOptions {
  /** Path of a message file, .bin or .bin.zst. */
  readonly file: string;
  /** Of the thread that matches, and of the one that reads its events. */
  readonly matchCore: number;
  readonly readCore: number;
  /** Pages of 1,024 events that the ring has. */
  readonly ringPages: number;
}

export interface OrdersPrepared {
  readonly messages: number;
  readonly matchPin: PinResult;
  readonly readPin: PinResult;
}

export interface OrdersRun {
  /** Commands between two publications of events. */
  readonly publishEvery: number;
  /** At which commands come; as fast as they are taken without. */
  readonly perSec?: number;
}

export interface OrdersMeasured {
  readonly msgsPerSec: number;
  readonly events: number;
  readonly trades: number;
  /** From when a command was to come until its first event was read; of paced runs. */
  readonly latencyNs?: LatencyPercentiles;
  /** What the reader saw is, event by event, what an engine of one thread says. */
  readonly isRight: boolean;
}

export type OrdersQuestions = {
  readonly prepare: { readonly asked: OrdersOptions; readonly answer: OrdersPrepared };
  readonly run: { readonly asked: OrdersRun; readonly answer: OrdersMeasured };
};

/** The writing thread's answers: to its start, and to each run that it is asked to get ready. */
export interface WriterReady {
  readonly messages: number;
  readonly pin: PinResult;
  readonly expected: Expected;
}

export interface RunReady {
  readonly events: SharedEvents;
  /** Of the first message's command. */
  readonly firstSequence: number;
}

export interface Expected {
  readonly events: number;
  readonly trades: number;
  readonly checksum: number;
}

/** What both threads have. */
export interface OrdersControl {
  /** Words `Flag`, Int32, and a Float64: when the run started, ns since `originNs`. */
  readonly buffer: SharedArrayBuffer;
  /** Of `hrtime.bigint`. */
  readonly originNs: bigint;
}

export const Flag = { GO: 0, DONE: 1 } as const;
export const START_OFFSET = 8;
export const CONTROL_BYTES = 16;
