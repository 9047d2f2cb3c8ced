/** One world, from its seed to the verdict. */
import { Dice } from '@foldbook/engine';
import { checkWorld } from './checkers.ts';
import type { Plant } from './plants.ts';
import { KernelPool } from './sim-kernels.ts';
import { Trace } from './trace.ts';
import { World } from './world.ts';

/** Virtual time that a world has to come to rest in once nothing goes wrong any more. */
const REST_NS = 30e9;

export interface SeedOptions {
  readonly plant?: Plant | undefined;
  readonly trace?: boolean;
}

export interface SeedResult {
  readonly seed: number;
  /** What must not be and was; empty for a world that is as it should be. */
  readonly violations: readonly string[];
  /** The same for the same seed. */
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly coverage: readonly (readonly [string, number])[];
  readonly trace: readonly string[];
}

export class Simulation {
  readonly #kernels: KernelPool;

  constructor(kernel: WebAssembly.Module) {
    this.#kernels = new KernelPool(kernel);
  }

  async run(seed: number, { plant, trace: keeps = false }: SeedOptions = {}): Promise<SeedResult> {
    const trace = new Trace(keeps);
    const kernels = this.#kernels;
    const world = new World({ dice: new Dice(seed), kernels, trace, plant });
    const onStray = (error: unknown) =>
      world.violation(
        `a promise was left to fail: ${error instanceof Error ? error.stack : error}`,
      );
    process.on('unhandledRejection', onStray);
    try {
      world.start();
      await live(world);
      world.end();
    } finally {
      process.off('unhandledRejection', onStray);
    }
    const { violations, scheduler, coverage } = world;
    if (violations.length > 0) kernels.clear();
    return {
      ...{ seed, violations, traceHash: trace.digest(), trace: trace.lines },
      ...{ events: scheduler.events, virtualMs: scheduler.nowNs / 1e6 },
      coverage: coverage.entries(),
    };
  }
}

async function live(world: World): Promise<void> {
  const { scheduler, options } = world;
  const isOver = () => world.isOver;
  const { reference } = world;
  if (!options.startsRough) {
    const isReady = () => isOver() || world.operator.isReady;
    await scheduler.run(isReady, REST_NS / 2);
    // Where each start is ambushed none may serve for long enough.
    world.hasAmbushes = false;
    await scheduler.run(isReady, REST_NS);
    world.hasAmbushes = true;
    if (!world.operator.isReady) world.violation('the operator could not create the markets');
    if (isOver()) return;
    world.goWrong();
  }
  const endNs = scheduler.nowNs + options.activeNs;
  await scheduler.run(() => isOver() || reference.lostRecords > 0, endNs);
  if (isOver()) return;
  world.calm();
  // One that goes on to serve would not look at what is left.
  if (reference.lostRecords > 0) crashAfterLoss(world);
  const lateNs = scheduler.nowNs + REST_NS;
  const rest = async (what: string, isDone: () => boolean) => {
    if (isOver()) return;
    const ended = await scheduler.run(() => isOver() || isDone(), lateNs);
    if (ended !== 'late') return;
    world.violation(`never came to rest: ${what}; ${world.unrest()}`);
    // What is wrong with what was told may say why.
    checkWorld(world);
  };
  await rest('a market serves', () => world.owner.isServing);
  // Whoever was told of what is lost can't be held to anything.
  if (reference.lostRecords === 0) await restOfClients(world, rest);
  await rest('the outputs', () => world.areOutputsWhole());
  await rest('the nodes', () => world.areNodesSettled());
  if (!isOver()) checkWorld(world);
}

/** Those that follow may live on: they have read what is gone. */
function crashAfterLoss({ nodes, dice }: World): void {
  const all = dice.oneIn(2);
  for (const node of nodes) if (all || !node.isFollowing || node.isServing) node.crash();
}

type Rest = (what: string, isDone: () => boolean) => Promise<void>;

async function restOfClients(world: World, rest: Rest): Promise<void> {
  let isOpen = false;
  world.operator.reopen().then(() => (isOpen = true));
  await rest('the operator', () => isOpen && world.operator.isIdle);
  const areIdle = () => world.traders.every((trader) => trader.isIdle);
  await rest('the traders', areIdle);
  let compared = 0;
  if (world.isOver) return;
  for (const mirror of world.mirrors) mirror.compare().then(() => (compared += 1));
  await rest('the mirrors', () => compared === world.mirrors.length);
  // Twice: the second answer comes behind all that the first ones made of others' orders.
  for (const round of ['first', 'second']) {
    let probes = 0;
    for (const trader of world.traders) trader.probe().then(() => (probes += 1));
    await rest(`the ${round} probes`, () => probes === world.traders.length && areIdle());
  }
  await rest('the reports', () => world.haveAllHeard());
}
