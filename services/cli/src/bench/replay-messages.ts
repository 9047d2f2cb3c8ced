/** What the command asks the process of `bench replay`, and what it answers. */
import type { PinResult } from '@foldbook/runtime';
import type { ReplayRun } from './replay-run.ts';

export interface ReplayOptions {
  /** Path of the workload file. */
  readonly workloadFile: string;
  readonly core: number;
}

export type ReplayQuestions = {
  readonly prepare: { readonly asked: ReplayOptions; readonly answer: PinResult };
  readonly run: { readonly asked: undefined; readonly answer: ReplayRun };
};
