/** What the command and a measuring process say to each other. */
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

export interface Answers {
  readonly prepare: PinResult;
  readonly run: MatchRun;
  readonly latency: LatencyRun;
}

export type Question = keyof Answers;

export type MeasureRequest =
  | { readonly ask: 'prepare'; readonly options: MeasureOptions }
  | { readonly ask: 'run' | 'latency' };

export type MeasureReply<Ask extends Question> =
  | { readonly ok: true; readonly answer: Answers[Ask] }
  | { readonly ok: false; readonly reason: string };
