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
import { type PendingAnswer, PendingAnswers } from './pending-answers.ts';
import { Entrance } from './shared-memory-entrance.ts';
import { checkSupport, SharedMemoryError } from './shared-memory-error.ts';
import { FRAME_HEADER_BYTES, FrameKind, MAX_SUBJECT_BYTES } from './shared-memory-layout.ts';
import { SharedMemoryLink } from './shared-memory-link.ts';
import { StatusFeed } from './status-feed.ts';
import { checkFilter, checkSubject, compileFilter } from './subject.ts';
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

export interface SharedMemoryOptions {
  /** The account's socket: `/dev/shm/foldbook-demo/account-7`. */
  readonly path: string;
  /** The user whom the market runs as; by default this process's own, or root. */
  readonly marketUid?: number | undefined;
  /** How long the first connection may take, ms. */
  readonly connectTimeoutMs?: number | undefined;
  /** Looks for messages at every turn of the event loop, which takes a core whole. */
  readonly spin?: boolean | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_MS = 5;
/** Between two looks whether the market is still there, or there again. */
const WATCH_MS = 20;
const IDLE_PASSES = 2_000;
/** Subjects of which is remembered who hears them; beyond it all are forgotten. */
const MAX_ROUTES = 1_024;

/** Rejects with TransportError CONNECT_FAILED when no market lets this process in, or refuses. */
export async function connectSharedMemory(options: SharedMemoryOptions): Promise<Transport> {
  const deadlineMs = performance.now() + (options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  const entrance = new Entrance(options);
  try {
    checkSupport();
    for (;;) {
      try {
        const offered = entrance.tryOnce();
        if (offered !== undefined) {
          return new SharedMemoryTransport(options, entrance, new SharedMemoryLink(offered));
        }
        if (performance.now() >= deadlineMs) throw noAnswer(options.path);
      } catch (error) {
        const isPassing = error instanceof SharedMemoryError && error.code === 'NO_OWNER';
        if (!isPassing || performance.now() >= deadlineMs) throw error;
      }
      await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } catch (error) {
    entrance.giveUp();
    const reason = error instanceof Error ? error.message : String(error);
    throw new TransportError('CONNECT_FAILED', reason, { cause: error });
  }
}

function noAnswer(path: string): SharedMemoryError {
  const text = `the market does not answer on ${path}`;
  return new SharedMemoryError('NO_OWNER', `${text}: it has no turn, or lets nobody in yet`);
}

interface Heard {
  readonly id: number;
  readonly filter: string;
  readonly matches: (subject: string) => boolean;
  readonly handler: MessageHandler;
  readonly onRefused: OnRefused | undefined;
}

class SharedMemoryTransport implements Transport {
  readonly description: string;
  readonly #entrance: Entrance;
  readonly #status = new StatusFeed('connected');
  readonly #subscriptions = new Map<number, Heard>();
  /** Who hears a subject; forgotten with every change of the subscriptions. */
  readonly #routes = new Map<string, readonly Heard[]>();
  /** Requests and flushes by their ids, which are no subscription's. */
  readonly #waiting = new PendingAnswers();
  readonly #invoker: AgentInvoker;
  readonly #inbox = `_INBOX.${crypto.randomUUID()}`;
  /** In front of a request's id. */
  readonly #answers = `${this.#inbox}.`;
  #link: SharedMemoryLink | undefined;
  #lastId = 0;
  #dropped = 0;
  #watchedMs = 0;
  #isFull = false;
  #isWarned = false;

  constructor({ path, spin }: SharedMemoryOptions, entrance: Entrance, link: SharedMemoryLink) {
    this.#entrance = entrance;
    this.#link = link;
    this.description = `shared memory ${path} (market process ${link.marketPid})`;
    this.#invoker = new AgentInvoker([{ roleName: 'shared memory', doWork: () => this.#work() }], {
      idlePasses: IDLE_PASSES,
      spin: spin === true,
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
    const matches = compileFilter(filter);
    this.#subscriptions.set(id, { id, filter, matches, handler, onRefused });
    this.#routes.clear();
    this.#must(FrameKind.SUBSCRIBE, id, filter);
    const unsubscribe = () => {
      if (this.#forget(id)) this.#must(FrameKind.UNSUBSCRIBE, id);
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
    const isHungUp = isWatchDue && link.isHungUp();
    const work = link.poll((frame) => this.#take(frame));
    if (typeof work === 'string') return this.#lose(work);
    if (work === 0 && isHungUp) {
      return this.#lose(`the market's process (${link.marketPid}) has ended`);
    }
    return work;
  }

  #attach(): number {
    try {
      const offered = this.#entrance.tryOnce();
      if (offered === undefined) return 0;
      this.#link = new SharedMemoryLink(offered);
    } catch (error) {
      this.#checkPassing(error);
      return 0;
    }
    this.#subscribeInbox();
    for (const [id, { filter }] of this.#subscriptions) this.#must(FrameKind.SUBSCRIBE, id, filter);
    this.#waiting.sendLate((id, subject, payload) => this.#send(id, subject, payload));
    this.#status.set('connected', `attached to market process ${this.#link.marketPid}`);
    return 1;
  }

  /** Of all that may pass, such as descriptors that are short, or another client: told once. */
  #checkPassing(error: unknown): void {
    if (!(error instanceof SharedMemoryError) || error.code === 'BAD_LAYOUT') throw error;
    if (error.code === 'NO_OWNER' || this.#isWarned) return;
    this.#isWarned = true;
    process.emitWarning(`${this.description} is tried again: ${error.message}`);
  }

  #lose(detail: string): number {
    this.#isWarned = false;
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
        if (subject.startsWith(this.#answers)) {
          this.#waiting.take(Number(subject.slice(this.#answers.length)))?.resolve(payload);
        }
        this.#deliver(subject, reply, payload);
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

  /** A message comes once; it goes to each subscription that it matches. */
  #deliver(subject: string, reply: string, payload: Uint8Array): void {
    const message = { subject, payload, reply: reply === '' ? undefined : reply };
    for (const { id, handler } of this.#route(subject)) {
      // One handler may have ended the other's subscription.
      if (this.#subscriptions.has(id)) callHandler(handler, message);
    }
  }

  #route(subject: string): readonly Heard[] {
    const known = this.#routes.get(subject);
    if (known !== undefined) return known;
    const heard = [...this.#subscriptions.values()].filter(({ matches }) => matches(subject));
    // Answers have a subject each, which does not come again.
    if (subject.startsWith(this.#inbox)) return heard;
    if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
    this.#routes.set(subject, heard);
    return heard;
  }

  #forget(id: number): boolean {
    this.#routes.clear();
    return this.#subscriptions.delete(id);
  }

  #forbidden(id: number, subject: string): void {
    const text = `${this.description} is another account's, or may not use ${subject}`;
    const error = new TransportError('NOT_PERMITTED', text);
    const tell = this.#waiting.take(id)?.reject ?? this.#subscriptions.get(id)?.onRefused;
    // Another one may bring subjects that this one would match.
    this.#forget(id);
    if (tell === undefined) process.emitWarning(text);
    else tell(error);
  }

  #checkSize(subject: string, reply: string, payload: Uint8Array | undefined): void {
    const subjectBytes = Buffer.byteLength(subject);
    const replyBytes = Buffer.byteLength(reply);
    if (subjectBytes > MAX_SUBJECT_BYTES || replyBytes > MAX_SUBJECT_BYTES) {
      const start = subject.slice(0, 60);
      const text = `a subject is longer than ${MAX_SUBJECT_BYTES} bytes: ${start}...`;
      throw new TransportError('BAD_SUBJECT', text);
    }
    if (payload === undefined || this.#link === undefined) return;
    const most = this.#link.maxFrameBytes - FRAME_HEADER_BYTES - subjectBytes - replyBytes;
    if (payload.byteLength <= most) return;
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
    this.#entrance.giveUp();
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
