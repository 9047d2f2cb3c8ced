/**
 * The market's side of connections over shared memory: who may be an account's client, the memory
 * behind a connection, and what comes out of it. The socket decides whose connection it is. Nothing
 * in the memory is trusted: a client that breaks the rules, or does not read, loses its connection
 * and disturbs nobody else.
 */
import { pid as ownPid } from 'node:process';
import { DescriptorWatch } from './descriptor-watch.ts';
import { type Frame, FrameReceiver, FrameSender } from './frame.ts';
import type { LocalSocket } from './local-socket.ts';
import { MappedMemory } from './mapped-memory.ts';
import { layRing, RingConsumer, RingProducer } from './ring.ts';
import { SLOT_BYTES, WORD_BYTES } from './ring-descriptor.ts';
import { type Door, Doors, type SharedAccount, type TurnedAway } from './shared-memory-door.ts';
import { checkSupport } from './shared-memory-error.ts';
import { encodeHandshake, HandshakeKind } from './shared-memory-handshake.ts';
import {
  ClientState,
  ControlOffset,
  connectionBytes,
  DEFAULT_RING_SLOTS,
  FRAME_HEADER_BYTES,
  type FrameKind,
  MAX_SUBJECT_BYTES,
  MarketState,
  ringToClient,
  ringToMarket,
} from './shared-memory-layout.ts';

export interface SharedMemoryHostOptions {
  /** Of this host alone; made if absent. */
  readonly folder: string;
  readonly accounts: readonly SharedAccount[];
  /** Of a client's frame, its payload and subjects. */
  readonly maxFrameBytes: number;
  /** Of each ring; a power of two. */
  readonly ringSlots?: number;
  /** What waits for a client that does not read, before it loses its connection. */
  readonly maxWaitingBytes?: number;
  /** What one client's frames may take of a pass, ms. */
  readonly budgetMs?: number;
  readonly nowMs?: () => number;
}

/** Why a connection ended. */
export const ConnectionEnd = { LEFT: 0, LOST: 1, SLOW: 2, BROKEN: 3, STOPPED: 4 } as const;
export type ConnectionEnd = keyof typeof ConnectionEnd;

export interface ConnectionListener {
  onOpen(connection: HostConnection): void;
  /** False for a frame that no proper client sends. */
  onFrame(connection: HostConnection, frame: Frame): boolean;
  onEnd(connection: HostConnection, end: ConnectionEnd, reason: string): void;
  /** Somebody knocked who may not come in, or not now. */
  onTurnedAway(away: TurnedAway): void;
  /** An account's client can't be let in for now; it is tried again. */
  onTrouble(account: number, reason: string): void;
}

const DEFAULT_WAITING_BYTES = 16 * 1024 * 1024;
/** A client that keeps the market busy lets others have their turn after this. */
const DEFAULT_BUDGET_MS = 0.3;
/** Between two looks at the sockets: who knocks, whose client is gone. */
const LOOK_MS = 10;
/** In one look, of all accounts: nobody keeps the market busy by knocking, or by coming in. */
const MAX_KNOCKS = 16;
const MAX_LET_IN = 2;
/** New memory takes time to make: a client that comes and goes does not get it at once. */
const RENEW_MS = 20;
/** One that stays less long than this waits twice as long the next time. */
const SHORT_STAY_MS = 1_000;
const RENEW_AFTER_MISUSE_MS = 1_000;
/** A client that is gone writes no more, unless it lies; what it wrote is taken until then. */
const DRAIN_MS = 1_000;

/** One client, from when it is let in. */
export class HostConnection {
  readonly account: number;
  /** Of no other connection of the process. */
  readonly number: number;
  readonly #sender: FrameSender;
  readonly #maxPayloadBytes: number;
  #isSlow = false;
  #isEnded = false;
  #sent = 0;

  constructor(account: number, number: number, sender: FrameSender) {
    this.account = account;
    this.number = number;
    this.#sender = sender;
    this.#maxPayloadBytes = sender.maxFrameBytes - FRAME_HEADER_BYTES - 2 * MAX_SUBJECT_BYTES;
  }

