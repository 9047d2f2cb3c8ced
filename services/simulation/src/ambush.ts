/** Where a market is in the middle of something, and what may happen to it just there. */
import type { World } from './world.ts';

export type Point =
  | 'barrier'
  | 'barrier of an output'
  | 'following'
  | 'recovery'
  | 'restore'
  | 'checkpoint'
  | 'manifest'
  | 'lease';

/** Told when a process comes to such a point. */
export type OnReached = (point: Point) => void;

/** What an ambush can do to a node. */
export interface Victim {
  readonly name: string;
  crash(): void;
  /** Stands still past its lease. */
  freeze(): void;
  cut(): void;
}

/** Something may happen to the process that is there now, within a moment. */
export function ambush(world: World, point: Point, victim: () => Victim | undefined): void {
  const { dice, options, scheduler, coverage } = world;
  const { oneIn, withinNs } = options.faults.ambush;
  if (world.isQuiet || !world.hasAmbushes || oneIn === 0 || !dice.oneIn(oneIn)) return;
  const kind = dice.weighted({ crash: 3, freeze: 2, cut: 1 });
  scheduler.in(dice.below(withinNs), `ambush at ${point}`, () => {
    const found = victim();
    if (world.isQuiet || found === undefined) return;
    coverage.add(`${POINTS[point]}: ${WORDS[kind]}`);
    found[kind]();
  });
}

const WORDS = { crash: 'killed', freeze: 'stopped', cut: 'cut off' } as const;

const POINTS: Readonly<Record<Point, string>> = {
  barrier: 'at its barrier',
  'barrier of an output': "at an output's barrier",
  following: 'as it begins to follow',
  recovery: 'as it reads the log',
  restore: 'as it restores',
  checkpoint: 'as it names a checkpoint',
  manifest: 'as it names a manifest',
  lease: 'as it takes the lease',
};
