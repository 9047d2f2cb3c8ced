/** What the command asks a measuring process, and what it answers. */
import type { PinResult } from '@foldbook/runtime';
import type { LatencyRun, MatchRun } from './match-run.ts';

export interface MeasureOptions {
  /** Path of the workload file. */
  readonly workloadFile: string;
  readonly accounts: number;
  /** Commands a call of the engine. */
  readonly group: number;
  readonly core: number;
  /** URL of the module that exports the engine's factory. */
  readonly engineUrl: string;
}

export type MeasureQuestions = {
  readonly prepare: { readonly asked: MeasureOptions; readonly answer: PinResult };
  readonly run: { readonly asked: undefined; readonly answer: MatchRun };
  readonly latency: { readonly asked: undefined; readonly answer: LatencyRun };
};
