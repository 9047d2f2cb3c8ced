/**
 * Which node does what for which partition: functions of what all nodes see, so that they come to
 * the same answer without asking each other. Where they see different things for a moment, a
 * partition has two processes, of which the lease lets one serve.
 */
import type { NodeState, VenueView } from './node-view.ts';

/** What a partition counts for that has nothing to do: a process and its memory cost something. */
export const IDLE_LOAD = 0.1;

export interface NodePlan {
  /** Partitions for which the node runs a process, serving or waiting. */
  readonly run: ReadonlySet<number>;
  /** To be left to a node whose process waits for it. */
  readonly handOver: ReadonlyMap<number, string>;
  /** Wishes that came true, or that can't. */
  readonly clear: ReadonlySet<number>;
}

export interface PlanOptions {
  /** Processes that wait for each partition, each on another node than the owner. */
  readonly standbys: number;
  /** A wish that did not come true in so long is given up, ms. */
  readonly moveWithinMs: number;
}

/** The live node that serves the partition. */
export function ownerOf({ owners, nodes }: VenueView, partition: number): string | undefined {
  const owner = owners.get(partition)?.node;
  return owner !== undefined && nodes.has(owner) ? owner : undefined;
}

/** A hash that says of each partition in which order the nodes are its, whoever else there is. */
export function preference(partition: number, node: string): number {
  let hash = 0x811c9dc5;
  const text = `${node}/${partition}`;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // FNV leaves neighbours alike in their upper bits, which decide here.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const byPreference = (partition: number) => (one: NodeState, other: NodeState) =>
  preference(partition, other.name) - preference(partition, one.name) ||
  (one.name < other.name ? -1 : 1);

export const partitionWeight = (load: number | undefined) => Math.max(load ?? 0, IDLE_LOAD);

/**
 * The node of each partition: who has it keeps it. One that nobody has goes where it was wished to,
 * or where a process waits for it, or starts for it; else to the node with the least to do.
 */
export function assign(view: VenueView): Map<number, string> {
  const { partitions, nodes, wishes } = view;
  const assigned = new Map<number, string>();
  const weights = new Map<string, number>([...nodes.keys()].map((name) => [name, 0]));
  const give = (partition: number, node: string) => {
    assigned.set(partition, node);
    const load = nodes.get(node)?.runs.get(partition)?.load;
    weights.set(node, (weights.get(node) ?? 0) + partitionWeight(load));
  };
  const left: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const wished = wishes.get(partition)?.to;
    const node =
      ownerOf(view, partition) ??
      (wished !== undefined && nodes.has(wished) ? wished : undefined) ??
      whereItRuns(view, partition);
    if (node === undefined) left.push(partition);
    else give(partition, node);
  }
  for (const partition of left) {
    const relative = ({ name, capacity }: NodeState) => (weights.get(name) ?? 0) / capacity;
    const order = byPreference(partition);
    const [least] = [...nodes.values()].sort(
      (one, other) => relative(one) - relative(other) || order(one, other),
    );
    if (least !== undefined) give(partition, least.name);
  }
  return assigned;
}

function whereItRuns({ nodes }: VenueView, partition: number): string | undefined {
  const running = [...nodes.values()].filter(({ runs }) => runs.has(partition));
  const isReady = ({ runs }: NodeState) => Number(runs.get(partition)?.state !== 'starting');
  const order = byPreference(partition);
  running.sort((one, other) => isReady(other) - isReady(one) || order(one, other));
  return running[0]?.name;
}

/** The nodes whose processes wait for a partition, first the one that likes it best. */
export function standbysOf(
  { nodes }: VenueView,
  partition: number,
  owner: string | undefined,
  standbys: number,
): string[] {
  const others = [...nodes.values()].filter(({ name }) => name !== owner);
  return others
    .sort(byPreference(partition))
    .slice(0, standbys)
    .map(({ name }) => name);
}

/** A node that is not among those that live, as it ends, leaves all that it has to the others. */
export function planNode(
  view: VenueView,
  self: NodeState,
  { standbys, moveWithinMs }: PlanOptions,
): NodePlan {
  const run = new Set<number>();
  const handOver = new Map<number, string>();
  const clear = new Set<number>();
  const isEnding = !view.nodes.has(self.name);
  for (const [partition, node] of assign(view)) {
    const wish = view.wishes.get(partition);
    const isWaitedFor = standbysOf(view, partition, node, standbys).includes(self.name);
    if (node === self.name || wish?.to === self.name || isWaitedFor) run.add(partition);
    const isDone = wish !== undefined && ownerOf(view, partition) === wish.to;
    const isVain = wish !== undefined && (!view.nodes.has(wish.to) || wish.ageMs > moveWithinMs);
    if (node === self.name && (isDone || isVain)) clear.add(partition);
    if (self.runs.get(partition)?.state !== 'serving') continue;
    const heir = isEnding ? waiting(view, partition) : isVain ? undefined : wish?.to;
    const isReady = heir !== undefined && isWaiting(view, partition, heir);
    if (isReady && heir !== self.name) handOver.set(partition, heir);
  }
  return { run, handOver, clear };
}

const isWaiting = ({ nodes }: VenueView, partition: number, node: string) =>
  nodes.get(node)?.runs.get(partition)?.state === 'waiting';

function waiting(view: VenueView, partition: number): string | undefined {
  const nodes = [...view.nodes.values()].filter(({ name }) => isWaiting(view, partition, name));
  return nodes.sort(byPreference(partition))[0]?.name;
}
