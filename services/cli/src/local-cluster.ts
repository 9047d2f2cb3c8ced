/**
 * Several nats-servers on this machine that keep streams together, each with a store of its own,
 * for checks that kill them one by one.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { interrupted, ServiceError } from './cli-error.ts';
import { freePorts } from './free-port.ts';
import {
  endServer,
  findPrograms,
  type LocalServer,
  startServer,
  untilOpen,
} from './local-servers.ts';
import { endOf } from './process-end.ts';

export interface LocalClusterOptions {
  readonly dir: string;
  readonly servers: number;
  /** Whether each write is on the disk before it is acknowledged; default true. */
  readonly isSynced?: boolean;
  /** Of each server; without, all are on this one. */
  readonly hosts?: readonly ClusterHost[];
  /** More of each server's configuration: mappings of subjects. */
  readonly settings?: string;
}

export interface ClusterHost {
  readonly address: string;
  /** The command that runs another one there. */
  readonly within: readonly string[];
}

const THIS_HOST: ClusterHost = { address: '127.0.0.1', within: [] };

interface Ports {
  readonly client: number;
  readonly route: number;
  readonly monitor: number;
}

/** After how many pings, that often, brokers give up a line to each other; as in cluster.conf. */
export const ROUTE_PINGS = ['ping_interval: "5s"', 'ping_max: 2'];
const CURRENT_WITHIN_MS = 60_000;
const LOOK_MS = 20;
const ASK_WITHIN_MS = 1_000;

interface StreamDetail {
  readonly name: string;
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current?: boolean; readonly offline?: boolean }[];
  };
}

interface JetStreamFacts {
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[];
}

