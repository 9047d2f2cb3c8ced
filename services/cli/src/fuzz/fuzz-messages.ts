/** What the thread that plays inputs is asked, and what it answers. */
import type { Failure } from './fuzz-target.ts';

export interface FuzzThreadData {
  readonly format: string;
  readonly seed: number;
  readonly folder: string;
  /** Is played instead of any other. */
  readonly only: Uint8Array | undefined;
  /** The run that is played, an Int32: who ends a thread that hangs reads it. */
  readonly playing: SharedArrayBuffer;
}

export interface FuzzTask {
  /** Runs from `first` on. */
  readonly first: number;
  readonly count: number;
}

export interface FuzzAnswer {
  /** Runs that were played. */
  readonly runs: number;
  readonly bytes: number;
  /** How often each outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly failure?: FailedInput;
}

export interface FailedInput extends Failure {
  readonly run: number;
  readonly bytes: Uint8Array;
  /** Before it was made smaller; undefined where it could not be. */
  readonly madeBytes?: number | undefined;
}
