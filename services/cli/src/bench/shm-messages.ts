/** What `bench shm` asks the process that is the client. */
import type { LatencyPercentiles } from './statistics.ts';

export interface ShmClientOptions {
  /** The account's socket. */
  readonly sharedMemory: string;
  readonly market: string;
  readonly account: number;
}

export interface ShmRun {
  readonly trips: number;
  readonly perSec: number;
}

export interface ShmMeasured {
  /** From when a message was to be sent until its answer was there. */
  readonly latencyNs: LatencyPercentiles;
  /** Every command was answered as it should be, in order. */
  readonly isRight: boolean;
}

export type ShmQuestions = {
  readonly attach: { readonly asked: ShmClientOptions; readonly answer: undefined };
  /** Orders: through the log and the engine, and back as a report. */
  readonly orders: { readonly asked: ShmRun; readonly answer: ShmMeasured };
  /** To the market's process and back, without log and engine. */
  readonly echoes: { readonly asked: ShmRun; readonly answer: ShmMeasured };
  readonly detach: { readonly asked: undefined; readonly answer: undefined };
};
