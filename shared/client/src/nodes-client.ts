/** What nodes answer to operators: who has what, and that a partition is to be moved. */
import {
  NODE_MOVE_SUBJECT,
  NODE_VIEW_SUBJECT,
  PROTOCOL_VERSION,
  ResultCode,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { decode, encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';

/** A process for a partition. */
export interface PartitionRun {
  readonly node: string;
  /** starting, waiting or serving. */
  readonly state: string;
  /** Of a core: the part of its thread's time that it had something to do. */
  readonly load: number;
}

export interface PartitionFacts {
  readonly partition: number;
  /** Null while nobody serves it; a name that is no node's where a service without one does. */
  readonly owner: string | null;
  readonly term: number | null;
  /** Where it is on its way to. */
  readonly movesTo: string | null;
  readonly runs: readonly PartitionRun[];
}

export interface NodesView {
  /** Those that live. */
  readonly nodes: readonly { readonly name: string; readonly capacity: number }[];
  readonly partitions: readonly PartitionFacts[];
}

export interface PartitionMove {
  readonly partition: number;
  readonly from: string | null;
  readonly to: string;
}

/** As one of the nodes sees it. Rejects with ClientError UNREACHABLE, REFUSED, BAD_ANSWER. */
export async function askNodes(transport: Transport): Promise<NodesView> {
  const { nodes, partitions } = await facts<NodesView>(
    transport,
    NODE_VIEW_SUBJECT,
    new Uint8Array(0),
  );
  return { nodes, partitions };
}

/** The node that has the partition has noted the wish; the move comes. Rejects as `askNodes`. */
export async function wishMove(
  transport: Transport,
  partition: number,
  to: string,
): Promise<PartitionMove> {
  const payload = encode({ v: PROTOCOL_VERSION, partition, to });
  const { from } = await facts<PartitionMove>(transport, NODE_MOVE_SUBJECT, payload);
  return { partition, from, to };
}

async function facts<Facts>(
  transport: Transport,
  subject: string,
  payload: Uint8Array,
): Promise<Facts> {
  const answer = decode(await ask(transport, subject, payload));
  if (typeof answer !== 'object' || answer === null) {
    throw new ClientError('BAD_ANSWER', `${subject}: not a map`);
  }
  const told = answer as Facts & Partial<Record<'code' | 'name' | 'detail', unknown>>;
  if (told.code === ResultCode.OK) return told;
  throw new ClientError('REFUSED', `${subject}: ${told.name ?? told.code} ${told.detail ?? ''}`);
}
