/**
 * The market's side of connections over shared memory: a folder with a handshake file for each
 * account that may connect, the memory behind it, and what comes out of it. The file decides whose
 * connection it is. Nothing in the memory is trusted: a client that breaks the rules, or does not
 * read, loses its connection and disturbs nobody else.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { type Frame, FrameReceiver, FrameSender } from './frame.ts';
import { checkSupport, MappedMemory, SharedMemoryError } from './mapped-memory.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { layRing, RingConsumer, RingProducer } from './ring.ts';
import { SLOT_BYTES, WORD_BYTES } from './ring-descriptor.ts';
import {
  ClientState,
  CONTROL_MAGIC,
  ControlOffset,
  connectionBytes,
  DEFAULT_RING_SLOTS,
  type FrameKind,
  type Handshake,
  LAYOUT_HASH,
  MarketState,
  ringToClient,
  ringToMarket,
  SHARED_MEMORY_VERSION,
} from './shared-memory-layout.ts';
import { StreamError } from './stream.ts';
import { WriterLock } from './writer-lock.ts';

export interface SharedMemoryHostOptions {
  /** Of this host alone; made if absent, for its user only. */
  readonly folder: string;
  readonly accounts: readonly number[];
  /** Of a client's frame, its payload and subjects. */
  readonly maxFrameBytes: number;
  /** Of each ring; a power of two. */
  readonly ringSlots?: number;
  /** What waits for a client that does not read, before it loses its connection. */
  readonly maxWaitingBytes?: number;
  readonly nowMs?: () => number;
}

export interface ConnectionListener {
  onOpen(connection: HostConnection): void;
  /** False for a frame that no proper client sends. */
  onFrame(connection: HostConnection, frame: Frame): boolean;
  onEnd(connection: HostConnection, reason: string): void;
  /** An account can't be offered new memory for now; it is tried again. */
  onTrouble(account: number, reason: string): void;
}

const DEFAULT_WAITING_BYTES = 16 * 1024 * 1024;
/** Between two looks whether a client's process lives. */
const WATCH_MS = 50;
/** New memory takes time to make: a client that comes and goes does not get it at once. */
const RENEW_MS = 20;
/** One that stays less long than this waits twice as long the next time. */
const SHORT_STAY_MS = 1_000;
const RENEW_AFTER_MISUSE_MS = 1_000;

export const handshakeFile = (folder: string, account: number) =>
  join(folder, `account-${account}`);

/** One client, from when it attaches. */
export class HostConnection {
  readonly account: number;
  /** Of no other connection of the process. */
  readonly number: number;
  readonly #sender: FrameSender;
  #isSlow = false;
  #isEnded = false;

  constructor(account: number, number: number, sender: FrameSender) {
    this.account = account;
    this.number = number;
    this.#sender = sender;
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
    const isTooLong = payload !== undefined && payload.byteLength > this.#sender.maxPayloadBytes;
    this.#isSlow = isTooLong || !this.#sender.send(kind, id, subject, reply, payload);
  }

  get isSlow(): boolean {
    return this.#isSlow;
  }

  /** What is sent from now on goes nowhere: the memory is gone. */
  end(): void {
    this.#isEnded = true;
  }
}

/** Memory that is offered under an account's file, or in use by a client. */
interface Offer {
  readonly memory: MappedMemory;
  readonly words: Int32Array;
  readonly sender: FrameSender;
  readonly receiver: FrameReceiver;
  readonly connection: HostConnection;
  client: ProcessIdentity | undefined;
}

interface Place {
  readonly account: number;
  offer: Offer | undefined;
  /** When there is none, the next one comes then. */
  nextOfferMs: number;
  renewMs: number;
}

export class SharedMemoryHost {
  readonly #options: SharedMemoryHostOptions;
  readonly #listener: ConnectionListener;
  readonly #lock: WriterLock;
  readonly #places: readonly Place[];
  readonly #nowMs: () => number;
  #connections = 0;
  #watchedMs = 0;
  #isClosed = false;

