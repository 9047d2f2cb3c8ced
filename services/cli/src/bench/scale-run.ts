/** One run of `bench scale`: brokers, nodes with their services, markets and clients; all new. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askNodes, OperatorClient } from '@foldbook/client';
import { partitionOf } from '@foldbook/protocol';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { mappingsText } from '../broker-partitions.ts';
import { interrupted, ServiceError } from '../cli-error.ts';
import { LocalCluster } from '../local-cluster.ts';
import { type ServiceProcess, startService } from '../service-process.ts';
import { AskedProcess } from './asked-process.ts';
import { EPOCH_RECORDS, GROUPS_IN_FLIGHT, LONGEST_LAG_MS, pendingOf } from './e2e-market-config.ts';
import type { ClientsMeasured, ClientsQuestions, E2eMix } from './e2e-messages.ts';
import {
  CLIENTS_MAIN,
  FIRST_ACCOUNT,
  fundAccounts,
  openMarket,
  together,
  wait,
} from './e2e-run.ts';
import { latencyOf } from './e2e-words.ts';
import { type Between, between, childrenOf, look } from './scale-meter.ts';
import { withWorkFolder } from './work-folder.ts';

/** What a run is of. */
export interface ScaleSpec {
  readonly replicas: number;
  readonly partitions: number;
  /** Of all partitions together, as many in each. */
  readonly markets: number;
  /** All but one of them wait for each partition, and follow it. */
  readonly nodes: number;
  /** Accounts that trade, as many in each market. */
  readonly clients: number;
  /** Commands; undefined: as fast as windows allow. */
  readonly perSec: number | undefined;
  /** Whether the node ends and starts again, before the load and after it. */
  readonly restarts: boolean;
}

