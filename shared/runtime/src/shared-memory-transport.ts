/**
 * The transport over shared memory, to a market on the same host. It attaches again for as long as
 * it isn't closed, to the market that comes after one that was killed too.
 *
 * Neither end parks: both poll from an event loop that has other work. While messages come they are
 * looked for at every turn, afterwards at every millisecond; `spin` goes on at every turn, and
 * lets other threads of its core run in between.
 */
import { AgentInvoker } from './agent.ts';
import type { Frame } from './frame.ts';
import { checkSupport, SharedMemoryError } from './mapped-memory.ts';
import { type PendingAnswer, PendingAnswers } from './pending-answers.ts';
import { isAlive } from './process-identity.ts';
import { takeLock } from './shared-memory-host.ts';
import { FrameKind, MAX_SUBJECT_BYTES } from './shared-memory-layout.ts';
import { SharedMemoryLink } from './shared-memory-link.ts';
import { StatusFeed } from './status-feed.ts';
import { checkFilter, checkSubject } from './subject.ts';
import {
  type MessageHandler,
  type OnRefused,
  type Question,
  type Subscription,
  type Transport,
  TransportError,
  type TransportStatus,
} from './transport.ts';
import { callHandler, closedError, noRespondersError } from './transport-outcomes.ts';
import type { WriterLock } from './writer-lock.ts';

export interface SharedMemoryOptions {
  /** The account's handshake file: `/dev/shm/foldbook-demo/account-7`. */
  readonly path: string;
  /** How long the first connection may take, ms. */
  readonly connectTimeoutMs?: number | undefined;
  /** Looks for messages at every turn of the event loop, which takes a core whole. */
  readonly spin?: boolean | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS = 20;
/** Between two looks whether the market's process lives. */
const WATCH_MS = 50;
const IDLE_PASSES = 2_000;

/** Rejects with TransportError CONNECT_FAILED when no market offers the connection, or refuses. */
export async function connectSharedMemory(options: SharedMemoryOptions): Promise<Transport> {
  const { path } = options;
  const deadlineMs = performance.now() + (options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  let lock: WriterLock | undefined;
  try {
    checkSupport();
    for (;;) {
      try {
        lock ??= lockPlace(path);
        const link = SharedMemoryLink.attach(path);
        return new SharedMemoryTransport(path, link, lock, options.spin === true);
      } catch (error) {
        const isPassing = error instanceof SharedMemoryError && error.code === 'NO_OWNER';
        if (!isPassing || performance.now() >= deadlineMs) throw error;
      }
      await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } catch (error) {
    lock?.release();
    const reason = error instanceof Error ? error.message : String(error);
    throw new TransportError('CONNECT_FAILED', reason, { cause: error });
  }
}

/** One client at a time: a second one is told who is there; one that was killed does not count. */
function lockPlace(path: string): WriterLock {
  try {
    return takeLock(`${path}.client`, path);
  } catch (error) {
    // Without the market's folder there is no place to lock yet.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const mend = 'is the market running, with this account under "sharedMemory"?';
    throw new SharedMemoryError('NO_OWNER', `no market offers ${path}; ${mend}`);
  }
}

interface Heard {
  readonly filter: string;
  readonly handler: MessageHandler;
  readonly onRefused: OnRefused | undefined;
}

class SharedMemoryTransport implements Transport {
  readonly description: string;
  readonly #path: string;
  readonly #lock: WriterLock;
  readonly #status = new StatusFeed('connected');
  readonly #subscriptions = new Map<number, Heard>();
  /** Requests and flushes by their ids, which are no subscription's. */
  readonly #waiting = new PendingAnswers();
  readonly #invoker: AgentInvoker;
  readonly #inbox = `_INBOX.${crypto.randomUUID()}`;
  #link: SharedMemoryLink | undefined;
  #lastId = 0;
  #dropped = 0;
  #watchedMs = 0;
  #isFull = false;

  constructor(path: string, link: SharedMemoryLink, lock: WriterLock, spin: boolean) {
    this.#path = path;
    this.#link = link;
    this.#lock = lock;
    this.description = `shared memory ${path} (market process ${link.market.pid})`;
    this.#invoker = new AgentInvoker([{ roleName: 'shared memory', doWork: () => this.#work() }], {
      idlePasses: IDLE_PASSES,
      spin,
      onError: (error) => this.#end(error.message),
    });
    this.#invoker.start();
    this.#subscribeInbox();
  }

  get dropped(): number {
    return this.#dropped;
  }

  status(): TransportStatus {
    return this.#status.status;
  }

  onStatus(listener: (status: TransportStatus, detail: string) => void): () => void {
    return this.#status.listen(listener);
  }

  newInbox(): string {
    return `${this.#inbox}.own.${this.#nextId()}`;
  }

  publish(subject: string, payload: Uint8Array, reply = ''): void {
    checkSubject(subject);
    this.#checkSize(subject, reply, payload);
    if (this.#link?.send(FrameKind.PUBLISH, 0, subject, reply, payload) !== true) {
      this.#dropped += 1;
    }
    this.#invoker.wake();
  }

  subscribe(filter: string, handler: MessageHandler, onRefused?: OnRefused): Subscription {
    checkFilter(filter);
    this.#checkSize(filter, '', undefined);
    if (this.#isClosed()) throw closedError(this.description);
    const id = this.#nextId();
    this.#subscriptions.set(id, { filter, handler, onRefused });
    this.#must(FrameKind.SUBSCRIBE, id, filter);
    const unsubscribe = () => {
      if (this.#subscriptions.delete(id)) this.#must(FrameKind.UNSUBSCRIBE, id);
    };
    return { unsubscribe };
  }

  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#request(subject, payload, timeoutMs, { resolve, reject });
    });
  }

