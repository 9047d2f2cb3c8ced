// SPDX-License-Identifier: GPL-3.0-or-later
import type { CircuitName } from '@foldbook/circuits';
import type { ProofJob } from '../proof-job.ts';
import type { Measurement } from '../router/proof-backend.ts';

export interface ProveAnswer {
  readonly steps: readonly Measurement[];
  readonly holds: boolean;
  readonly verifyMs: number;
}

/** What a measuring process is asked. */
export type ProveQuestions = {
  prove: {
    asked: {
      readonly backEnd: string;
      readonly circuit: CircuitName;
      readonly jobs: readonly ProofJob[];
    };
    answer: ProveAnswer;
  };
};

/** What a worker proved while something else was measured, and what that took it. */
export interface ProvedLoad {
  readonly proofs: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Highest of the process's life so far. */
  readonly rssBytes: number;
}

/** What `prove-load-main.ts` is asked; checked there, as who asks is under another license. */
export type ProveLoadQuestions = {
  readonly prepare: {
    readonly asked: unknown;
    readonly answer: { readonly pid: number; readonly cores: readonly number[] };
  };
  readonly begin: { readonly asked: undefined; readonly answer: undefined };
  readonly end: { readonly asked: undefined; readonly answer: ProvedLoad };
};
