/**
 * How the machine's cores and memory belong together, from sysfs. Cores of another node reach a
 * thread's memory by a longer way, and two hyper-threads of a core share what one thread needs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { parseCoreList } from './affinity.ts';

export interface SharedCache {
  /** 1 is the nearest to the core. */
  readonly level: number;
  readonly bytes: number;
  /** Numbers of the cores that share it, ascending, the core itself among them. */
  readonly cores: readonly number[];
}

export interface Core {
  readonly core: number;
  /** Undefined where the kernel knows of no nodes. */
  readonly node: number | undefined;
  /** Numbers of the cores that are hyper-threads of the same one, itself among them. */
  readonly siblings: readonly number[];
  /** Of data, the nearest first. */
  readonly caches: readonly SharedCache[];
}

export interface MemoryNode {
  readonly node: number;
  /** Those that run; none where a node has memory only. */
  readonly cores: readonly number[];
  readonly bytes: number;
}

export interface Topology {
  /** Those that run, ascending. */
  readonly cores: readonly Core[];
  /** Empty where the kernel knows of none. */
  readonly nodes: readonly MemoryNode[];
  /** Kept free of everything that does not ask for them by number. */
  readonly isolated: readonly number[];
}

const SYSFS = '/sys/devices/system';
const SUFFIXES: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/**
 * @param root in place of `/sys/devices/system`
 * @returns undefined on other systems than Linux, and where there is no sysfs
 */
export function readTopology(root = SYSFS): Topology | undefined {
  if (platform !== 'linux' && root === SYSFS) return undefined;
  const online = read(root, 'cpu/online');
  if (online === undefined) return undefined;
  const running = parseCoreList(online);
  const nodes = readNodes(root, new Set(running));
  const nodeOf = (core: number) => nodes.find(({ cores }) => cores.includes(core))?.node;
  const cores = running.map((core) => ({
    core,
    node: nodeOf(core),
    siblings: coreList(root, `cpu/cpu${core}/topology/thread_siblings_list`) ?? [core],
    caches: readCaches(root, core),
  }));
  return { cores, nodes, isolated: coreList(root, 'cpu/isolated') ?? [] };
}

/** The node that a thread on this core has its memory bound to; undefined where there is one. */
export function nodeToBind(topology: Topology | undefined, core: number): number | undefined {
  if (topology === undefined || topology.nodes.length < 2) return undefined;
  return topology.cores.find((found) => found.core === core)?.node;
}

/** One line for a log: `2 cores, 1 node, 32 MiB of cache shared by 0-1`, and what is special. */
export function topologyWords({ cores, nodes, isolated }: Topology): string {
  const pairs = cores.filter(({ siblings }) => siblings.length > 1).length;
  const last = new Map<string, number>();
  for (const { caches } of cores) {
    const shared = caches.findLast((cache) => cache.cores.length > 1);
    if (shared !== undefined) last.set(shared.cores.join(','), shared.bytes);
  }
  const caches = [...last].map(([list, bytes]) => `${bytes / 2 ** 20} MiB shared by ${list}`);
  return [
    `${cores.length} ${cores.length === 1 ? 'core' : 'cores'}`,
    nodes.length < 2 ? '1 node' : nodes.map(nodeWords).join(', '),
    ...(pairs > 0 ? [`${pairs} of them hyper-threads of others`] : []),
    ...(caches.length > 0 ? [`last cache ${caches.join('; ')}`] : []),
    ...(isolated.length > 0 ? [`isolated: ${isolated.join(',')}`] : []),
  ].join(', ');
}

const nodeWords = ({ node, cores }: MemoryNode) =>
  `node ${node}: ${cores.length === 0 ? 'memory only' : cores.join(',')}`;

function readNodes(root: string, running: ReadonlySet<number>): MemoryNode[] {
  const list = read(root, 'node/online');
  if (list === undefined) return [];
  return parseCoreList(list).map((node) => {
    const dir = `node/node${node}`;
    // A core that does not run any more may still be named.
    const cores = (coreList(root, `${dir}/cpulist`) ?? []).filter((core) => running.has(core));
    const kib = /MemTotal:\s*(\d+) kB/.exec(read(root, `${dir}/meminfo`) ?? '')?.[1];
    return { node, cores, bytes: Number(kib ?? 0) * 1_024 };
  });
}

function readCaches(root: string, core: number): SharedCache[] {
  const dir = `cpu/cpu${core}/cache`;
  return names(join(root, dir))
    .filter((name) => name.startsWith('index'))
    .filter((name) => read(root, `${dir}/${name}/type`) !== 'Instruction')
    .map((name) => ({
      level: Number(read(root, `${dir}/${name}/level`) ?? 0),
      bytes: sizeOf(read(root, `${dir}/${name}/size`) ?? ''),
      cores: coreList(root, `${dir}/${name}/shared_cpu_list`) ?? [core],
    }))
    .sort((a, b) => a.level - b.level);
}

function sizeOf(text: string): number {
  const [, count = '0', suffix = ''] = /^(\d+)([KMG]?)$/.exec(text) ?? [];
  return Number(count) * (SUFFIXES[suffix] ?? 1);
}

function coreList(root: string, file: string): number[] | undefined {
  const text = read(root, file);
  return text === undefined ? undefined : parseCoreList(text);
}

function read(root: string, file: string): string | undefined {
  try {
    return readFileSync(join(root, file), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function names(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