  ask(subject: string, payload: Uint8Array, timeoutMs: number): Question {
    let end: () => void = () => undefined;
    const answer = new Promise<Uint8Array | undefined>((resolve, reject) => {
      const id = this.#request(subject, payload, timeoutMs, { resolve, reject });
      end = () => {
        if (this.#waiting.take(id) !== undefined) resolve(undefined);
      };
    });
    return { answer, end };
  }

  /**
   * @returns its id
   * @throws TransportError BAD_SUBJECT, TOO_LARGE, CLOSED
   */
  #request(
    subject: string,
    payload: Uint8Array,
    timeoutMs: number,
    told: Pick<PendingAnswer, 'resolve' | 'reject'>,
  ): number {
    checkSubject(subject);
    if (this.#isClosed()) throw closedError(this.description);
    const id = this.#nextId();
    const unsent = this.#link === undefined ? payload : undefined;
    if (unsent === undefined) this.#send(id, subject, payload);
    const deadlineMs = performance.now() + timeoutMs;
    this.#waiting.add(id, { subject, timeoutMs, deadlineMs, unsent, ...told });
    this.#invoker.wake();
    return id;
  }

  /** @throws TransportError BAD_SUBJECT, TOO_LARGE */
  #send(id: number, subject: string, payload: Uint8Array): void {
    const reply = this.#replyTo(id);
    this.#checkSize(subject, reply, payload);
    // What finds no room waits as if it were on its way.
    this.#link?.send(FrameKind.PUBLISH, id, subject, reply, payload);
  }

