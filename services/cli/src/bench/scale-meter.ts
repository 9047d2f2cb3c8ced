/** What brokers and processes tell of themselves, and what they did between two looks; Linux. */
import { readdirSync, readFileSync } from 'node:fs';
import type { LocalCluster } from '../local-cluster.ts';
import { readProcessCpu } from './process-cpu.ts';

/** Of one process, or of several together. */
export interface Usage {
  /** Processor time, s. */
  readonly cpuSec: number;
  readonly residentBytes: number;
  /** That it had the system write to disks. */
  readonly writtenBytes: number;
}

/** Of connections with one name, from the broker's side. */
export interface Traffic {
  readonly inMessages: number;
  readonly inBytes: number;
  readonly outMessages: number;
  readonly outBytes: number;
}

export interface StreamSize {
  readonly messages: number;
  readonly bytes: number;
  readonly subjects: number;
}

export interface Look {
  readonly atMs: number;
  /** All brokers. */
  readonly brokers: Usage;
  /** Of all their clients. */
  readonly clients: Traffic;
  /** Between brokers: what each one received from the others. */
  readonly routeMessages: number;
  readonly routeBytes: number;
  readonly connections: ReadonlyMap<string, Traffic>;
  readonly streams: ReadonlyMap<string, StreamSize>;
  readonly consumers: number;
  readonly subscriptions: number;
  /** By what the processes are: `nodes`, `services`. */
  readonly processes: ReadonlyMap<string, Usage>;
}

interface ServerFacts {
  readonly in_client_msgs: number;
  readonly in_client_bytes: number;
  readonly out_client_msgs: number;
  readonly out_client_bytes: number;
  readonly subscriptions: number;
}

interface ConnectionFacts {
  readonly name?: string;
  readonly in_msgs: number;
  readonly in_bytes: number;
  readonly out_msgs: number;
  readonly out_bytes: number;
}

interface StreamFacts {
  readonly name: string;
  readonly cluster?: { readonly leader?: string };
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly num_subjects?: number;
    readonly consumer_count: number;
  };
}

interface JetStreamFacts {
  readonly server_name?: string;
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamFacts[] }[];
}

const NO_USAGE: Usage = { cpuSec: 0, residentBytes: 0, writtenBytes: 0 };
const NO_TRAFFIC: Traffic = { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 };
const MOST_CONNECTIONS = 65_536;

/**
 * @param processIds - by what they are
 * @throws Error of `fetch` when a broker does not answer
 */
export async function look(
  cluster: LocalCluster,
  processIds: ReadonlyMap<string, readonly number[]>,
): Promise<Look> {
  const [servers, routes, connected, stored, brokers] = await Promise.all([
    cluster.told<ServerFacts>('varz'),
    cluster.told<{ readonly routes?: readonly ConnectionFacts[] }>('routez'),
    cluster.told<{ readonly connections: readonly ConnectionFacts[] }>(
      `connz?limit=${MOST_CONNECTIONS}`,
    ),
    cluster.told<JetStreamFacts>('jsz?accounts=true&streams=true'),
    cluster.processIds(),
  ]);
  const sum = (of: (server: ServerFacts) => number) => servers.reduce((all, s) => all + of(s), 0);
  const ofRoutes = routes.flatMap((told) => told.routes ?? []);
  return {
    atMs: performance.now(),
    brokers: usageOf(brokers),
    clients: {
      inMessages: sum((server) => server.in_client_msgs),
      inBytes: sum((server) => server.in_client_bytes),
      outMessages: sum((server) => server.out_client_msgs),
      outBytes: sum((server) => server.out_client_bytes),
    },
    routeMessages: ofRoutes.reduce((all, route) => all + route.in_msgs, 0),
    routeBytes: ofRoutes.reduce((all, route) => all + route.in_bytes, 0),
    connections: byName(connected.flatMap(({ connections }) => connections)),
    ...streamsOf(stored),
    subscriptions: sum((server) => server.subscriptions),
    processes: new Map([...processIds].map(([name, ids]) => [name, usageOf(ids)])),
  };
}

