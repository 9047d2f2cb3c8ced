/**
 * What the nodes of a venue know of each other: made from the bucket's keys, the same for whoever
 * reads it. Names of keys: `node.<name>` is the lease of a node that lives, `load.<name>` what it
 * runs, `partition.<p>` the lease of who serves a partition, `move.<p>` the wish to have it moved.
 */
import {
  hasEnded,
  LeaseError,
  type LeaseHolder,
  type LeaseRecord,
  parseLease,
} from '@foldbook/runtime';
import { z } from 'zod';
import { SERVICE_STATES, type ServiceState } from './node-link.ts';

/** A token of subjects and keys. */
export const NODE_NAME = /^[A-Za-z0-9_-]{1,40}$/;

export const nodeKey = (node: string) => `node.${node}`;
export const loadKey = (node: string) => `load.${node}`;
export const moveKey = (partition: number) => `move.${partition}`;

/** What runs for a partition on a node. */
export interface RunState {
  readonly state: ServiceState;
  /** Of a core, smoothed. */
  readonly load: number;
}

export interface NodeState {
  readonly name: string;
  /** How much of the venue's load it shall have, compared with the others. */
  readonly capacity: number;
  readonly runs: ReadonlyMap<number, RunState>;
}

export interface PartitionOwner {
  /** As its lease says: a node's name, or that of a service that no node runs. */
  readonly node: string;
  readonly term: number;
}

export interface MoveWish {
  readonly to: string;
  readonly ageMs: number;
  readonly revision: number;
}

export interface VenueView {
  readonly partitions: number;
  /** Those that live, by name. */
  readonly nodes: ReadonlyMap<string, NodeState>;
  /** Leases that are held, by somebody who lives. */
  readonly owners: ReadonlyMap<number, PartitionOwner>;
  readonly wishes: ReadonlyMap<number, MoveWish>;
}

/** A key's last value, and for how long it has been the same, by the reader's own clock. */
export interface KeyEntry {
  readonly value: string;
  readonly revision: number;
  readonly ageMs: number;
}

const loadSchema = z.object({
  version: z.literal(1),
  capacity: z.number().positive(),
  runs: z.array(
    z.object({
      partition: z.int().min(0),
      state: z.enum(SERVICE_STATES),
      load: z.number().min(0),
    }),
  ),
});

export function encodeLoad({ capacity, runs }: Omit<NodeState, 'name'>): string {
  const rounded = [...runs].map(([partition, { state, load }]) => ({
    partition,
    state,
    load: Math.round(load * 100) / 100,
  }));
  return JSON.stringify({ version: 1, capacity, runs: rounded });
}

export const encodeWish = (to: string) => JSON.stringify({ version: 1, to });

/** Keys that hold something else are passed over: their own readers complain of them. */
export function readView(
  entries: ReadonlyMap<string, KeyEntry>,
  partitions: number,
  isGone: (holder: LeaseHolder) => boolean = hasEnded,
): VenueView {
  const nodes = new Map<string, NodeState>();
  const owners = new Map<number, PartitionOwner>();
  const wishes = new Map<number, MoveWish>();
  for (const [key, entry] of [...entries].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const [kind, name = ''] = key.split('.');
    if (kind === 'node') {
      if (liveLease(key, entry, isGone) !== undefined) nodes.set(name, loadOf(name, entries));
    } else if (kind === 'partition') {
      const record = liveLease(key, entry, isGone);
      if (record !== undefined) {
        owners.set(Number(name), { node: record.holder.node, term: record.term });
      }
    } else if (kind === 'move') {
      const to = wishOf(entry.value);
      const { ageMs, revision } = entry;
      if (to !== undefined) wishes.set(Number(name), { to, ageMs, revision });
    }
  }
  return { partitions, nodes, owners, wishes };
}

/** Undefined where nobody holds it, or its holder is not heard of any more. */
function liveLease(
  key: string,
  { value, ageMs }: KeyEntry,
  isGone: (holder: LeaseHolder) => boolean,
): LeaseRecord | undefined {
  try {
    const record = parseLease(key, value, 'the bucket');
    const isHeard = record?.isHeld === true && ageMs < record.leaseMs;
    return isHeard && !isGone(record.holder) ? record : undefined;
  } catch (error) {
    if (error instanceof LeaseError) return undefined;
    throw error;
  }
}

function loadOf(name: string, entries: ReadonlyMap<string, KeyEntry>): NodeState {
  const told = loadSchema.safeParse(json(entries.get(loadKey(name))?.value)).data;
  const runs = (told?.runs ?? []).map(
    ({ partition, state, load }) => [partition, { state, load }] as const,
  );
  return { name, capacity: told?.capacity ?? 1, runs: new Map(runs) };
}

const wishSchema = z.object({ version: z.literal(1), to: z.string().regex(NODE_NAME) });

const wishOf = (value: string) => wishSchema.safeParse(json(value)).data?.to;

function json(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