  #replyTo(id: number): string {
    return `${this.#inbox}.${id}`;
  }

  async flush(): Promise<void> {
    for (;;) {
      if (this.#isClosed()) throw closedError(this.description);
      if (this.#link === undefined) await this.#statusChange();
      else if (await this.#flushLink()) return;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed()) return;
    // Does not wait for a market that comes back.
    if (this.#link !== undefined) await this.#flushLink().catch(() => undefined);
    this.#end('closed by this process');
  }

  /** False if the connection was lost before the market had everything. */
  #flushLink(): Promise<boolean> {
    const id = this.#nextId();
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const forGood = { subject: '', timeoutMs: 0, deadlineMs: Number.POSITIVE_INFINITY };
    this.#waiting.add(id, {
      ...forGood,
      unsent: undefined,
      resolve: () => resolve(true),
      reject,
    });
    const stop = this.onStatus(() => resolve(false));
    this.#must(FrameKind.FLUSH, id);
    return promise.finally(() => {
      stop();
      this.#waiting.take(id);
    });
  }

  #work(): number {
    const nowMs = performance.now();
    const isWatchDue = nowMs - this.#watchedMs >= WATCH_MS;
    if (isWatchDue) {
      this.#watchedMs = nowMs;
      this.#waiting.expire(nowMs);
    }
    const link = this.#link;
    if (link === undefined) return isWatchDue ? this.#attach() : 0;
    if (this.#isFull) return this.#lose('the market does not read');
    const work = link.poll((frame) => this.#take(frame));
    if (typeof work === 'string') return this.#lose(work);
    if (work === 0 && isWatchDue && !isAlive(link.market)) {
      return this.#lose(`the market's process (${link.market.pid}) has ended`);
    }
    return work;
  }

  #attach(): number {
    try {
      this.#link = SharedMemoryLink.attach(this.#path);
    } catch (error) {
      if (error instanceof SharedMemoryError && error.code === 'NO_OWNER') return 0;
      throw error;
    }
    this.#subscribeInbox();
    for (const [id, { filter }] of this.#subscriptions) this.#must(FrameKind.SUBSCRIBE, id, filter);
    this.#waiting.sendLate((id, subject, payload) => this.#send(id, subject, payload));
    this.#status.set('connected', `attached to market process ${this.#link.market.pid}`);
    return 1;
  }

  #lose(detail: string): number {
    this.#link?.close();
    this.#link = undefined;
    this.#isFull = false;
    this.#status.set('disconnected', detail);
    return 1;
  }

  #subscribeInbox(): void {
    this.#must(FrameKind.SUBSCRIBE, 0, `${this.#inbox}.*`);
  }

  #take({ kind, id, subject, reply, payload }: Frame): void {
    switch (kind) {
      case FrameKind.DELIVER:
        if (id === 0) {
          this.#waiting.take(Number(subject.slice(this.#inbox.length + 1)))?.resolve(payload);
          return;
        }
        this.#deliver(id, subject, reply, payload);
        return;
      case FrameKind.FLUSHED:
        this.#waiting.take(id)?.resolve(payload);
        return;
      case FrameKind.NOBODY: {
        const waiting = this.#waiting.take(id);
        waiting?.reject(noRespondersError(waiting.subject));
        return;
      }
      case FrameKind.FORBIDDEN:
        this.#forbidden(id, subject);
        return;
      default:
        process.emitWarning(`${this.description}: a frame of kind ${kind}, which is unknown`);
    }
  }

  #deliver(id: number, subject: string, reply: string, payload: Uint8Array): void {
    const handler = this.#subscriptions.get(id)?.handler;
    if (handler === undefined) return;
    callHandler(handler, { subject, payload, reply: reply === '' ? undefined : reply });
  }

  #forbidden(id: number, subject: string): void {
    const text = `${this.description} is another account's, or may not use ${subject}`;
    const error = new TransportError('NOT_PERMITTED', text);
    const tell = this.#waiting.take(id)?.reject ?? this.#subscriptions.get(id)?.onRefused;
    if (tell === undefined) process.emitWarning(text);
    else tell(error);
  }

  #checkSize(subject: string, reply: string, payload: Uint8Array | undefined): void {
    const isTooLong =
      Buffer.byteLength(subject) > MAX_SUBJECT_BYTES ||
      Buffer.byteLength(reply) > MAX_SUBJECT_BYTES;
    if (isTooLong) {
      const start = subject.slice(0, 60);
      const text = `a subject is longer than ${MAX_SUBJECT_BYTES} bytes: ${start}...`;
      throw new TransportError('BAD_SUBJECT', text);
    }
    const most = this.#link?.maxPayloadBytes ?? Number.POSITIVE_INFINITY;
    if (payload === undefined || payload.byteLength <= most) return;
    const text = `${payload.byteLength} bytes on ${subject}; ${this.description} takes ${most}`;
    throw new TransportError('TOO_LARGE', text);
  }

  /** What the connection can't do without: if it finds no room, the connection is made anew. */
  #must(kind: (typeof FrameKind)[keyof typeof FrameKind], id: number, subject?: string): void {
    if (this.#link === undefined) return;
    this.#isFull ||= !this.#link.send(kind, id, subject);
    this.#invoker.wake();
  }

  #end(detail: string): void {
    if (this.#isClosed()) return;
    void this.#invoker.stop();
    this.#link?.close();
    this.#link = undefined;
    this.#lock.release();
    this.#status.set('closed', detail);
    this.#subscriptions.clear();
    this.#waiting.rejectAll(closedError(this.description));
  }

  #statusChange(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.onStatus(() => {
        stop();
        resolve();
      });
    });
  }

  #nextId(): number {
    // Frames carry 32 bits. An id comes again after 2^32 others, when nobody waits for it any more.
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    return this.#lastId;
  }

  #isClosed(): boolean {
    return this.#status.status === 'closed';
  }
}
