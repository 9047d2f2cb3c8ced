/**
 * A node as its main program runs it: it waits for the lease, follows the log meanwhile, takes the
 * partition over and serves it; it dies, stands still, is started again.
 */
import { type MarketConfig, marketConfigSchema } from '@foldbook/market/src/config.ts';
import type { MarketService, MarketServiceParts } from '@foldbook/market/src/market-service.ts';
import { PartitionLease } from '@foldbook/market/src/partition-lease.ts';
import { takePartition } from '@foldbook/market/src/take-partition.ts';
import { createLogger, HeartbeatWatch, LeaseTable, type Logger } from '@foldbook/runtime';
import { ambush, type OnReached, type Point } from './ambush.ts';
import { isLossSaid, permittedEnd } from './node-end.ts';
import { type Engines, simulatedHost } from './sim-host.ts';
import type { TakenKernel } from './sim-kernels.ts';
import { SimLeaseStore } from './sim-leases.ts';
import type { SimMachine } from './sim-machine.ts';
import type { SimProcess } from './sim-process.ts';
import { SimSnapshotStore } from './sim-snapshots.ts';
import { SimStreamStore } from './sim-stream-store.ts';
import type { SimTransport } from './sim-transport.ts';
import { StoreApi } from './store-api.ts';
import type { World } from './world.ts';

const NS_PER_MS = 1e6;
/** After its end a supervisor starts it again within so long. */
const RESTART_NS = 150e6;

interface Incarnation {
  readonly process: SimProcess;
  readonly line: SimTransport;
  readonly store: SimStreamStore;
  readonly lease: PartitionLease;
  readonly kernels: TakenKernel[];
  service: MarketService | undefined;
  servingSinceNs: number;
  isStopping: boolean;
  /** As ready as it gets without the partition. */
  isWaiting: boolean;
  isFollowing: boolean;
  engines: Engines;
}

export class SimNode {
  readonly name: string;
  readonly #world: World;
  readonly #machine: SimMachine;
  readonly #config: MarketConfig;
  #running: Incarnation | undefined;
  #incarnations = 0;
  #isStarting = false;

  constructor(name: string, machine: SimMachine, world: World) {
    this.name = name;
    this.#machine = machine;
    this.#world = world;
    this.#config = marketConfigSchema.parse({ ...world.options.market, node: name });
  }

  get isServing(): boolean {
    return this.#running?.service !== undefined && !this.#running.isStopping;
  }

