/**
 * Where clients of shared memory come in: a folder with a socket for each account. Who knocks is
 * asked of the system, and only the user that the account is for gets in, one process at a time.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { type DescriptorWatch, isStirred } from './descriptor-watch.ts';
import { LocalListener, type LocalSocket, type Peer } from './local-socket.ts';
import { SharedMemoryError } from './shared-memory-error.ts';
import { encodeHandshake, HandshakeKind } from './shared-memory-handshake.ts';
import { StreamError } from './stream.ts';
import { WriterLock } from './writer-lock.ts';

export interface SharedAccount {
  readonly account: number;
  /** The user whose processes may be its client; the market's own by default. */
  readonly uid?: number | undefined;
}

export interface TurnedAway {
  readonly account: number;
  readonly peer: Peer;
  readonly kind: 'TAKEN' | 'NOT_YOURS';
}

export const socketPath = (folder: string, account: number) => join(folder, `account-${account}`);
const SOCKET_NAME = /^account-\d+$/;

const ownUid = () => getuid?.() ?? 0;

export interface DoorListener {
  /** Somebody is there, to be answered after the look that found them. */
  onKnock(door: Door): void;
  onTurnedAway(away: TurnedAway): void;
}

/** One account's socket, and who waits there to be let in. */
export class Door {
  readonly account: number;
  readonly uid: number;
  readonly #watch: DescriptorWatch;
  readonly #listener: DoorListener;
  readonly #socket: LocalListener;
  #caller: LocalSocket | undefined;

  constructor(
    folder: string,
    { account, uid }: SharedAccount,
    watch: DescriptorWatch,
    listener: DoorListener,
  ) {
    this.account = account;
    this.uid = uid ?? ownUid();
    this.#watch = watch;
    this.#listener = listener;
    this.#socket = LocalListener.open(socketPath(folder, account), this.uid);
    watch.add(this.#socket.descriptor, () => listener.onKnock(this));
  }

  get hasCaller(): boolean {
    return this.#caller !== undefined;
  }

  /**
   * Looks who knocks.
   * @param occupant who is in, if that is so
   * @param most of those that knock
   * @returns how many these were
   * @throws SharedMemoryError REFUSED
   */
  answer(occupant: LocalSocket | undefined, most: number): number {
    for (let met = 0; met < most; met += 1) {
      const socket = this.#socket.accept();
      if (socket === undefined) return met;
      this.#meet(socket, occupant);
    }
    return most;
  }

  /** Whoever waits; its socket is the caller's to watch and to close. */
  letIn(): LocalSocket | undefined {
    const caller = this.#caller;
    if (caller !== undefined) this.#watch.remove(caller.descriptor);
    this.#caller = undefined;
    return caller;
  }

  /** Once. */
  close(): void {
    this.#dropCaller();
    this.#watch.remove(this.#socket.descriptor);
    this.#socket.close();
  }

  #meet(socket: LocalSocket, occupant: LocalSocket | undefined): void {
    const { peer } = socket;
    if (peer.uid !== this.uid) {
      this.#turnAway(socket, 'NOT_YOURS', 0);
      return;
    }
    const present = [occupant, this.#caller].find((one) => one && !isStirred(one.descriptor));
    if (present !== undefined) {
      this.#turnAway(socket, 'TAKEN', present.peer.pid);
      return;
    }
    this.#dropCaller();
    this.#caller = socket;
    // Whoever waits has nothing to say: it has gone, or does what nobody should.
    this.#watch.add(socket.descriptor, () => this.#dropCaller());
  }

  #turnAway(socket: LocalSocket, kind: TurnedAway['kind'], pid: number): void {
    const { account, uid } = this;
    const none = { slots: 0, maxFrameBytes: 0, memoryBytes: 0, number: 0 };
    socket.send(encodeHandshake({ kind: HandshakeKind[kind], account, pid, uid, ...none }));
    socket.close();
    this.#listener.onTurnedAway({ account, peer: socket.peer, kind });
  }

  #dropCaller(): void {
    this.letIn()?.close();
  }
}

/** All doors of a market. */
export class Doors {
  readonly each: readonly Door[];
  readonly #lock: WriterLock;

  /** @throws SharedMemoryError UNSUPPORTED, IN_USE, REFUSED */
  constructor(
    folder: string,
    accounts: readonly SharedAccount[],
    watch: DescriptorWatch,
    listener: DoorListener,
  ) {
    const isForOthers = accounts.some(({ uid }) => uid !== undefined && uid !== ownUid());
    makeOwnFolder(folder, isForOthers);
    this.#lock = takeLock(join(folder, 'owner.lock'), folder);
    const doors: Door[] = [];
    this.each = doors;
    try {
      removeSockets(folder);
      for (const account of accounts) doors.push(new Door(folder, account, watch, listener));
    } catch (error) {
      this.close();
      if (error instanceof SharedMemoryError) throw error;
      const text = `no sockets can be made in ${folder}: ${error}`;
      throw new SharedMemoryError('REFUSED', text, { cause: error });
    }
  }

  /** Once. */
  close(): void {
    for (const door of this.each) door.close();
    this.#lock.release();
  }
}

/** What a killed market left, also of accounts that are not shared any more. */
function removeSockets(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (SOCKET_NAME.test(name)) rmSync(join(folder, name), { force: true });
  }
}

/**
 * Anybody can make a folder under /dev/shm: one that is another's, or that others may change, won't
 * do. Clients of other users have to pass it, not to look into it.
 */
function makeOwnFolder(folder: string, isForOthers: boolean): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    if (stat.isDirectory() && stat.uid === ownUid() && (stat.mode & 0o022) === 0) {
      if (isForOthers) chmodSync(folder, (stat.mode & 0o755) | 0o011);
      return;
    }
  } catch (error) {
    const text = `the folder for shared memory can't be used: ${error}`;
    throw new SharedMemoryError('REFUSED', text, { cause: error });
  }
  const text = `${folder} is not a folder of this user that no other may change`;
  throw new SharedMemoryError('REFUSED', `${text}: choose another, or chmod 700 it`);
}

/** @throws SharedMemoryError IN_USE */
function takeLock(path: string, what: string): WriterLock {
  try {
    return WriterLock.take(path);
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    const text = `${what} is taken: ${error.message}`;
    throw new SharedMemoryError('IN_USE', text, { cause: error });
  }
}
