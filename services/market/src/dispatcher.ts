/**
 * The way of what is committed to the markets' hosts: in order, as far as the rings have room.
 * While a market moves from one host to another, what comes for it waits here: nothing is lost,
 * nothing overtakes anything.
 */
import assert from 'node:assert/strict';
import { MessageChannel, type Transferable } from 'node:worker_threads';
import { RECORD_BYTES, viewOf } from '@foldbook/protocol';
import type { RingProducer } from '@foldbook/runtime';
import type { PostedPassage } from './host-thread.ts';
import type { Market } from './market-registry.ts';
import { ControlKind, ControlOffset } from './ring-message.ts';

/** What the dispatcher needs of a host. */
export interface DispatchTarget {
  readonly commands: RingProducer;
  /** Hands over one end of a passage. */
  post(message: PostedPassage, transfer: readonly Transferable[]): void;
}

interface Delivery {
  readonly payload: Uint8Array;
  readonly records: number;
}

interface Lane {
  readonly target: DispatchTarget;
  /** What the ring had no room for, oldest first. */
  readonly waiting: Delivery[];
}

/** What a host says at the end of a move: both that it is off, or one each of the others. */
export type MoveEnd = 'left' | 'come' | 'off';

export interface FinishedMove {
  readonly market: Market;
  readonly from: number;
  readonly to: number;
  /** The other host has no memory for the market, which goes on where it was. */
  readonly isRefused: boolean;
  /** From its last command there until its first one here could run. */
  readonly tookNs: number;
  /** Groups that came meanwhile. */
  readonly held: number;
}

interface Move {
  readonly market: Market;
  readonly from: number;
  readonly to: number;
  readonly sinceNs: number;
  readonly held: Delivery[];
  readonly done: (move: FinishedMove) => void;
  /** What the hosts have said. */
  readonly ends: MoveEnd[];
}

export class Dispatcher {
  readonly #lanes: readonly Lane[];
  readonly #nowNs: () => number;
  #move: Move | undefined;
  /** Pairs of hosts between which a market has moved before. */
  readonly #passages = new Set<string>();

  /** @param nowNs - any clock that goes on evenly */
  constructor(targets: readonly DispatchTarget[], nowNs: () => number) {
    assert(targets.length > 0, 'markets live on hosts');
    this.#lanes = targets.map((target) => ({ target, waiting: [] }));
    this.#nowNs = nowNs;
  }

  get hosts(): number {
    return this.#lanes.length;
  }

  /** The market that is on its way. */
  get moving(): Market | undefined {
    return this.#move?.market;
  }

  /** Groups that wait for room, or for their market to be there. */
  get undelivered(): number {
    const held = this.#move?.held.length ?? 0;
    return this.#lanes.reduce((sum, { waiting }) => sum + waiting.length, held);
  }

  /** Slots that are used in the rings to the hosts. */
  get usedSlots(): number {
    return this.#lanes.reduce((sum, { target }) => sum + target.commands.used(), 0);
  }

  /** Takes a durable group, a header and its commands. */
  deliver(market: Market, payload: Uint8Array, records: number): void {
    const delivery = { payload, records };
    if (this.#move?.market === market) this.#move.held.push(delivery);
    else this.#lane(market.host).waiting.push(delivery);
    this.flush();
  }

  /** Puts a query behind everything that is durable; false when it would have to wait. */
  query(market: Market, record: Uint8Array): boolean {
    assert.equal(record.byteLength, RECORD_BYTES);
    if (this.#move?.market === market) return false;
    const { target, waiting } = this.#lane(market.host);
    if (waiting.length > 0 || !target.commands.offer(record, 1)) return false;
    target.commands.publish();
    return true;
  }

  /** Moves what waits to the rings, as far as there is room; returns how many messages. */
  flush(): number {
    let all = 0;
    for (const { target, waiting } of this.#lanes) {
      let moved = 0;
      for (const { payload, records } of waiting) {
        if (!target.commands.offer(payload, records)) break;
        moved += 1;
      }
      if (moved === 0) continue;
      waiting.splice(0, moved);
      target.commands.publish();
      all += moved;
    }
    return all;
  }

  /** Sends a market to another host. One at a time; `done` is told when it is there. */
  move(market: Market, to: number, done: (move: FinishedMove) => void): void {
    assert(this.#move === undefined, 'one market moves at a time');
    const from = market.host;
    assert(from !== to, `market ${market.name} is on host ${to} already`);
    this.#connect(from, to);
    const sinceNs = this.#nowNs();
    this.#move = { market, from, to, sinceNs, held: [], done, ends: [] };
    this.#control(from, ControlKind.MOVE_OUT, market, to);
    this.#control(to, ControlKind.MOVE_IN, market, from);
    this.flush();
  }

  /** A host tells what has become of the market that moves. */
  moved(market: number, end: MoveEnd): void {
    const move = this.#move;
    assert(move !== undefined && move.market.id === market, `market ${market} does not move`);
    move.ends.push(end);
    // All events that it made there have been seen by then, and its next is still to come.
    if (move.ends.length < 2) return;
    const isRefused = end === 'off';
    assert(
      move.ends.every((each) => (each === 'off') === isRefused),
      'both hosts say the same',
    );
    this.#move = undefined;
    if (!isRefused) move.market.host = move.to;
    const { waiting } = this.#lane(move.market.host);
    for (const delivery of move.held) waiting.push(delivery);
    this.flush();
    const { from, to, held, sinceNs } = move;
    const tookNs = this.#nowNs() - sinceNs;
    move.done({ market: move.market, from, to, isRefused, tookNs, held: held.length });
  }

  /** One passage for all moves between two hosts: a thread that never rests lets no port go. */
  #connect(from: number, to: number): void {
    const pair = `${Math.min(from, to)} ${Math.max(from, to)}`;
    if (this.#passages.has(pair)) return;
    this.#passages.add(pair);
    const { port1, port2 } = new MessageChannel();
    this.#lane(from).target.post({ host: to, port: port1 }, [port1]);
    this.#lane(to).target.post({ host: from, port: port2 }, [port2]);
  }

  #control(host: number, kind: number, market: Market, other: number): void {
    const payload = new Uint8Array(RECORD_BYTES);
    const view = viewOf(payload);
    view.setUint8(ControlOffset.KIND, kind);
    view.setUint32(ControlOffset.MARKET, market.id, true);
    view.setUint32(ControlOffset.HOST, other, true);
    this.#lane(host).waiting.push({ payload, records: 1 });
  }

  #lane(host: number): Lane {
    const lane = this.#lanes[host];
    assert(lane !== undefined, `there is no host ${host}`);
    return lane;
  }
}
