/** A machine that runs the market service: it is started, dies, stands still, starts again. */
import type { Engine } from '@foldbook/engine';
import { marketConfigSchema } from '@foldbook/market/src/config.ts';
import { OutputError } from '@foldbook/market/src/durable-output.ts';
import { type MarketService, startMarketService } from '@foldbook/market/src/market-service.ts';
import { createLogger, StreamError } from '@foldbook/runtime';
import { simulatedHost } from './sim-host.ts';
import type { SimProcess } from './sim-process.ts';
import { SimStreamStore } from './sim-stream-store.ts';
import type { SimTransport } from './sim-transport.ts';
import type { World } from './world.ts';

/** After its end a supervisor starts it again within so long. */
const RESTART_NS = 150e6;

interface Incarnation {
  readonly process: SimProcess;
  readonly line: SimTransport;
  readonly store: SimStreamStore;
  service: MarketService | undefined;
  isStopping: boolean;
}

export class SimNode {
  readonly name: string;
  readonly #world: World;
  #running: Incarnation | undefined;
  /** A supervisor keeps it running. */
  #isWanted = false;
  #incarnations = 0;
  #isStarting = false;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get isServing(): boolean {
    return this.#running?.service !== undefined && !this.#running.isStopping;
  }

  get process(): SimProcess | undefined {
    return this.#running?.process;
  }

  get line(): SimTransport | undefined {
    return this.#running?.line;
  }

  /** To be running from now on. */
  start(): void {
    this.#isWanted = true;
    this.#startSoon(0);
  }

  /** Ends at once, and with all that it had in memory; is not started again by itself. */
  kill(): void {
    this.#isWanted = false;
    this.#die();
  }

  /** Ends at once, and is started again. */
  crash(): void {
    if (this.#running === undefined) return;
    this.#world.coverage.add('market crashes');
    this.#die();
    this.#startSoon(this.#world.dice.below(RESTART_NS));
  }

  /** Ends as it is told to, and is started again. */
  stop(): void {
    const running = this.#running;
    if (running?.service === undefined || running.isStopping) return;
    this.#world.coverage.add('orderly ends of a market');
    running.isStopping = true;
    const { service, store, line, process } = running;
    const stopped = service
      .stop()
      .then(() => store.close())
      .then(() => line.close());
    stopped.then(
      () => this.#ended(process),
      (error: unknown) => this.#failed(process, error),
    );
  }

  #startSoon(delayNs: number): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    this.#world.scheduler.in(delayNs, `${this.name} is started`, () => {
      this.#isStarting = false;
      if (!this.#isWanted || this.isRunning) return;
      if (this.#world.broker.isUp) this.#begin();
      else this.#startSoon(this.#world.dice.below(RESTART_NS));
    });
  }

  #begin(): void {
    const world = this.#world;
    this.#incarnations += 1;
    const name = `${this.name}.${this.#incarnations}`;
    const process = world.newProcess(name, this.name);
    const line = world.broker.connect(process);
    const { ackTimeoutMs } = world.options;
    const storeOptions = { ackTimeoutMs, plant: world.plant, dice: world.dice };
    const store = new SimStreamStore(line, world.broker, storeOptions);
    const running = { process, line, store, service: undefined, isStopping: false };
    this.#running = running;
    this.#boot(running).catch((error: unknown) => this.#failed(process, error));
  }

  async #boot(running: Incarnation): Promise<void> {
    const world = this.#world;
    const { process, line, store } = running;
    const { timers } = process;
    const { losses } = world.reference;
    const onWorked = (engines: readonly Engine[]) => {
      // After a loss what was executed before it is nobody's measure.
      if (world.reference.losses === losses) world.compareStates(process.name, engines);
    };
    const service = await startMarketService({
      config: marketConfigSchema.parse(world.options.market),
      ...{ transport: line, store, clock: timers, timers },
      logger: createLogger({
        service: process.name,
        level: 'warn',
        write: (text) => world.note(text.slice(13).trimEnd()),
      }),
      startThread: simulatedHost({ process, dice: world.dice, kernel: world.kernel, onWorked }),
    });
    if (!process.isAlive) return;
    world.coverage.add('market starts');
    world.coverage.add('commands recovered', service.recovered.commands);
    running.service = service;
    service.failed.then((error) => this.#failed(process, error));
  }

  /** What ends a market's process by its own doing: one that may, or a violation. */
  #failed(process: SimProcess, error: unknown): void {
    if (!process.isAlive) return;
    const world = this.#world;
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (isLossSaid(error) && world.reference.losses > 0) {
      world.refusedAfterLoss(`${process.name} refuses: ${words}`);
    } else if (!isOutrun(error)) world.violation(`${process.name} ended by itself: ${words}`);
    else world.coverage.add(`market ends: ${error.code}`);
    this.#ended(process);
  }

  #ended(process: SimProcess): void {
    if (this.#running?.process !== process) return;
    this.#die();
    if (this.#isWanted) this.#startSoon(this.#world.dice.below(RESTART_NS));
  }

  #die(): void {
    const running = this.#running;
    if (running === undefined) return;
    running.process.die();
    this.#world.broker.forget(running.line);
    this.#running = undefined;
  }
}

/** Another one took the partition, or the broker was away for too long. */
const isOutrun = (error: unknown): error is StreamError =>
  error instanceof StreamError &&
  (error.code === 'STALE_WRITER' || error.code === 'UNAVAILABLE' || error.code === 'CLOSED');

/** Says that records which were acknowledged are gone. */
const isLossSaid = (error: unknown) =>
  error instanceof OutputError || (error instanceof StreamError && error.code === 'TRUNCATED');