function byName(connections: readonly ConnectionFacts[]): Map<string, Traffic> {
  const found = new Map<string, Traffic>();
  for (const each of connections) {
    // Those of partitions, and of nodes, are told together.
    const name = (each.name ?? '').replace(/^(market|node)-.*$/s, '$1');
    const before = found.get(name) ?? NO_TRAFFIC;
    found.set(name, {
      inMessages: before.inMessages + each.in_msgs,
      inBytes: before.inBytes + each.in_bytes,
      outMessages: before.outMessages + each.out_msgs,
      outBytes: before.outBytes + each.out_bytes,
    });
  }
  return found;
}

/** Each stream as its leader has it; where there is one broker, that one. */
function streamsOf(stored: readonly JetStreamFacts[]): Pick<Look, 'streams' | 'consumers'> {
  const streams = new Map<string, StreamSize>();
  let consumers = 0;
  for (const [index, { account_details: accounts = [] }] of stored.entries()) {
    for (const { name, cluster, state } of accounts.flatMap((a) => a.stream_detail ?? [])) {
      const isLeader = cluster?.leader === undefined || cluster.leader === `broker-${index + 1}`;
      // Consumers of one copy are on one server.
      consumers += state.consumer_count;
      if (!isLeader) continue;
      const { messages, bytes, num_subjects: subjects = 0 } = state;
      streams.set(name, { messages, bytes, subjects });
    }
  }
  return { streams, consumers };
}

function usageOf(processIds: readonly number[]): Usage {
  return processIds.map(readUsage).reduce(
    (all, each) => ({
      cpuSec: all.cpuSec + each.cpuSec,
      residentBytes: all.residentBytes + each.residentBytes,
      writtenBytes: all.writtenBytes + each.writtenBytes,
    }),
    NO_USAGE,
  );
}

/** Nothing of a process that has ended. */
function readUsage(processId: number): Usage {
  const cpu = readProcessCpu(processId);
  const status = readText(`/proc/${processId}/status`);
  const io = readText(`/proc/${processId}/io`);
  return {
    cpuSec: cpu === undefined ? 0 : cpu.main + cpu.others,
    residentBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024,
    writtenBytes: Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0),
  };
}

/** The processes that one has started. */
export function childrenOf(processId: number): number[] {
  const ids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return ids.filter((id) => {
    const stat = readText(`/proc/${id}/stat`);
    // Behind the name, which may hold anything: state, then the parent.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === processId;
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What was done between two looks; figures of a second, sizes as they were in the end. */
export function between(before: Look, after: Look) {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const perSec = (of: (look: Look) => number) => (of(after) - of(before)) / seconds;
  const traffic = (of: (look: Look) => Traffic | undefined) => ({
    inMessages: perSec((seen) => of(seen)?.inMessages ?? 0),
    inBytes: perSec((seen) => of(seen)?.inBytes ?? 0),
    outMessages: perSec((seen) => of(seen)?.outMessages ?? 0),
    outBytes: perSec((seen) => of(seen)?.outBytes ?? 0),
  });
  const usage = (of: (look: Look) => Usage | undefined) => ({
    cores: perSec((seen) => of(seen)?.cpuSec ?? 0),
    residentBytes: of(after)?.residentBytes ?? 0,
    writtenBytes: perSec((seen) => of(seen)?.writtenBytes ?? 0),
  });
  const streams = (kind: string) => {
    const of = (seen: Look) =>
      [...seen.streams].flatMap(([name, size]) => (name.startsWith(kind) ? [size] : []));
    const total = (seen: Look, field: keyof StreamSize) =>
      of(seen).reduce((all, size) => all + size[field], 0);
    return {
      messages: perSec((seen) => total(seen, 'messages')),
      bytes: perSec((seen) => total(seen, 'bytes')),
      subjects: total(after, 'subjects'),
    };
  };
  return {
    seconds,
    brokers: usage((seen) => seen.brokers),
    nodes: usage((seen) => seen.processes.get('nodes')),
    services: usage((seen) => seen.processes.get('services')),
    clients: traffic((seen) => seen.clients),
    marketConnections: traffic((seen) => seen.connections.get('market')),
    nodeConnections: traffic((seen) => seen.connections.get('node')),
    routes: {
      messages: perSec((seen) => seen.routeMessages),
      bytes: perSec((seen) => seen.routeBytes),
    },
    log: streams('LOG_'),
    reports: streams('RPT_'),
    diffs: streams('DIFF_'),
    streams: after.streams.size,
    consumers: after.consumers,
    subscriptions: after.subscriptions,
  };
}

export type Between = ReturnType<typeof between>;
