/**
 * A node: it looks at what all nodes of the venue say, and starts, leaves and ends the processes of
 * partitions accordingly. What is decided is in node-plan.ts and node-balance.ts.
 */
import {
  cancelTimer,
  type JetStreamStore,
  type LeaseStore,
  type Logger,
  monotonicMs,
  pause,
  type Timer,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import { Balancer } from './node-balance.ts';
import { NodeChildren } from './node-children.ts';
import { type NodeConfig, serviceConfig } from './node-config.ts';
import { planNode } from './node-plan.ts';
import { BUCKET_STREAM, NodeRegister } from './node-register.ts';
import { NodeRequests } from './node-requests.ts';
import type { NodeState, VenueView } from './node-view.ts';

export interface NodeParts {
  readonly config: NodeConfig;
  readonly transport: Transport;
  readonly leases: LeaseStore;
  readonly streams: JetStreamStore;
  readonly timers: Timers;
  readonly logger: Logger;
}

const TELL_LOAD_EVERY_MS = 1_000;
/** What an ending node waits for others to take its partitions, ms. */
const LEAVE_WITHIN_MS = 10_000;
const LOOK_MS = 50;

export class NodeSupervisor {
  readonly #parts: NodeParts;
  readonly #children: NodeChildren;
  readonly #balancer: Balancer | undefined;
  readonly #failure = Promise.withResolvers<Error>();
  readonly #startedMs: number;
  #register: NodeRegister | undefined;
  #requests: NodeRequests | undefined;
  #view: VenueView | undefined;
  #isLeaving = false;
  #teller: Timer | undefined;

  private constructor(parts: NodeParts) {
    const { config, logger, timers } = parts;
    this.#parts = parts;
    this.#startedMs = monotonicMs(timers);
    const { rebalance } = config;
    this.#balancer = rebalance === 'off' ? undefined : new Balancer(rebalance);
    this.#children = new NodeChildren({
      configOf: (partition) => serviceConfig(config, partition),
      logger,
      timers,
      onChange: () => this.#act(),
    });
  }

  /** Rejects as the store does; waits while another node has this one's name. */
  static async start(parts: NodeParts): Promise<NodeSupervisor> {
    const node = new NodeSupervisor(parts);
    await node.#open();
    return node;
  }

  /** Resolves if it can't go on. */
  get failed(): Promise<Error> {
    return this.#failure.promise;
  }

  /** Leaves its partitions to other nodes, as far as there are some, and ends its services. */
  async stop(): Promise<void> {
    const { timers, logger } = this.#parts;
    this.#isLeaving = true;
    await this.#register?.leave();
    const untilMs = monotonicMs(timers) + LEAVE_WITHIN_MS;
    while (this.#children.runs().size > 0 && monotonicMs(timers) < untilMs) {
      if (this.#view !== undefined && others(this.#view, this.#parts.config.node) === 0) break;
      await pause(timers, LOOK_MS);
    }
    const left = [...this.#children.runs().keys()];
    if (left.length > 0) logger.info('partitions that no other node took end here', { left });
    for (const partition of left) this.#children.end(partition);
    while (this.#children.size > 0) await pause(timers, LOOK_MS);
    this.close();
  }

  /** Looks no more; the services end with the process. */
  close(): void {
    cancelTimer(this.#teller);
    this.#requests?.close();
    this.#register?.close();
  }

  async #open(): Promise<void> {
    const { config, leases, streams, timers, transport, logger } = this.#parts;
    const { node, partitions, broker } = config;
    this.#register = await NodeRegister.open({
      ...{ node, partitions, timers, transport, logger, leaseMs: broker.leaseMs },
      store: leases,
      reader: streams.reader(BUCKET_STREAM),
      onView: (view) => {
        this.#view = view;
        this.#act();
      },
      onFailure: this.#failure.resolve,
    });
    this.#requests = new NodeRequests({
      node,
      transport,
      view: () => this.#view && { ...this.#view, nodes: this.#nodesOf(this.#view) },
      move: (partition, to) => this.#wish(partition, to),
    });
    this.#requests.open(this.#failure.resolve);
    this.#teller = timers.every(TELL_LOAD_EVERY_MS, () => this.#announce());
  }

  get #self(): NodeState {
    const { node: name, capacity } = this.#parts.config;
    return { name, capacity, runs: this.#children.runs() };
  }

  /** With what this node knows of itself, which the bucket may not say yet. */
  #nodesOf({ nodes }: VenueView): ReadonlyMap<string, NodeState> {
    const self = this.#self;
    return nodes.has(self.name) ? new Map([...nodes, [self.name, self]]) : nodes;
  }

  #announce(): void {
    this.#register?.announce(this.#self);
  }

  /** Does what is to be done, as far as it is known what there is. */
  #act(): void {
    const { config, timers } = this.#parts;
    this.#announce();
    const nowMs = monotonicMs(timers);
    if (this.#view === undefined || nowMs - this.#startedMs < config.settleMs) return;
    const nodes = this.#nodesOf(this.#view);
    // Before the bucket says that it lives, and after.
    if (!this.#isLeaving && !nodes.has(config.node)) return;
    const view = { ...this.#view, nodes };
    const self = this.#self;
    const plan = planNode(view, self, config);
    for (const [partition, heir] of plan.handOver) this.#children.handOver(partition, heir);
    if (this.#isLeaving) {
      for (const [partition, { state }] of self.runs) {
        if (state !== 'serving') this.#children.end(partition);
      }
      return;
    }
    for (const [partition, { state }] of self.runs) {
      const isOwn = state === 'serving' || view.owners.get(partition)?.node === self.name;
      if (!isOwn && !plan.run.has(partition)) this.#children.end(partition);
    }
    for (const partition of plan.run) this.#children.start(partition);
    for (const partition of plan.clear) this.#clear(view, partition);
    const move = this.#balancer?.due(view, nowMs);
    if (move?.from === self.name) {
      this.#parts.logger.info('a partition moves because of the load', { ...move });
      this.#wish(move.partition, move.to).catch((error: unknown) => this.#warn(error));
    }
  }

  async #wish(partition: number, to: string): Promise<void> {
    await this.#register?.wish(partition, to);
  }

  #clear({ wishes }: VenueView, partition: number): void {
    const wish = wishes.get(partition);
    if (wish === undefined) return;
    this.#register
      ?.clearWish(partition, wish.revision)
      .catch((error: unknown) => this.#warn(error));
  }

  #warn(error: unknown): void {
    this.#parts.logger.warn(`a move was not written down: ${error}`);
  }
}

const others = ({ nodes }: VenueView, self: string) => nodes.size - Number(nodes.has(self));
