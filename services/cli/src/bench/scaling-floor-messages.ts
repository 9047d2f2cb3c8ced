/** What the processes of `scalingFloor` are asked. */

/** `compute`: in registers alone. `memory`: copies of more than any cache holds. */
export const LOADS = ['compute', 'memory'] as const;
export type Load = (typeof LOADS)[number];

export type ScalingQuestions = {
  readonly run: {
    readonly asked: { readonly load: Load; readonly forMs: number };
    /** Rounds a second. */
    readonly answer: number;
  };
};
