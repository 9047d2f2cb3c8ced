/**
 * The way of what is committed to the markets' hosts: in order, as far as the rings have room.
 * While a market moves from one host to another, what comes for it waits here: nothing is lost,
 * nothing overtakes anything.
 */
import assert from 'node:assert/strict';
import { MessageChannel, type Transferable } from 'node:worker_threads';
import { RECORD_BYTES, viewOf } from '@foldbook/protocol';
import type { RingProducer } from '@foldbook/runtime';
import type { HostWorker, PostedPassage, SendPiece } from './host-thread.ts';
import type { Market } from './market-registry.ts';
import { ControlKind, ControlOffset, SERVICE_THREAD } from './ring-message.ts';

/** What the dispatcher needs of a host. */
export interface DispatchTarget extends Pick<HostWorker, 'openWay'> {
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
  /** Undefined for one that comes out of a file. */
  readonly from: number | undefined;
  readonly to: number;
  readonly sinceNs: number;
  readonly held: Delivery[];
  readonly done: (move: FinishedMove) => void;
  /** What the hosts have said. */
  readonly ends: MoveEnd[];
}

/** Pieces of the snapshot in order, and an empty one at the end. */
export type OnPiece = (piece: Uint8Array) => void;

export class Dispatcher {
  readonly #lanes: readonly Lane[];
  readonly #nowNs: () => number;
  #move: Move | undefined;
  /** Pairs of hosts between which a market has moved before. */
  readonly #passages = new Set<string>();
  /** This thread's ends of the passages to hosts, by their numbers. */
  readonly #ways = new Map<number, SendPiece>();
  #snapshot: { readonly market: Market; readonly onPiece: OnPiece } | undefined;

  /** @param nowNs - any clock that goes on evenly */
  constructor(targets: readonly DispatchTarget[], nowNs: () => number) {
    assert(targets.length > 0, 'markets live on hosts');
    this.#lanes = targets.map((target) => ({ target, waiting: [] }));
    this.#nowNs = nowNs;
  }

  get hosts(): number {
    return this.#lanes.length;
  }

  /** The market that is on its way, or writes a snapshot: no other one may begin to. */
  get moving(): Market | undefined {
    return this.#move?.market ?? this.#snapshot?.market;
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
    assert(this.moving === undefined, 'one market moves at a time');
    const from = market.host;
    assert(from !== to, `market ${market.name} is on host ${to} already`);
    this.#connect(from, to);
    const sinceNs = this.#nowNs();
    this.#move = { market, from, to, sinceNs, held: [], done, ends: [] };
    this.#control(from, ControlKind.MOVE_OUT, market, to);
    this.#control(to, ControlKind.MOVE_IN, market, from);
    this.flush();
  }

  /**
   * Has a market write a snapshot behind everything that is durable; one at a time, and none while
   * a market moves. Its host tells by SNAPSHOT_BEGUN where it stands.
   */
  snapshot(market: Market, onPiece: OnPiece): void {
    assert(this.moving === undefined, 'one snapshot is written at a time, and no market moves');
    this.#snapshot = { market, onPiece };
    this.#way(market.host);
    this.#control(market.host, ControlKind.SNAPSHOT, market, SERVICE_THREAD);
    this.flush();
  }

  /**
   * Puts a market onto the host that it is placed on, from the pieces of a snapshot; what is
   * delivered meanwhile comes after it. `done` is told when it is there.
   */
  async restore(
    market: Market,
    pieces: AsyncIterable<Uint8Array>,
    done: (move: FinishedMove) => void,
  ): Promise<void> {
    assert(this.moving === undefined, 'one market comes at a time');
    const to = market.host;
    const send = this.#way(to);
    const sinceNs = this.#nowNs();
    this.#move = { market, from: undefined, to, sinceNs, held: [], done, ends: [] };
    this.#control(to, ControlKind.MOVE_IN, market, SERVICE_THREAD);
    this.flush();
    for await (const piece of pieces) send(piece);
    send(new Uint8Array(0));
  }

  /** A host tells what has become of the market that moves. */
  moved(market: number, end: MoveEnd): void {
    const move = this.#move;
    assert(move !== undefined && move.market.id === market, `market ${market} does not move`);
    move.ends.push(end);
    // All events that it made there have been seen by then, and its next is still to come.
    if (move.ends.length < (move.from === undefined ? 1 : 2)) return;
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
    move.done({ market: move.market, from: from ?? to, to, isRefused, tookNs, held: held.length });
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

  /** This thread's end of the passage to a host. */
  #way(host: number): SendPiece {
    const known = this.#ways.get(host);
    if (known !== undefined) return known;
    const { target } = this.#lane(host);
    const onPiece = (piece: Uint8Array) => this.#piece(host, piece);
    const way = target.openWay?.(onPiece) ?? wayByPort(target, onPiece);
    this.#ways.set(host, way);
    return way;
  }

  /** A piece of a snapshot; or, of a market that came, the word that it was taken or was not. */
  #piece(host: number, piece: Uint8Array): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return;
    assert.equal(snapshot.market.host, host);
    if (piece.byteLength === 0) this.#snapshot = undefined;
    snapshot.onPiece(piece);
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

function wayByPort(target: DispatchTarget, onPiece: SendPiece): SendPiece {
  const { port1, port2 } = new MessageChannel();
  target.post({ host: SERVICE_THREAD, port: port2 }, [port2]);
  port1.on('message', onPiece);
  // It keeps no process from ending.
  port1.unref();
  return (piece) => port1.postMessage(piece);
}