export interface ScaleSettings extends E2eMix {
  readonly idleSeconds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface ScaleRun {
  readonly spec: ScaleSpec;
  readonly idle: Between;
  readonly loaded: Between;
  /** From the clients' side, of the time of `loaded`. */
  readonly commandsPerSec: number;
  readonly messagesPerSec: number;
  readonly reportMessagesPerSec: number;
  readonly reportBytesPerSec: number;
  readonly publicMessagesPerSec: number;
  readonly publicBytesPerSec: number;
  readonly receivedMs: ReturnType<typeof latencyOf>;
  /** Until all partitions are served: of a new venue, with markets, with the log of the load. */
  readonly startMs: { readonly empty: number; readonly opened?: number; readonly loaded?: number };
  /** That the last start executed, beyond those of the start before. */
  readonly replayedCommands: number;
  /** To create a market and to hear that it is there, one after the other. */
  readonly createMs: number;
  readonly isWhole: boolean;
}

interface Tell {
  readonly onTrouble: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Stage extends Tell {
  readonly dir: string;
  readonly spec: ScaleSpec;
  readonly settings: ScaleSettings;
  readonly cluster: LocalCluster;
  readonly transport: NatsTransport;
  readonly nodes: ServiceProcess[];
  readonly tape: { messages: number; bytes: number };
}

const LOOK_MS = 20;
const SERVED_WITHIN_MS = 60_000;
/** Start-up's own work has to be over before idleness is measured. */
const SETTLE_SECONDS = 1;

export function runScale(spec: ScaleSpec, settings: ScaleSettings, tell: Tell): Promise<ScaleRun> {
  return withWorkFolder(async (dir) => {
    const { replicas, partitions } = spec;
    const mappings = mappingsText(partitions);
    const cluster = await LocalCluster.start({ dir, servers: replicas, settings: mappings });
    const nodes: ServiceProcess[] = [];
    try {
      const transport = await connectNats({ servers: cluster.servers, name: 'foldbook-bench' });
      try {
        const tape = { messages: 0, bytes: 0 };
        transport.subscribe('md.>', ({ payload }) => {
          tape.messages += 1;
          tape.bytes += payload.byteLength;
        });
        return await onStage({ ...tell, dir, spec, settings, cluster, transport, nodes, tape });
      } finally {
        await transport.close();
      }
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
      await cluster.stop();
    }
  });
}

async function onStage(stage: Stage): Promise<ScaleRun> {
  const { settings, signal } = stage;
  const empty = await startNodes(stage);
  const createMs = await openMarkets(stage);
  // One that waits for a venue without markets has nothing to follow yet.
  await untilServed(stage, stage.spec.nodes - 1);
  await wait(SETTLE_SECONDS, signal);
  const before = await lookNow(stage);
  await wait(settings.idleSeconds, signal);
  const idle = between(before, await lookNow(stage));
  const opened = await restart(stage);
  const first = await commandsSoFar(stage);
  const load = await underLoad(stage);
  const replayedCommands = (await commandsSoFar(stage)) - first;
  const loaded = await restart(stage);
  return {
    spec: stage.spec,
    idle,
    ...load,
    startMs: {
      empty,
      ...(opened === undefined ? {} : { opened }),
      ...(loaded === undefined ? {} : { loaded }),
    },
    createMs,
    replayedCommands,
  };
}

/** Of all markets. */
async function commandsSoFar({ transport, spec }: Stage): Promise<number> {
  const all = marketNames(spec).map((market) => new OperatorClient(transport, market).info());
  return (await Promise.all(all)).reduce((total, { sequence }) => total + sequence, 0);
}

/** @returns how long it took until all is served, ms */
async function startNodes({ spec, settings, cluster, ...stage }: Stage): Promise<number> {
  const { partitions, replicas, clients } = spec;
  const startMs = performance.now();
  const market = {
    epochRecords: EPOCH_RECORDS,
    maxGroupsInFlight: GROUPS_IN_FLIGHT,
    maxLagMs: LONGEST_LAG_MS,
    ...pendingOf({ ...settings, clients }),
  };
  for (let index = 1; index <= spec.nodes; index += 1) {
    const config = {
      node: `host-${index}`,
      partitions,
      standbys: spec.nodes - 1,
      rebalance: 'off',
      settleMs: 0,
      broker: { servers: cluster.servers.join(','), replicas },
      market,
    };
    const { onTrouble, signal } = stage;
    const logDir = join(stage.dir, `host-${index}`);
    stage.nodes.push(await startService('node', { config, logDir, onTrouble, signal }));
  }
  await untilServed({ ...stage, spec }, 0);
  return performance.now() - startMs;
}

async function untilServed(
  { transport, spec, signal }: Pick<Stage, 'transport' | 'spec' | 'signal'>,
  standbys: number,
): Promise<void> {
  const deadlineMs = performance.now() + SERVED_WITHIN_MS;
  const stop = interrupted(signal);
  for (;;) {
    const view = await askNodes(transport).catch(() => undefined);
    const isServed = view?.partitions.every(
      ({ runs }) =>
        runs.filter(({ state }) => state === 'serving').length === 1 &&
        runs.filter(({ state }) => state === 'waiting').length >= standbys,
    );
    if (isServed === true && view?.partitions.length === spec.partitions) return;
    if (performance.now() > deadlineMs) {
      throw new ServiceError(`partitions are not served: ${JSON.stringify(view?.partitions)}`);
    }
    await Promise.race([delay(LOOK_MS), stop]);
  }
}

/** @returns as `startNodes`; undefined where nothing restarts */
async function restart(stage: Stage): Promise<number | undefined> {
  if (!stage.spec.restarts) return undefined;
  await Promise.all(stage.nodes.splice(0).map((node) => node.stop()));
  return startNodes(stage);
}

/** Names that are spread evenly over the partitions. */
export function marketNames({ markets, partitions }: ScaleSpec): string[] {
  const names: string[] = [];
  for (let index = 0; names.length < markets; index += 1) {
    const name = `M${index}-USD`;
    if (partitionOf(name, partitions) === names.length % partitions) names.push(name);
  }
  return names;
}

const clientsOf = ({ clients, markets }: ScaleSpec) => Math.max(2, Math.ceil(clients / markets));

async function openMarkets({ transport, spec }: Stage): Promise<number> {
  let tookMs = 0;
  for (const market of marketNames(spec)) {
    const startMs = performance.now();
    await openMarket(transport, market, 0);
    tookMs += performance.now() - startMs;
  }
  await Promise.all(
    marketNames(spec).map((market) => fundAccounts(transport, market, clientsOf(spec))),
  );
  return tookMs / spec.markets;
}

function lookNow({ cluster, nodes }: Stage) {
  const ids = nodes.map(({ child }) => child.pid ?? 0);
  const services = ids.flatMap(childrenOf);
  return look(
    cluster,
    new Map([
      ['nodes', ids],
      ['services', services],
    ]),
  );
}

async function underLoad(stage: Stage) {
  const { settings, spec, signal, tape } = stage;
  const clients = new AskedProcess<ClientsQuestions>(CLIENTS_MAIN, [], signal);
  try {
    await attach(stage, clients);
    await clients.ask('start', { perSec: spec.perSec });
    await wait(settings.warmUpSeconds, signal);
    await clients.ask('measure', undefined);
    const tapeBefore = { ...tape };
    const before = await lookNow(stage);
    await wait(settings.seconds, signal);
    const measured: ClientsMeasured = await clients.ask('measure', undefined);
    const loaded = between(before, await lookNow(stage));
    const isWhole = await clients.ask('stop', undefined);
    const { seconds, receivedMs, ...counted } = together([measured]);
    return {
      loaded,
      commandsPerSec: counted.reportedCommands / seconds,
      messagesPerSec: counted.messages / seconds,
      reportMessagesPerSec: counted.reportMessages / seconds,
      reportBytesPerSec: counted.reportBytes / seconds,
      publicMessagesPerSec: (tape.messages - tapeBefore.messages) / loaded.seconds,
      publicBytesPerSec: (tape.bytes - tapeBefore.bytes) / loaded.seconds,
      receivedMs: latencyOf(receivedMs),
      isWhole,
    };
  } finally {
    await clients.stop();
  }
}

async function attach(
  { cluster, spec, settings }: Stage,
  clients: AskedProcess<ClientsQuestions>,
): Promise<void> {
  const { window, singlePercent, batch } = settings;
  for (const market of marketNames(spec)) {
    await clients.ask('attach', {
      ...{ window, singlePercent, batch, connections: cluster.servers.length },
      servers: cluster.servers,
      market,
      firstAccount: FIRST_ACCOUNT,
      accounts: clientsOf(spec),
    });
  }
}
