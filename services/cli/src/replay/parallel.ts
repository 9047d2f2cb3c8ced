/**
 * Feeds, or shares of them, at once: each in a thread on a core of its own. Where they are more
 * than cores, they wait their turn.
 */
import { availableCores } from '@foldbook/runtime';
import { grouped, plural } from '../output.ts';
import type { Feed } from './feed.ts';
import type { FeedOutcome } from './feed-outcome.ts';
import type { RunProgress } from './feed-run.ts';
import { runInThread } from './feed-thread.ts';
import type { ReplayPlan } from './replay-plan.ts';

export interface ParallelOptions {
  readonly module: WebAssembly.Module;
  readonly plan: ReplayPlan;
  readonly feeds: readonly Feed[];
  readonly signal: AbortSignal;
  /** As of `runInThread`. */
  readonly json: boolean;
  /** Whenever a feed has ended, in the order in which they do. */
  readonly onOutcome: (outcome: FeedOutcome) => void;
  readonly onProgress: (progress: RunProgress) => void;
}

export interface Together {
  readonly feeds: number;
  /** Of each feed. */
  readonly shares: number;
  readonly threads: number;
  /** Shares whose thread kept to a core. */
  readonly pinned: number;
  readonly events: number;
  /** Of the thread that took longest, counted as for a feed alone. */
  readonly seconds: number;
}

/** @throws UsageError, ServiceError where a feed's thread failed; faults of input are outcomes */
export async function runParallel(options: ParallelOptions): Promise<Together> {
  const cores = availableCores();
  const waiting = [...options.feeds];
  const outcomes: FeedOutcome[] = [];
  const files = new Set<Feed['inputs']>();
  let pinned = 0;
  let seconds = 0;
  const threads = Math.min(cores.length, waiting.length);
  const work = async (core: number) => {
    let ownSeconds = 0;
    for (let feed = waiting.shift(); feed !== undefined; feed = waiting.shift()) {
      if (options.signal.aborted) return;
      const { module, plan, signal, json, onProgress } = options;
      // Its strategies are threads, too, and would keep to its core.
      const own = plan.strategies.length === 0 ? core : undefined;
      const ended = await runInThread({ module, plan, feed, signal, json, onProgress }, own);
      outcomes.push(ended.outcome);
      files.add(feed.inputs);
      if (ended.isPinned) pinned += 1;
      ownSeconds += ended.outcome.seconds;
      seconds = Math.max(seconds, ownSeconds);
      options.onOutcome(ended.outcome);
    }
  };
  // The system's own work tends to be on the first core.
  await Promise.all(cores.slice(-threads).map(work));
  return {
    ...{ feeds: files.size, shares: options.feeds[0]?.share?.of ?? 1, threads, pinned },
    events: outcomes.reduce((sum, { events }) => sum + events, 0),
    seconds,
  };
}

export function togetherObject({ seconds, ...rest }: Together): Record<string, unknown> {
  const { events } = rest;
  const eventsPerSec = seconds > 0 ? Math.round(events / seconds) : 0;
  return { together: true, ...rest, eventsPerSec, seconds: Number(seconds.toFixed(6)) };
}

export function togetherWords(together: Together): string {
  const { feeds, shares, threads, pinned, events, seconds } = together;
  const rate = seconds > 0 ? (events / seconds / 1e6).toFixed(1) : '-';
  const where = pinned === feeds * shares ? 'each on a core of its own' : 'not pinned to cores';
  const of = shares === 1 ? plural(feeds, 'file') : `${plural(feeds, 'feed')} in ${shares} shares`;
  return (
    `together: ${grouped(events)} events of ${of} in ${seconds.toFixed(3)} s ` +
    `(${rate} M/s), ${plural(threads, 'thread')}, ${where}`
  );
}
