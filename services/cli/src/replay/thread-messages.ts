/** Between the command and the threads of `--parallel`. */
import type { Feed } from './feed.ts';
import type { FeedOutcome } from './feed-outcome.ts';
import type { RunProgress } from './feed-run.ts';
import type { ReplayPlan } from './replay-plan.ts';

/** As a thread starts. */
export interface ThreadData {
  /** Undefined: it keeps to none. */
  readonly core: number | undefined;
  readonly module: WebAssembly.Module;
  readonly plan: ReplayPlan;
  readonly feed: Feed;
}

/** From a thread. */
export type FromThread =
  | { readonly type: 'progress'; readonly progress: RunProgress }
  | { readonly type: 'ended'; readonly outcome: FeedOutcome; readonly isPinned: boolean }
  | { readonly type: 'failed'; readonly message: string; readonly isUsage: boolean };

/** To it. */
export type ToThread = { readonly type: 'stop' };
