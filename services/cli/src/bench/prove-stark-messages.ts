/** What `bench prove --backend stark` asks its processes. */
import type { ProofParameters, Stage } from '@foldbook/stark';

export interface ProvedRun {
  readonly records: number;
  readonly statement: Uint8Array;
  readonly proof: Uint8Array;
  /** Processor time of all threads of the process. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Processor time from a stage's beginning to that of the next. */
  readonly stagesMs: Readonly<Record<Stage, number>>;
  /** Rows of the account table at the end. */
  readonly accounts: number;
  /** Highest of the process's life so far. */
  readonly rssBytes: number;
}

export interface VerifiedRun {
  readonly ok: boolean;
  /** Of the code of refusal; empty when it holds. */
  readonly code: string;
  readonly securityBits: number;
  readonly cpuMs: number;
  readonly wallMs: number;
}

export type StarkQuestions = {
  /** Parts from genesis on, packed. A process that only verifies is not asked. */
  readonly prepare: {
    readonly asked: {
      readonly parameters: ProofParameters;
      readonly parts: readonly { readonly packed: Uint8Array; readonly records: number }[];
    };
    readonly answer: undefined;
  };
  /** A part, by its number; the one before it has been proved. */
  readonly prove: { readonly asked: { readonly part: number }; readonly answer: ProvedRun };
  readonly verify: {
    readonly asked: { readonly statement: Uint8Array; readonly proof: Uint8Array };
    readonly answer: VerifiedRun;
  };
};
