/** What one who has a part proved hears, and can do, meanwhile. */
import { StarkError } from '../kernel/stark-error.ts';

export type Stage =
  | 'trace'
  | 'extend'
  | 'commit'
  | 'lookup'
  | 'constraints'
  | 'openings'
  | 'combine'
  | 'fri'
  | 'grind';

export const STAGES: readonly Stage[] = [
  ...(['trace', 'extend', 'commit', 'lookup', 'constraints'] as const),
  ...(['openings', 'combine', 'fri', 'grind'] as const),
];

export interface ProveHooks {
  /** Asked between steps of some milliseconds; true ends the work with CANCELLED. */
  readonly isCancelled?: (() => boolean) | undefined;
  /** Told what is begun. A stage may come more than once. */
  readonly onStage?: ((stage: Stage) => void) | undefined;
}

/** @throws StarkError CANCELLED */
export function begin(stage: Stage, { isCancelled, onStage }: ProveHooks): void {
  if (isCancelled?.() === true) throw new StarkError('CANCELLED', `cancelled before: ${stage}`);
  onStage?.(stage);
}
