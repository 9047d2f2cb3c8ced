/** Two market services on a cluster of brokers: one serves the partition, the other one waits. */
import { setTimeout as delay } from 'node:timers/promises';
import { decodeTerm, logStream, logTermSubject, type Term } from '@foldbook/protocol';
import { JetStreamStore, type NatsTransport } from '@foldbook/runtime';
import { interrupted, ServiceError } from '../cli-error.ts';
import type { LocalCluster } from '../local-cluster.ts';
import { MarketProcess } from './market-process.ts';

export interface MarketPairOptions {
  readonly cluster: LocalCluster;
  /** Where their folders go. */
  readonly dir: string;
  readonly leaseMs: number;
  readonly isApart: boolean;
  /** Commands that run another one on each of their two hosts; without, all is on this one. */
  readonly within?: readonly (readonly string[])[] | undefined;
  readonly transport: NatsTransport;
  readonly signal: AbortSignal;
}

const EVERY_COMMANDS = 1_000;
const LOOK_MS = 5;
const WAIT_WITHIN_MS = 60_000;
/** What its log says of one that waits, or serves. */
const UP = /waiting, ready to take over|market service ready/;
/** Probes of a market that is away are no reason to shut their account out. */
const BREAKER_REFUSALS = 1_000_000;

/** Its barrier, and its process, if that has not ended. */
export interface Owner extends Term {
  readonly process: MarketProcess | undefined;
}

export class MarketPair {
  readonly #options: MarketPairOptions;
  readonly #store: JetStreamStore;
  readonly #processes: MarketProcess[] = [];
  #started = 0;

  private constructor(options: MarketPairOptions) {
    this.#options = options;
    this.#store = new JetStreamStore(options.transport);
  }

  /** Resolves when one serves and the other one waits. */
  static async start(options: MarketPairOptions): Promise<MarketPair> {
    const pair = new MarketPair(options);
    try {
      await pair.#start().ready;
      await pair.complete();
    } catch (error) {
      await pair.stop();
      throw error;
    }
    return pair;
  }

  /** The processes that have not ended, oldest first. */
  get running(): readonly MarketProcess[] {
    return this.#processes.filter(({ hasEnded }) => !hasEnded);
  }

  /** How many were started. */
  get started(): number {
    return this.#started;
  }

  /** Starts what is missing; resolves when it waits. */
  async complete(): Promise<void> {
    while (this.running.length < 2) {
      const process = this.#start();
      const isUp = () => process.hasEnded || UP.test(process.log());
      await this.#until(isUp, `it neither waits nor serves: ${process.logFile}`);
    }
  }

  /** Whose barrier is the last in the log. */
  async owner(): Promise<Owner> {
    const record = await this.#store.reader(logStream(0)).last(logTermSubject(0));
    const term = record && decodeTerm(record.payload);
    if (term?.ok !== true) throw new ServiceError('the log has no barrier');
    const { node } = term.value;
    const process = this.running.find((each) => each.node === node);
    return { ...term.value, process };
  }

  /** The one that serves, the one that does not. */
  async roles(): Promise<{ readonly serving: MarketProcess; readonly waiting: MarketProcess }> {
    const { process: serving } = await this.owner();
    const waiting = this.running.find((each) => each !== serving);
    if (serving !== undefined && waiting !== undefined) return { serving, waiting };
    throw new ServiceError('no two markets run, or neither of them has the log');
  }

  /** An orderly end, the waiting one's first. */
  async stop(): Promise<void> {
    const owner = await this.owner().catch(() => undefined);
    const others = this.running.filter((each) => each !== owner?.process);
    await Promise.all(others.map((each) => each.stop()));
    await owner?.process?.stop();
    await this.#store.close();
  }

  #start(): MarketProcess {
    this.#started += 1;
    const { cluster, dir, leaseMs, isApart, within } = this.#options;
    const host = within?.[(this.#started - 1) % within.length] ?? [];
    const servers = cluster.servers.join(',');
    const replicas = cluster.servers.length;
    const config = {
      // As the cluster is configured.
      broker: { kind: 'nats', servers, replicas, leaseMs, sync: 'always' },
      snapshots: { everyCommands: EVERY_COMMANDS },
      breakerRefusals: BREAKER_REFUSALS,
    };
    const node = `node-${this.#started}`;
    const process = new MarketProcess({ node, config, dir, isApart, within: host });
    this.#processes.push(process);
    return process;
  }

  async #until(isSo: () => boolean, otherwise: string): Promise<void> {
    const stop = interrupted(this.#options.signal);
    const deadlineMs = performance.now() + WAIT_WITHIN_MS;
    while (!isSo()) {
      if (performance.now() > deadlineMs) throw new ServiceError(otherwise);
      await Promise.race([delay(LOOK_MS), stop]);
    }
  }
}
