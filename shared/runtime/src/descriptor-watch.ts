/** Asks the system whether there is something to see of sockets. Never waits. */
import { closeSync } from 'node:fs';
import { arch } from 'node:process';
import { needCall, refused } from './shared-memory-error.ts';

const POLLIN = 0x1;
const POLLRDHUP = 0x2000;
const ASKED = POLLIN | POLLRDHUP;

/**
 * Of one: a message, somebody who knocks, or that the other end is closed. What the system can't
 * tell is not there.
 */
export function isStirred(descriptor: number): boolean {
  const poll = needCall('int poll(void* descriptors, uint64_t count, int timeoutMs)');
  // struct pollfd: i32 descriptor, i16 asked, i16 answered.
  const words = new Int32Array(new ArrayBuffer(8));
  words[0] = descriptor;
  words[1] = ASKED;
  return Number(poll(words, 1, 0)) > 0;
}

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_ADD = 1;
const EPOLL_REMOVE = 2;
/** struct epoll_event: u32 events, then 64 bits of ours, which are aligned on all but x86. */
const EVENT_BYTES = arch === 'x64' ? 12 : 16;
const DATA = EVENT_BYTES - 8;
/** In one look; the system gives the others their turn at the next one. */
const MAX_EVENTS = 64;

/** Of many at once, at a cost that does not grow with those of which there is nothing to see. */
export class DescriptorWatch {
  readonly #wait = needCall('int epoll_wait(int fd, void* events, int most, int timeoutMs)');
  readonly #control = needCall('int epoll_ctl(int fd, int operation, int other, void* event)');
  readonly #descriptor: number;
  readonly #listeners = new Map<number, () => void>();
  readonly #events = new DataView(new ArrayBuffer(MAX_EVENTS * EVENT_BYTES));

  /** @throws SharedMemoryError UNSUPPORTED, REFUSED */
  constructor() {
    this.#descriptor = Number(needCall('int epoll_create1(int flags)')(EPOLL_CLOEXEC));
    if (this.#descriptor < 0) throw refused('making a watch of sockets');
  }

  /**
   * `onStirred` is called at each look as long as there is something to see. It must not add.
   * @throws SharedMemoryError REFUSED
   */
  add(descriptor: number, onStirred: () => void): void {
    const event = new DataView(new ArrayBuffer(EVENT_BYTES));
    event.setUint32(0, ASKED, true);
    event.setInt32(DATA, descriptor, true);
    const bytes = new Uint8Array(event.buffer);
    if (Number(this.#control(this.#descriptor, EPOLL_ADD, descriptor, bytes)) !== 0) {
      throw refused('watching a socket');
    }
    this.#listeners.set(descriptor, onStirred);
  }

  /** Before it is closed. */
  remove(descriptor: number): void {
    if (!this.#listeners.delete(descriptor)) return;
    const event = new Uint8Array(new ArrayBuffer(EVENT_BYTES));
    this.#control(this.#descriptor, EPOLL_REMOVE, descriptor, event);
  }

  look(): void {
    const bytes = new Uint8Array(this.#events.buffer);
    const count = Number(this.#wait(this.#descriptor, bytes, MAX_EVENTS, 0));
    for (let index = 0; index < count; index += 1) {
      // One of those before may have removed it.
      this.#listeners.get(this.#events.getInt32(index * EVENT_BYTES + DATA, true))?.();
    }
  }

  /** Once. */
  close(): void {
    closeSync(this.#descriptor);
  }
}
