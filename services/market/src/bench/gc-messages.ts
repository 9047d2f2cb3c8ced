/** What `foldbook check gc` asks its process. */

export interface AllocatedAsk {
  /** Of a group. */
  readonly commands: number;
  readonly groups: number;
}

export interface Allocated {
  /** Of JavaScript's heap. */
  readonly bytesPerGroup: number;
}

export interface CollectedAsk {
  readonly commands: number;
  /** Of a group, in commands. */
  readonly size: number;
}

export interface Collected {
  readonly commands: number;
  readonly tookMs: number;
  readonly collections: number;
  readonly longestMs: number;
  readonly totalMs: number;
}

export type GcQuestions = {
  readonly allocated: { readonly asked: AllocatedAsk; readonly answer: Allocated };
  readonly collected: { readonly asked: CollectedAsk; readonly answer: Collected };
};
