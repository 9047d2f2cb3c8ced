/**
 * What operators ask nodes: `node.view` for who has what, `node.move` to have a partition moved.
 * All nodes hear both. The first answer to a question counts; a move is answered by the node alone
 * that has the partition.
 */
import {
  encodeRefusal,
  isMsgpackMap,
  NODE_MOVE_SUBJECT,
  NODE_VIEW_SUBJECT,
  PROTOCOL_VERSION,
  type Refusal,
  readMsgpack,
  refuse,
} from '@foldbook/protocol';
import {
  answer,
  type OnRefused,
  type Subscription,
  type Transport,
  type TransportMessage,
} from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { assign, ownerOf } from './node-plan.ts';
import type { VenueView } from './node-view.ts';

export interface NodeRequestsParts {
  readonly node: string;
  readonly transport: Transport;
  /** Undefined before anything is known. */
  readonly view: () => VenueView | undefined;
  /** Writes the wish down. */
  readonly move: (partition: number, to: string) => Promise<void>;
}

const MAP_LIMITS = { depth: 1, arrayLength: 0, mapLength: 4, stringBytes: 64 };

export class NodeRequests {
  readonly #parts: NodeRequestsParts;
  #subscriptions: Subscription[] = [];

  constructor(parts: NodeRequestsParts) {
    this.#parts = parts;
  }

  open(onRefused: OnRefused): void {
    const { transport } = this.#parts;
    this.#subscriptions = [
      transport.subscribe(NODE_VIEW_SUBJECT, (message) => this.#tellView(message), onRefused),
      transport.subscribe(NODE_MOVE_SUBJECT, (message) => this.#move(message), onRefused),
    ];
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #tellView({ reply }: TransportMessage): void {
    const view = this.#parts.view();
    if (reply !== undefined && view !== undefined) this.#answer(reply, factsOf(view));
  }

  /** Payload: msgpack map { v: 1, partition, to: name of a node }. */
  #move({ reply, payload }: TransportMessage): void {
    const view = this.#parts.view();
    if (reply === undefined || view === undefined) return;
    const { partition, to } = readMove(payload);
    if (partition === undefined || partition >= view.partitions) {
      const detail = `partition: there are ${view.partitions}, from 0`;
      this.#refuse(reply, refuse('FIELD_RANGE', 0, detail));
      return;
    }
    if (to === undefined || !view.nodes.has(to)) {
      const names = [...view.nodes.keys()].join(', ');
      this.#refuse(reply, refuse('FIELD_RANGE', 0, `to: the nodes that live are ${names}`));
      return;
    }
    const owner = ownerOf(view, partition);
    if ((owner ?? assign(view).get(partition)) !== this.#parts.node) return;
    const done = owner === to ? Promise.resolve() : this.#parts.move(partition, to);
    const facts = { partition, from: owner ?? null, to };
    done.then(
      () => this.#answer(reply, facts),
      (error: unknown) => this.#refuse(reply, refuse('UNAVAILABLE', 0, String(error))),
    );
  }

  #answer(reply: string, facts: object): void {
    answer(this.#parts.transport, reply, encode({ v: PROTOCOL_VERSION, code: 0, ...facts }));
  }

  #refuse(reply: string, refusal: Refusal): void {
    answer(this.#parts.transport, reply, encodeRefusal('msgpack', refusal));
  }
}

function factsOf(view: VenueView): object {
  const partitions = Array.from({ length: view.partitions }, (_, partition) => {
    const owner = view.owners.get(partition);
    const runs = [...view.nodes.values()].flatMap(({ name, runs }) => {
      const run = runs.get(partition);
      return run === undefined ? [] : [{ node: name, ...run }];
    });
    const movesTo = view.wishes.get(partition)?.to ?? null;
    return { partition, owner: owner?.node ?? null, term: owner?.term ?? null, movesTo, runs };
  });
  const nodes = [...view.nodes.values()].map(({ name, capacity }) => ({ name, capacity }));
  return { partitions, nodes };
}

function readMove(payload: Uint8Array): { partition?: number; to?: string } {
  const map = readMsgpack(payload, MAP_LIMITS);
  if (!map.ok || !isMsgpackMap(map.value)) return {};
  const [partition, to] = [map.value.get('partition'), map.value.get('to')];
  const isNumber = typeof partition === 'number' && Number.isInteger(partition) && partition >= 0;
  return { ...(isNumber ? { partition } : {}), ...(typeof to === 'string' ? { to } : {}) };
}
