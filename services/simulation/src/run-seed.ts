/** One world, from its seed to the verdict. */
import { Dice, KernelHost } from '@foldbook/engine';
import { checkWorld } from './checkers.ts';
import type { Plant } from './plants.ts';
import { Trace } from './trace.ts';
import { World } from './world.ts';

/** Virtual time that a world has to come to rest in once nothing goes wrong any more. */
const REST_NS = 60e9;
/** A kernel serves so many worlds before a new one is made: markets are never given back. */
const WORLDS_A_KERNEL = 20;
const SECRET = [0x5eedn, 0xfeedn] as const;

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
  readonly #module: WebAssembly.Module;
  #kernel: KernelHost | undefined;
  #worlds = 0;

  constructor(kernel: WebAssembly.Module) {
    this.#module = kernel;
  }

  async run(seed: number, { plant, trace: keeps = false }: SeedOptions = {}): Promise<SeedResult> {
    const trace = new Trace(keeps);
    const world = new World({ dice: new Dice(seed), kernel: this.#kernelOfNow(), trace, plant });
    const onStray = (error: unknown) =>
      world.violation(
        `a promise was left to fail: ${error instanceof Error ? error.stack : error}`,
      );
    process.on('unhandledRejection', onStray);
    try {
      world.start();
      await live(world);
    } finally {
      process.off('unhandledRejection', onStray);
    }
    const { violations, scheduler, coverage } = world;
    if (violations.length > 0) this.#kernel = undefined;
    return {
      ...{ seed, violations, traceHash: trace.digest(), trace: trace.lines },
      ...{ events: scheduler.events, virtualMs: scheduler.nowNs / 1e6 },
      coverage: coverage.entries(),
    };
  }

  #kernelOfNow(): KernelHost {
    this.#worlds += 1;
    if (this.#worlds % WORLDS_A_KERNEL === 0) this.#kernel = undefined;
    this.#kernel ??= new KernelHost(this.#module, { secret: SECRET });
    return this.#kernel;
  }
}

async function live(world: World): Promise<void> {
  const { scheduler, options } = world;
  const isOver = () => world.isOver;
  const { reference } = world;
  if (!options.startsRough) {
    await scheduler.run(() => isOver() || world.operator.isReady, REST_NS);
    if (!world.operator.isReady) world.violation('the operator could not create the markets');
    if (isOver()) return;
    world.goWrong();
  }
  const endNs = scheduler.nowNs + options.activeNs;
  await scheduler.run(() => isOver() || reference.lostRecords > 0, endNs);
  if (isOver()) return;
  world.calm();
  // One that goes on would not look at what is left.
  if (reference.lostRecords > 0) world.activeNode.crash();
  const lateNs = scheduler.nowNs + REST_NS;
  const rest = async (what: string, isDone: () => boolean) => {
    if (isOver()) return;
    const ended = await scheduler.run(() => isOver() || isDone(), lateNs);
    if (ended === 'late') world.violation(`never came to rest: ${what}; ${world.unrest()}`);
  };
  await rest('a market serves', () => world.activeNode.isServing);
  // Whoever was told of what is lost can't be held to anything.
  if (reference.lostRecords === 0) await restOfClients(world, rest);
  await rest('the outputs', () => world.areOutputsWhole());
  if (!isOver()) checkWorld(world);
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