export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #ports: readonly Ports[];
  readonly #program: string;
  readonly #running: (LocalServer | undefined)[] = [];

  private constructor(options: LocalClusterOptions, ports: readonly Ports[], program: string) {
    this.#options = options;
    this.#ports = ports;
    this.#program = program;
  }

  /** Resolves when all servers run and agree. Rejects with UsageError, ServiceError. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { servers } = options;
    const free = await freePorts(3 * servers);
    const portsOf = (server: number): Ports => {
      const [client = 0, route = 0, monitor = 0] = free.slice(3 * server);
      return { client, route, monitor };
    };
    const ports = Array.from({ length: servers }, (_, server) => portsOf(server));
    const { natsServer } = await findPrograms();
    const cluster = new LocalCluster(options, ports, natsServer);
    try {
      await Promise.all(ports.map((_, server) => cluster.start(server)));
      await cluster.current();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Addresses for clients, one of each server. */
  get servers(): readonly string[] {
    return this.#ports.map(
      ({ client }, server) => `nats://${this.#host(server).address}:${client}`,
    );
  }

  /** Process ids of the servers that run. */
  async processIds(): Promise<number[]> {
    const running = this.#running.flatMap((server) => (server === undefined ? [] : [server]));
    return Promise.all(running.map(({ pid }) => pid));
  }

  /** Starts a server, on the ports and the store that it had. Resolves when it takes clients. */
  async start(server: number): Promise<void> {
    const { dir } = this.#options;
    const own = join(dir, nameOf(server));
    const config = join(own, 'nats.conf');
    await mkdir(own, { recursive: true });
    await writeFile(config, this.#config(server));
    const name = `nats-server-${nameOf(server)}`;
    const { address, within } = this.#host(server);
    const [program = this.#program, ...args] = [...within, this.#program, '-c', config];
    this.#running[server] = startServer(name, dir, program, args);
    await untilOpen(this.#ports[server]?.client ?? 0, name, address);
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(server: number): Promise<void> {
    const running = this.#running[server];
    const pid = (await running?.pid) ?? 0;
    if (running === undefined || pid === 0) throw new ServiceError(`${nameOf(server)} is not up`);
    process.kill(pid, 'SIGKILL');
    await endOf(running.child);
    this.#running[server] = undefined;
  }

  /** Resolves when every server is up, and has of each of its streams all that its leader has. */
  async current(signal?: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + CURRENT_WITHIN_MS;
    const stop = signal === undefined ? undefined : interrupted(signal);
    for (;;) {
      const wrong = await this.#notCurrent();
      if (wrong === undefined) return;
      if (performance.now() > deadlineMs) {
        throw new ServiceError(`${wrong} after ${CURRENT_WITHIN_MS} ms; ${this.#logs()}`);
      }
      await Promise.race([delay(LOOK_MS), ...(stop === undefined ? [] : [stop])]);
    }
  }

  /** The server that leads a stream, undefined while none says so. */
  async leaderOf(stream: string): Promise<number | undefined> {
    if (this.#isAlone) return 0;
    const facts = await Promise.all(this.#ports.map((_, server) => this.#facts(server)));
    const found = facts.findIndex((each, server) => {
      const detail = streamsOf(each).find(({ name }) => name === stream);
      return detail?.cluster?.leader === nameOf(server);
    });
    return found < 0 ? undefined : found;
  }

  /** What a server leads: streams, and `meta` for the group that places them. */
  async leadBy(server: number): Promise<string[]> {
    const facts = await this.#facts(server);
    const name = nameOf(server);
    const led = streamsOf(facts).filter(({ cluster }) => cluster?.leader === name);
    const isMeta = facts?.meta_cluster?.leader === name;
    return [...led.map((stream) => stream.name).sort(), ...(isMeta ? ['meta'] : [])];
  }

  /**
   * What each server that runs tells of itself.
   * @param what - a page of its monitoring, as in `varz`
   */
  async told<Facts>(what: string): Promise<Facts[]> {
    const up = this.#ports.flatMap((_, server) => (this.#running[server] ? [server] : []));
    const answers = await Promise.all(up.map((server) => this.#ask(server, what)));
    return Promise.all(answers.map((answer) => answer.json() as Promise<Facts>));
  }

  #host(server: number): ClusterHost {
    return this.#options.hosts?.[server] ?? THIS_HOST;
  }

  get #isAlone(): boolean {
    return this.#options.servers === 1;
  }

  async stop(): Promise<void> {
    const running = this.#running.flatMap((server) => (server === undefined ? [] : [server]));
    await Promise.all(running.map(({ child }) => endServer(child)));
  }

  /** In words, undefined if all is well. */
  async #notCurrent(): Promise<string | undefined> {
    const looked = await Promise.all(this.#ports.map((_, server) => this.#look(server)));
    const wrong = looked.find(({ words }) => words !== undefined)?.words;
    if (wrong !== undefined || this.#isAlone) return wrong;
    const streams = new Set(
      looked.flatMap(({ facts }) => streamsOf(facts)).map(({ name }) => name),
    );
    const led = looked.flatMap(({ facts }, server) =>
      streamsOf(facts).filter(({ cluster }) => cluster?.leader === nameOf(server)),
    );
    for (const stream of streams) {
      const own = led.find(({ name }) => name === stream);
      if (own === undefined) return `stream ${stream} has no leader`;
      const late = own.cluster?.replicas?.some(({ current, offline }) => !current || offline);
      if (late) return `a copy of stream ${stream} is behind`;
    }
    return undefined;
  }

  async #look(server: number) {
    const [health, facts] = await Promise.all([
      this.#ask(server, 'healthz').catch(() => undefined),
      this.#facts(server),
    ]);
    const name = nameOf(server);
    if (health?.ok !== true) return { facts, words: `${name} is not ready` };
    const leader = facts?.meta_cluster?.leader ?? '';
    const isLed = this.#isAlone || leader !== '';
    return { facts, words: isLed ? undefined : `${name} knows no leader` };
  }

  async #facts(server: number): Promise<JetStreamFacts | undefined> {
    try {
      const answer = await this.#ask(server, 'jsz?accounts=true&streams=true');
      return (await answer.json()) as JetStreamFacts;
    } catch {
      return undefined;
    }
  }

  #ask(server: number, what: string): Promise<Response> {
    const url = `http://${this.#host(server).address}:${this.#ports[server]?.monitor}/${what}`;
    return fetch(url, { signal: AbortSignal.timeout(ASK_WITHIN_MS) });
  }

  #config(server: number): string {
    const { dir, isSynced = true, settings = '' } = this.#options;
    const { client, route, monitor } = this.#ports[server] ?? { client: 0, route: 0, monitor: 0 };
    const { address } = this.#host(server);
    const routes = this.#ports.map(
      (ports, each) => `nats://${this.#host(each).address}:${ports.route}`,
    );
    const listen = `listen: "${address}:${route}"`;
    const peers = [`routes: ${JSON.stringify(routes)}`, ...ROUTE_PINGS].join(', ');
    const cluster = `{ name: foldbook, ${listen}, ${peers} }`;
    const sync = isSynced ? ', sync_interval: always' : '';
    const store = JSON.stringify(join(dir, nameOf(server), 'jetstream'));
    return [
      `server_name: ${nameOf(server)}`,
      `listen: "${address}:${client}"`,
      `http: "${address}:${monitor}"`,
      `jetstream { store_dir: ${store}${sync} }`,
      ...(this.#isAlone ? [] : [`cluster ${cluster}`]),
      settings,
      '',
    ].join('\n');
  }

  #logs(): string {
    return `their logs are in ${this.#options.dir}`;
  }
}

const nameOf = (server: number) => `broker-${server + 1}`;

const streamsOf = (facts: JetStreamFacts | undefined): readonly StreamDetail[] =>
  facts?.account_details?.flatMap(({ stream_detail: streams }) => streams ?? []) ?? [];