  /** @throws SharedMemoryError UNSUPPORTED, IN_USE, REFUSED */
  constructor(options: SharedMemoryHostOptions, listener: ConnectionListener) {
    checkSupport();
    this.#options = options;
    this.#listener = listener;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    makeOwnFolder(options.folder);
    this.#lock = takeLock(join(options.folder, 'owner.lock'), options.folder);
    this.#places = options.accounts.map((account) => ({
      account,
      offer: undefined,
      nextOfferMs: Number.NEGATIVE_INFINITY,
      renewMs: RENEW_MS,
    }));
    try {
      for (const place of this.#places) place.offer = this.#offer(place.account);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Takes what clients wrote, gives them what waits; returns how much that was. */
  poll(): number {
    const nowMs = this.#nowMs();
    const isWatchDue = nowMs - this.#watchedMs >= WATCH_MS;
    let work = 0;
    for (const place of this.#places) work += this.#pollOne(place, isWatchDue, nowMs);
    if (isWatchDue) {
      this.#watchedMs = nowMs;
      this.#renew(nowMs);
    }
    return work;
  }

  /** Once or more: a start that failed ends what was begun. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const place of this.#places) this.#end(place, MarketState.STOPPED, 'the market stops', 0);
    for (const { account } of this.#places) {
      rmSync(handshakeFile(this.#options.folder, account), { force: true });
    }
    this.#lock.release();
  }

  #pollOne(place: Place, isWatchDue: boolean, nowMs: number): number {
    const { offer } = place;
    if (offer === undefined) return 0;
    const state = Atomics.load(offer.words, ControlOffset.CLIENT_STATE / WORD_BYTES);
    if (offer.client === undefined) {
      if (state === ClientState.FREE) return 0;
      offer.client = readClient(offer.words);
      this.#listener.onOpen(offer.connection);
    }
    const { client, connection, receiver, sender } = offer;
    const frames = receiver.receive((frame) => this.#listener.onFrame(connection, frame));
    if (typeof frames === 'string' || sender.isDamaged) {
      const why = typeof frames === 'string' ? frames : 'it reads where nothing was written';
      this.#end(place, MarketState.CLIENT_BROKEN, why, nowMs + RENEW_AFTER_MISUSE_MS);
      return 1;
    }
    const moved = sender.flush();
    if (connection.isSlow) {
      const why = 'it does not read what it is sent';
      this.#end(place, MarketState.CLIENT_SLOW, why, nowMs + RENEW_AFTER_MISUSE_MS);
      return 1;
    }
    if (frames === 0 && (state !== ClientState.ATTACHED || (isWatchDue && !isAlive(client)))) {
      const isGone = state === ClientState.CLOSED;
      const why = isGone ? 'it left' : `its process (${client.pid}) has ended`;
      const isShort = nowMs - place.nextOfferMs < SHORT_STAY_MS;
      place.renewMs = isShort ? Math.min(2 * place.renewMs, RENEW_AFTER_MISUSE_MS) : RENEW_MS;
      this.#end(place, MarketState.STOPPED, why, nowMs + place.renewMs);
    }
    return frames + moved;
  }

  #end(place: Place, state: number, reason: string, nextOfferMs: number): void {
    const { offer } = place;
    if (offer === undefined) return;
    place.offer = undefined;
    place.nextOfferMs = nextOfferMs;
    offer.connection.end();
    if (offer.client !== undefined) this.#listener.onEnd(offer.connection, reason);
    Atomics.store(offer.words, ControlOffset.MARKET_STATE / WORD_BYTES, state);
    offer.memory.close();
  }

  #renew(nowMs: number): void {
    for (const place of this.#places) {
      if (place.offer !== undefined || nowMs < place.nextOfferMs) continue;
      try {
        place.offer = this.#offer(place.account);
      } catch (error) {
        place.nextOfferMs = nowMs + RENEW_AFTER_MISUSE_MS;
        this.#listener.onTrouble(place.account, String(error));
      }
    }
  }

  #offer(account: number): Offer {
    const slots = this.#options.ringSlots ?? DEFAULT_RING_SLOTS;
    const memory = MappedMemory.create(`foldbook-account-${account}`, connectionBytes(slots));
    const { buffer, descriptor } = memory;
    const toMarket = ringToMarket(buffer, slots);
    const toClient = ringToClient(buffer, slots);
    layRing(toMarket);
    layRing(toClient);
    const words = new Int32Array(buffer, 0, 1_024);
    const nonce = randomBytes(8);
    words[ControlOffset.LAYOUT / WORD_BYTES] = LAYOUT_HASH;
    words[ControlOffset.SLOTS / WORD_BYTES] = slots;
    new Uint8Array(buffer).set(nonce, ControlOffset.NONCE);
    Atomics.store(words, ControlOffset.MAGIC / WORD_BYTES, CONTROL_MAGIC);
    const waiting = this.#options.maxWaitingBytes ?? DEFAULT_WAITING_BYTES;
    const sender = new FrameSender(new RingProducer(toClient), waiting);
    const maxSlots = Math.ceil(this.#options.maxFrameBytes / SLOT_BYTES);
    const receiver = new FrameReceiver(new RingConsumer(toMarket), maxSlots);
    this.#connections += 1;
    const connection = new HostConnection(account, this.#connections, sender);
    writeHandshake(handshakeFile(this.#options.folder, account), {
      version: SHARED_MEMORY_VERSION,
      layout: LAYOUT_HASH,
      ...ownIdentity(),
      descriptor,
      slots,
      nonce: nonce.toString('hex'),
    });
    return { memory, words, sender, receiver, connection, client: undefined };
  }
}

/** As the client says; if it lies, it keeps its own place from itself. */
function readClient(words: Int32Array): ProcessIdentity {
  const pid = words[ControlOffset.CLIENT_PID / WORD_BYTES] ?? 0;
  const low = words[ControlOffset.CLIENT_STARTED / WORD_BYTES] ?? 0;
  const high = words[ControlOffset.CLIENT_STARTED / WORD_BYTES + 1] ?? 0;
  return { pid, started: String((high >>> 0) * 2 ** 32 + (low >>> 0)) };
}

function writeHandshake(path: string, handshake: Handshake): void {
  const draft = `${path}.tmp`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(handshake)}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}

/** Anybody can make a folder under /dev/shm: one that is another's, or open to others, won't do. */
function makeOwnFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    if (stat.isDirectory() && stat.uid === getuid?.() && (stat.mode & 0o077) === 0) return;
  } catch (error) {
    const text = `the folder for shared memory can't be used: ${error}`;
    throw new SharedMemoryError('REFUSED', text, { cause: error });
  }
  const text = `${folder} is not a folder of this user that is closed to all others`;
  throw new SharedMemoryError('REFUSED', `${text}: choose another, or chmod 700 it`);
}

/** @throws SharedMemoryError IN_USE */
export function takeLock(path: string, what: string): WriterLock {
  try {
    return WriterLock.take(path);
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    const text = `${what} is taken: ${error.message}`;
    throw new SharedMemoryError('IN_USE', text, { cause: error });
  }
}