  /** When it began to, of one that serves. */
  get servingSinceNs(): number {
    return this.#running?.servingSinceNs ?? 0;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** As ready as it gets: it waits, and has executed all that the log has if it follows it. */
  get isReady(): boolean {
    const running = this.#running;
    if (running?.isWaiting !== true) return false;
    if (!running.isFollowing) return true;
    const { markets } = this.#world.reference;
    return markets.every(({ id, sequence }) => {
      return Number(running.engines.get(id)?.sequence ?? 0) === sequence;
    });
  }

  get isFollowing(): boolean {
    return this.#running?.isFollowing === true;
  }

  /** To be running from now on. */
  start(): void {
    this.#startSoon(0);
  }

  /** Ends at once, with all that it had in memory, and is started again. */
  crash(): void {
    if (this.#running === undefined) return;
    const { coverage, dice } = this.#world;
    coverage.add(this.isServing ? 'owner crashes' : 'crashes of those that wait');
    this.#die();
    this.#startSoon(dice.below(RESTART_NS));
  }

  pause(forNs: number): void {
    this.#running?.process.pause(forNs);
  }

  /** Stands still past its lease, and goes on then with what it believed before. */
  freeze(): void {
    const { dice, coverage } = this.#world;
    const { broker } = this.#config;
    const leaseMs = broker.kind === 'nats' ? broker.leaseMs : 0;
    if (this.isServing) coverage.add('owners stopped past their lease');
    this.pause((leaseMs + dice.below(2 * leaseMs)) * NS_PER_MS);
  }

  cut(forNs = (1 + this.#world.dice.below(700)) * NS_PER_MS): void {
    this.#running?.line.cut(forNs);
  }

  /** Ends as it is told to, for another node perhaps, and is started again. */
  stop(heir: string | undefined): void {
    const running = this.#running;
    if (running === undefined || running.isStopping) return;
    this.#world.coverage.add(heir === undefined ? 'orderly ends' : 'partitions handed over');
    running.isStopping = true;
    const { service, store, line, process, lease } = running;
    const stopped =
      service === undefined
        ? lease.release(heir)
        : service
            .stop()
            .then(() => lease.release(heir))
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
      if (this.isRunning) return;
      if (this.#world.broker.isUp) this.#begin();
      else this.#startSoon(this.#world.dice.below(RESTART_NS));
    });
  }

  #begin(): void {
    const world = this.#world;
    this.#incarnations += 1;
    const process = world.newProcess(`${this.name}.${this.#incarnations}`, this.#machine.identity);
    const line = world.broker.connect(process);
    const logger = createLogger({
      service: process.name,
      level: 'warn',
      write: (text) => world.note(text.slice(13).trimEnd()),
    });
    const { id, heart } = this.#machine.add(process);
    const onReached: OnReached = (point) => this.#reached(process, point);
    const { ackTimeoutMs } = world.options;
    const { plant, dice, broker } = world;
    const store = new SimStreamStore(line, broker, { ackTimeoutMs, plant, dice, onReached });
    const api = new StoreApi(line, broker);
    const snapshots = new SimSnapshotStore(api, onReached);
    const lease = this.#leaseOf(process, api, { logger, id });
    const running: Incarnation = {
      ...{ process, line, store, lease, kernels: [], service: undefined, servingSinceNs: 0 },
      ...{ isStopping: false, isWaiting: false, isFollowing: false, engines: new Map() },
    };
    this.#running = running;
    const { timers } = process;
    const parts: MarketServiceParts = {
      ...{ config: this.#config, transport: line, store, snapshots },
      ...{ clock: timers, timers, logger, heartbeat: heart },
      startThread: this.#hostOf(running),
    };
    this.#boot(running, parts).catch((error: unknown) => this.#failed(process, error));
  }

  #leaseOf(
    process: SimProcess,
    api: StoreApi,
    { logger, id }: { readonly logger: Logger; readonly id: { pid: number; started: string } },
  ): PartitionLease {
    const { broker, standby, partition } = this.#config;
    const leaseMs = broker.kind === 'nats' ? broker.leaseMs : 0;
    const { timers } = process;
    const host = this.#machine;
    const watch = new HeartbeatWatch({ ...standby, timers, host });
    const table = new LeaseTable({
      ...{ store: new SimLeaseStore(api, Math.ceil(leaseMs / 4)), node: this.name, timers },
      identity: { host: host.identity, instance: process.name, process: id },
      isGone: (holder) => watch.isGone(holder),
    });
    const onAcquired = () => {
      watch.close();
      this.#world.coverage.add('leases taken');
      this.#reached(process, 'lease');
    };
    return new PartitionLease({ table, partition, leaseMs, logger, onAcquired });
  }

  #hostOf(running: Incarnation) {
    const world = this.#world;
    const { process } = running;
    const { losses } = world.reference;
    return simulatedHost({
      ...{ process, dice: world.dice },
      takeKernel: () => {
        const kernel = world.kernels.take();
        running.kernels.push(kernel);
        return kernel;
      },
      onWorked: (engines) => {
        running.engines = engines;
        const isFollowing = running.isFollowing && running.service === undefined;
        if (isFollowing) world.coverage.add('states of standbys compared');
        // After a loss what was executed before it is nobody's measure.
        if (world.reference.losses === losses) world.compareStates(process.name, engines);
      },
    });
  }

  /** What the main program does. */
  async #boot(running: Incarnation, parts: MarketServiceParts): Promise<void> {
    const { process, lease } = running;
    const { coverage } = this.#world;
    const service = await takePartition(parts, lease, () => {
      running.isWaiting = true;
      if (running.isFollowing) coverage.add('standbys that follow');
    });
    if (!process.isAlive || running.isStopping) return;
    coverage.add(running.isFollowing ? 'takeovers by a standby' : 'starts without a standby');
    coverage.add('commands recovered', service.recovered.commands);
    running.service = service;
    running.servingSinceNs = this.#world.scheduler.nowNs;
    running.isWaiting = false;
    service.failed.then((error) => this.#failed(process, error));
    lease.failed.then((error) => {
      if (!process.isAlive || running.isStopping) return;
      this.#world.note(`${process.name} ends: ${error.message}`);
      coverage.add('market ends: lease lost');
      this.#ended(process);
    });
  }

  #reached(process: SimProcess, point: Point): void {
    const running = this.#running;
    if (running?.process !== process) return;
    if (point === 'following') running.isFollowing = true;
    if (point === 'restore') this.#world.coverage.add('snapshots read');
    const { name } = this;
    ambush(this.#world, point, () => (this.#running === running ? this : undefined));
    this.#world.note(`${name} comes to: ${point}`);
  }

  /** What ends a market's process by its own doing: one that may, or a violation. */
  #failed(process: SimProcess, error: unknown): void {
    const running = this.#running;
    if (!process.isAlive || running?.process !== process) return;
    const world = this.#world;
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const permitted = permittedEnd(error, world.coverage.get('snapshots spoiled'));
    if (isLossSaid(error) && world.reference.losses > 0) {
      world.refusedAfterLoss(`${process.name} refuses: ${words}`);
    } else if (permitted !== undefined) world.coverage.add(`market ends: ${permitted}`);
    // Who gave its lease up while it waited for it has no partition to serve.
    else if (!running.isStopping) world.violation(`${process.name} ended by itself: ${words}`);
    this.#ended(process);
  }

  #ended(process: SimProcess): void {
    if (this.#running?.process !== process) return;
    this.#die();
    this.#startSoon(this.#world.dice.below(RESTART_NS));
  }

  #die(): void {
    const running = this.#running;
    if (running === undefined) return;
    running.process.die();
    this.#world.broker.forget(running.line);
    for (const kernel of running.kernels) this.#world.kernels.giveBack(kernel);
    this.#running = undefined;
  }

  /** Its kernels are another world's. */
  end(): void {
    this.#die();
  }
}
