/** A client at an account's socket, until the market has let it in or turned it away. */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { getuid } from 'node:process';
import { LocalSocket } from './local-socket.ts';
import { MappedMemory } from './mapped-memory.ts';
import { isCapacity } from './ring-descriptor.ts';
import { SharedMemoryError } from './shared-memory-error.ts';
import {
  decodeHandshake,
  HANDSHAKE_BYTES,
  type Handshake,
  HandshakeKind,
} from './shared-memory-handshake.ts';
import { connectionBytes } from './shared-memory-layout.ts';

/** What the market hands over. */
export interface Offered {
  /** As long as it is open on both sides, both are there. */
  readonly socket: LocalSocket;
  readonly memory: MappedMemory;
  readonly handshake: Handshake;
}

const { ENOENT, ECONNREFUSED, EAGAIN, EACCES } = constants.errno;
const ROOT = 0;

export class Knock {
  readonly #path: string;
  readonly #socket: LocalSocket;

  private constructor(path: string, socket: LocalSocket) {
    this.#path = path;
    this.#socket = socket;
  }

  /**
   * @param marketUid the user whom the market runs as; by default this process's, or root
   * @throws SharedMemoryError NO_OWNER (now, perhaps not later), REFUSED, UNSUPPORTED
   */
  static at(path: string, marketUid?: number): Knock {
    const socket = LocalSocket.connect(path);
    if (typeof socket === 'number') throw notConnected(path, socket);
    const { uid } = socket.peer;
    const isTrusted = marketUid === undefined ? isOwnOrRoot(uid) : uid === marketUid;
    if (isTrusted) return new Knock(path, socket);
    socket.close();
    const mend = `if that is the market's, say so with marketUid: ${uid}`;
    throw new SharedMemoryError('REFUSED', `${path} is served by user ${uid}; ${mend}`);
  }

  /**
   * Undefined as long as the market has not answered. Of use until it has, or until this throws.
   * @throws SharedMemoryError NO_OWNER, IN_USE, BAD_LAYOUT, REFUSED
   */
  poll(): Offered | undefined {
    const received = this.#socket.receive(HANDSHAKE_BYTES);
    if (received === 'NOTHING') return undefined;
    try {
      if (received === 'CLOSED') {
        throw new SharedMemoryError('NO_OWNER', `the market of ${this.#path} has ended`);
      }
      const { bytes, descriptor } = received;
      const handshake = decodeHandshake(bytes);
      if (handshake?.kind !== HandshakeKind.OFFER || descriptor === undefined) {
        if (descriptor !== undefined) closeSync(descriptor);
        throw turnedAway(this.#path, handshake);
      }
      return { socket: this.#socket, memory: adopt(this.#path, handshake, descriptor), handshake };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Gives up; once. */
  close(): void {
    this.#socket.close();
  }
}

const isOwnOrRoot = (uid: number) => uid === ROOT || uid === getuid?.();

function adopt(path: string, handshake: Handshake, descriptor: number): MappedMemory {
  const { slots, memoryBytes } = handshake;
  if (!isCapacity(slots) || memoryBytes !== connectionBytes(slots)) {
    closeSync(descriptor);
    throw otherVersion(path);
  }
  return MappedMemory.adopt(descriptor, memoryBytes);
}

function notConnected(path: string, errno: number): SharedMemoryError {
  switch (errno) {
    case ENOENT: {
      const mend = 'is the market running, with this account under "sharedMemory"?';
      return new SharedMemoryError('NO_OWNER', `no market offers ${path}; ${mend}`);
    }
    case ECONNREFUSED:
      return new SharedMemoryError('NO_OWNER', `the market of ${path} has ended`);
    case EAGAIN:
      return new SharedMemoryError('NO_OWNER', `too many knock at ${path} just now`);
    case EACCES: {
      const text = `user ${getuid?.()} may not connect to ${path}`;
      const mend = 'name it with the account in the market\'s "sharedMemory"';
      return new SharedMemoryError('REFUSED', `${text}; ${mend}`);
    }
    default:
      return new SharedMemoryError('REFUSED', `${path} can't be connected to (errno ${errno})`);
  }
}

function turnedAway(path: string, handshake: Handshake | undefined): SharedMemoryError {
  switch (handshake?.kind) {
    case HandshakeKind.TAKEN:
      return new SharedMemoryError('IN_USE', `${path} is taken: process ${handshake.pid} has it`);
    case HandshakeKind.NOT_YOURS: {
      const text = `${path} is for processes of user ${handshake.uid}, not of ${getuid?.()}`;
      return new SharedMemoryError('REFUSED', text);
    }
    default:
      return otherVersion(path);
  }
}

function otherVersion(path: string): SharedMemoryError {
  const mend = 'run the client and the market from one version of Foldbook';
  return new SharedMemoryError('BAD_LAYOUT', `${path} is of another version; ${mend}`);
}