  /** Sends a frame; if too much waits already, the client loses its connection at the next poll. */
  send(
    kind: (typeof FrameKind)[keyof typeof FrameKind],
    id: number,
    subject = '',
    reply = '',
    payload?: Uint8Array,
  ): void {
    if (this.#isSlow || this.#isEnded) return;
    const isTooLong = payload !== undefined && payload.byteLength > this.#maxPayloadBytes;
    this.#isSlow = isTooLong || !this.#sender.send(kind, id, subject, reply, payload);
    this.#sent += 1;
  }

  /** Frames sent since this was last asked. */
  takeSent(): number {
    const sent = this.#sent;
    this.#sent = 0;
    return sent;
  }

  /** What the client's ring has no room for. */
  get waitingBytes(): number {
    return this.#isEnded ? 0 : this.#sender.waitingBytes;
  }

  get isSlow(): boolean {
    return this.#isSlow;
  }

  /** What is sent from now on goes nowhere: the memory is gone. */
  end(): void {
    this.#isEnded = true;
  }
}

/** Memory that a client has. */
interface Held {
  readonly socket: LocalSocket;
  readonly memory: MappedMemory;
  readonly words: Int32Array;
  readonly sender: FrameSender;
  readonly receiver: FrameReceiver;
  readonly connection: HostConnection;
  readonly sinceMs: number;
  /** When its socket was found closed. */
  goneMs: number | undefined;
}

interface Place {
  readonly door: Door;
  held: Held | undefined;
  /** Nobody is let in before. */
  openMs: number;
  /** Nobody is answered before: the system could not take a connection. */
  answerMs: number;
  renewMs: number;
}

export class SharedMemoryHost {
  readonly #options: SharedMemoryHostOptions;
  readonly #listener: ConnectionListener;
  readonly #doors: Doors;
  readonly #places: ReadonlyMap<Door, Place>;
  /** Those that have a client. */
  readonly #busy = new Set<Place>();
  /** Those with somebody who waits to be let in, the longest first. */
  readonly #called = new Set<Place>();
  /** Where somebody was found knocking, in this look. */
  readonly #knocked: Door[] = [];
  readonly #watch: DescriptorWatch;
  readonly #nowMs: () => number;
  #connections = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /** @throws SharedMemoryError UNSUPPORTED, IN_USE, REFUSED */
  constructor(options: SharedMemoryHostOptions, listener: ConnectionListener) {
    checkSupport();
    this.#options = options;
    this.#listener = listener;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#watch = new DescriptorWatch();
    try {
      this.#doors = new Doors(options.folder, options.accounts, this.#watch, {
        onKnock: (door) => this.#knocked.push(door),
        onTurnedAway: (away) => listener.onTurnedAway(away),
      });
    } catch (error) {
      this.#watch.close();
      throw error;
    }
    this.#places = new Map(this.#doors.each.map((door) => [door, newPlace(door)]));
  }

  /** Takes what clients wrote, gives them what waits; returns how many frames that was. */
  poll(): number {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = nowMs;
      this.#look(nowMs);
    }
    let work = 0;
    for (const place of this.#busy) {
      if (place.held !== undefined) work += this.#pollOne(place, place.held, nowMs);
    }
    return work;
  }

  /** Once or more: a start that failed ends what was begun. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const place of this.#busy) this.#end(place, 'STOPPED', 'the market stops', 0);
    this.#doors.close();
    this.#watch.close();
  }

  #pollOne(place: Place, held: Held, nowMs: number): number {
    const { connection, receiver, sender } = held;
    const frames = receiver.receive((frame) => this.#listener.onFrame(connection, frame));
    if (typeof frames === 'string' || sender.isDamaged) {
      const why = typeof frames === 'string' ? frames : 'it reads where nothing was written';
      this.#end(place, 'BROKEN', why, nowMs + RENEW_AFTER_MISUSE_MS);
      return 1;
    }
    const moved = sender.flush();
    if (connection.isSlow) {
      const why = 'it does not read what it is sent';
      this.#end(place, 'SLOW', why, nowMs + RENEW_AFTER_MISUSE_MS);
      return 1;
    }
    const { goneMs } = held;
    if (goneMs !== undefined && (frames === 0 || nowMs - goneMs > DRAIN_MS)) {
      this.#endGone(place, held, nowMs);
    }
    return frames + moved;
  }

  #endGone(place: Place, { words, socket, sinceMs }: Held, nowMs: number): void {
    const state = Atomics.load(words, ControlOffset.CLIENT_STATE / WORD_BYTES);
    const isShort = nowMs - sinceMs < SHORT_STAY_MS;
    place.renewMs = isShort ? Math.min(2 * place.renewMs, RENEW_AFTER_MISUSE_MS) : RENEW_MS;
    const openMs = nowMs + place.renewMs;
    if (state === ClientState.CLOSED) this.#end(place, 'LEFT', 'it left', openMs);
    else this.#end(place, 'LOST', `process ${socket.peer.pid} is gone`, openMs);
  }

  #end(place: Place, end: ConnectionEnd, reason: string, openMs: number): void {
    const { held } = place;
    if (held === undefined) return;
    place.held = undefined;
    place.openMs = openMs;
    this.#busy.delete(place);
    held.connection.end();
    this.#listener.onEnd(held.connection, end, reason);
    Atomics.store(held.words, ControlOffset.MARKET_STATE / WORD_BYTES, marketState(end));
    held.memory.close();
    this.#watch.remove(held.socket.descriptor);
    held.socket.close();
  }

  #look(nowMs: number): void {
    this.#watch.look();
    let knocks = MAX_KNOCKS;
    for (const door of this.#knocked) {
      const place = this.#places.get(door);
      if (place === undefined || nowMs < place.answerMs) continue;
      this.#try(place, nowMs, () => {
        const occupant = place.held?.goneMs === undefined ? place.held?.socket : undefined;
        knocks -= door.answer(occupant, knocks);
        if (door.hasCaller) this.#called.add(place);
      });
    }
    this.#knocked.length = 0;
    let letIn = MAX_LET_IN;
    for (const place of this.#called) {
      if (!place.door.hasCaller) this.#called.delete(place);
      else if (letIn > 0 && place.held === undefined && nowMs >= place.openMs) {
        letIn -= 1;
        this.#try(place, nowMs, () => this.#letIn(place, nowMs));
      }
    }
  }

  /** What the system refuses one place is no matter of the others. */
  #try(place: Place, nowMs: number, what: () => void): void {
    try {
      what();
    } catch (error) {
      place.answerMs = nowMs + RENEW_AFTER_MISUSE_MS;
      place.openMs = place.answerMs;
      this.#listener.onTrouble(place.door.account, String(error));
    }
  }

  #letIn(place: Place, nowMs: number): void {
    const { account, uid } = place.door;
    const slots = this.#options.ringSlots ?? DEFAULT_RING_SLOTS;
    const memoryBytes = connectionBytes(slots);
    const memory = MappedMemory.create(`foldbook-account-${account}`, memoryBytes);
    const socket = place.door.letIn();
    if (socket === undefined) {
      memory.close();
      return;
    }
    const held = this.#lay(account, socket, memory, slots, nowMs);
    const { maxFrameBytes } = this.#options;
    const { number } = held.connection;
    const kind = HandshakeKind.OFFER;
    const pid = ownPid;
    const offer = { kind, account, slots, maxFrameBytes, pid, uid, memoryBytes, number };
    const isSent = socket.send(encodeHandshake(offer), memory.descriptor);
    // The mapping stays; whoever leaves before it has the memory is found gone at the next look.
    memory.closeDescriptor();
    place.held = held;
    this.#busy.add(place);
    this.#listener.onOpen(held.connection);
    // Unless it is seen that it goes, it is taken for gone.
    held.goneMs = nowMs;
    // A client has nothing to say there: it has gone, or does what nobody should.
    this.#watch.add(socket.descriptor, () => {
      held.goneMs ??= this.#lookedMs;
    });
    if (isSent) held.goneMs = undefined;
  }

  #lay(
    account: number,
    socket: LocalSocket,
    memory: MappedMemory,
    slots: number,
    sinceMs: number,
  ): Held {
    const { buffer } = memory;
    const toMarket = ringToMarket(buffer, slots);
    const toClient = ringToClient(buffer, slots);
    layRing(toMarket);
    layRing(toClient);
    const words = new Int32Array(buffer, 0, 1_024);
    const waiting = this.#options.maxWaitingBytes ?? DEFAULT_WAITING_BYTES;
    const sender = new FrameSender(new RingProducer(toClient), waiting);
    const maxSlots = Math.ceil(this.#options.maxFrameBytes / SLOT_BYTES);
    const budgetMs = this.#options.budgetMs ?? DEFAULT_BUDGET_MS;
    const receiver = new FrameReceiver(new RingConsumer(toMarket), { maxSlots, budgetMs });
    this.#connections += 1;
    const connection = new HostConnection(account, this.#connections, sender);
    return { socket, memory, words, sender, receiver, connection, sinceMs, goneMs: undefined };
  }
}

function newPlace(door: Door): Place {
  const openMs = Number.NEGATIVE_INFINITY;
  return { door, held: undefined, openMs, answerMs: openMs, renewMs: RENEW_MS };
}

function marketState(end: ConnectionEnd): number {
  switch (end) {
    case 'SLOW':
      return MarketState.CLIENT_SLOW;
    case 'BROKEN':
      return MarketState.CLIENT_BROKEN;
    default:
      return MarketState.STOPPED;
  }
}
