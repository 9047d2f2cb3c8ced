/**
 * Sockets between processes of one host that tell who is at the other end and hand over open files.
 * Linux only; nothing here waits. Messages keep their boundaries (SOCK_SEQPACKET).
 */
import { chmodSync, chownSync, closeSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { getuid } from 'node:process';
import { libcAddress, libcErrno } from './libc.ts';
import { needCall, refused, SharedMemoryError } from './shared-memory-error.ts';

/** Who opened the other end, as the system says. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

export interface Received {
  readonly bytes: Uint8Array;
  /** The receiver's to close. */
  readonly descriptor: number | undefined;
}

const { EAGAIN, ECONNABORTED, EINTR } = constants.errno;
const AF_UNIX = 1;
const TYPE = /* SOCK_SEQPACKET */ 5 | /* SOCK_NONBLOCK */ 0o4000 | /* SOCK_CLOEXEC */ 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 8;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const BACKLOG = 16;

/** struct sockaddr_un: the family, then the path with a zero at its end. */
const ADDRESS_BYTES = 110;
export const MAX_SOCKET_PATH_BYTES = ADDRESS_BYTES - 2 - 1;

/** Another process's end, and this one's. */
export class LocalSocket {
  readonly descriptor: number;
  readonly peer: Peer;

  /** Closes the descriptor if it can't be asked who is there. */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
    try {
      this.peer = peerOf(descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /**
   * @returns the error's number if nobody listens there, or one may not
   * @throws SharedMemoryError UNSUPPORTED, REFUSED
   */
  static connect(path: string): LocalSocket | number {
    const address = addressOf(path);
    const connect = needCall('int connect(int fd, void* address, uint32_t bytes)');
    const descriptor = newSocket();
    if (Number(connect(descriptor, address, address.byteLength)) === 0) {
      return new LocalSocket(descriptor);
    }
    const errno = libcErrno();
    closeSync(descriptor);
    return errno;
  }

  /** False if the other end is closed, or takes no more. */
  send(bytes: Uint8Array, descriptor?: number): boolean {
    const call = needCall('int64_t sendmsg(int fd, void* message, int flags)');
    const message = new Message(bytes.byteLength);
    message.bytes.set(bytes);
    if (descriptor !== undefined) message.attach(descriptor);
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    return Number(call(this.descriptor, message.header, flags)) === bytes.byteLength;
  }

  /** @returns `CLOSED` also for a message that is longer, or has more to it, than this takes */
  receive(maxBytes: number): Received | 'NOTHING' | 'CLOSED' {
    const call = needCall('int64_t recvmsg(int fd, void* message, int flags)');
    const message = new Message(maxBytes);
    message.makeRoom();
    const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
    const count = Number(call(this.descriptor, message.header, flags));
    if (count < 0) {
      const errno = libcErrno();
      return errno === EAGAIN || errno === EINTR ? 'NOTHING' : 'CLOSED';
    }
    const descriptor = message.attached();
    if (count > 0 && !message.isCut()) return { bytes: message.bytes.slice(0, count), descriptor };
    if (descriptor !== undefined) closeSync(descriptor);
    return 'CLOSED';
  }

  /** Once. */
  close(): void {
    closeSync(this.descriptor);
  }
}

/** Where other processes find this one. */
export class LocalListener {
  readonly descriptor: number;
  readonly #path: string;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.descriptor = descriptor;
  }

  /**
   * Takes the place of whatever has the name. For processes of this user, or of the one named: for
   * that one alone where this process may give files away, else all can knock.
   * @throws SharedMemoryError UNSUPPORTED, REFUSED; what the system says of the path
   */
  static open(path: string, uid: number): LocalListener {
    const address = addressOf(path);
    const bind = needCall('int bind(int fd, void* address, uint32_t bytes)');
    const listen = needCall('int listen(int fd, int backlog)');
    rmSync(path, { force: true });
    const descriptor = newSocket();
    try {
      if (Number(bind(descriptor, address, address.byteLength)) !== 0) throw refused(path);
      // Before anybody can connect.
      chmodSync(path, uid === getuid?.() || giveTo(path, uid) ? 0o600 : 0o666);
      if (Number(listen(descriptor, BACKLOG)) !== 0) throw refused(path);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    return new LocalListener(path, descriptor);
  }

  /**
   * The next one that knocked.
   * @throws SharedMemoryError REFUSED, if there are no descriptors left
   */
  accept(): LocalSocket | undefined {
    const accept = needCall('int accept4(int fd, void* address, void* bytes, int flags)');
    const flags = TYPE & ~0xf;
    const descriptor = Number(accept(this.descriptor, null, null, flags));
    if (descriptor >= 0) return new LocalSocket(descriptor);
    const errno = libcErrno();
    if (errno === EAGAIN || errno === ECONNABORTED || errno === EINTR) return undefined;
    throw refused('taking a connection');
  }

  /** Once; takes the name away. */
  close(): void {
    rmSync(this.#path, { force: true });
    closeSync(this.descriptor);
  }
}

function giveTo(path: string, uid: number): boolean {
  try {
    chownSync(path, uid, -1);
    return true;
  } catch {
    // Not root's privilege: whoever knocks is asked who it is anyway.
    return false;
  }
}

function newSocket(): number {
  const descriptor = Number(
    needCall('int socket(int family, int type, int kind)')(AF_UNIX, TYPE, 0),
  );
  if (descriptor < 0) throw refused('making a socket');
  return descriptor;
}

function addressOf(path: string): Uint8Array {
  const address = new Uint8Array(ADDRESS_BYTES);
  const name = Buffer.from(path);
  if (name.byteLength > MAX_SOCKET_PATH_BYTES || name.includes(0)) {
    const text = `a socket's path has ${MAX_SOCKET_PATH_BYTES} bytes at most`;
    throw new SharedMemoryError('REFUSED', `${text}: choose a shorter folder than that of ${path}`);
  }
  address[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

/** struct ucred: process, user, group. */
function peerOf(descriptor: number): Peer {
  const ask = needCall(
    'int getsockopt(int fd, int level, int option, void* value, void* valueBytes)',
  );
  const words = new Int32Array(new ArrayBuffer(12));
  const bytes = new Uint32Array([words.byteLength]);
  if (Number(ask(descriptor, SOL_SOCKET, SO_PEERCRED, words, bytes)) !== 0) {
    throw refused('asking who is at the other end of a socket');
  }
  const [pid = 0, uid = 0] = words;
  return { pid, uid: uid >>> 0 };
}

/** Byte offsets in struct msghdr, iovec and cmsghdr on 64-bit machines, one after the other. */
const At = {
  IOV: 16,
  IOV_COUNT: 24,
  CONTROL: 32,
  CONTROL_BYTES: 40,
  FLAGS: 48,
  IOV_BASE: 56,
  IOV_BYTES: 64,
  CONTROL_LENGTH: 72,
  CONTROL_LEVEL: 80,
  CONTROL_TYPE: 84,
  CONTROL_DATA: 88,
  PAYLOAD: 96,
} as const;
/** With one descriptor; what has more is cut by the system. */
const CONTROL_BYTES = At.CONTROL_DATA + 4 - At.CONTROL_LENGTH;

/** A message with its header in one piece of memory, which does not move. */
class Message {
  readonly header: Uint8Array;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #at: number;

  constructor(payloadBytes: number) {
    const memory = new ArrayBuffer(At.PAYLOAD + payloadBytes);
    this.header = new Uint8Array(memory);
    this.bytes = new Uint8Array(memory, At.PAYLOAD);
    this.#view = new DataView(memory);
    this.#at = libcAddress(this.header) ?? 0;
    this.#setNumber(At.IOV, this.#at + At.IOV_BASE);
    this.#setNumber(At.IOV_COUNT, 1);
    this.#setNumber(At.IOV_BASE, this.#at + At.PAYLOAD);
    this.#setNumber(At.IOV_BYTES, payloadBytes);
  }

  makeRoom(): void {
    this.#setNumber(At.CONTROL, this.#at + At.CONTROL_LENGTH);
    this.#setNumber(At.CONTROL_BYTES, CONTROL_BYTES);
  }

  attach(descriptor: number): void {
    this.makeRoom();
    this.#setNumber(At.CONTROL_LENGTH, CONTROL_BYTES);
    this.#view.setInt32(At.CONTROL_LEVEL, SOL_SOCKET, true);
    this.#view.setInt32(At.CONTROL_TYPE, SCM_RIGHTS, true);
    this.#view.setInt32(At.CONTROL_DATA, descriptor, true);
  }

  /** What came along. */
  attached(): number | undefined {
    const view = this.#view;
    const isDescriptor =
      view.getUint32(At.CONTROL_BYTES, true) >= CONTROL_BYTES &&
      view.getUint32(At.CONTROL_LENGTH, true) === CONTROL_BYTES &&
      view.getInt32(At.CONTROL_LEVEL, true) === SOL_SOCKET &&
      view.getInt32(At.CONTROL_TYPE, true) === SCM_RIGHTS;
    return isDescriptor ? view.getInt32(At.CONTROL_DATA, true) : undefined;
  }

  isCut(): boolean {
    return (this.#view.getInt32(At.FLAGS, true) & (MSG_CTRUNC | MSG_TRUNC)) !== 0;
  }

  /** A pointer or a size. */
  #setNumber(at: number, value: number): void {
    this.#view.setBigUint64(at, BigInt(value), true);
  }
}
