/**
 * A broker inside the process: the same contract as NATS, without a server. memory-channel.ts
 * carries it to other processes.
 */
import type { Channel } from './channel.ts';
import { serveChannel } from './memory-channel.ts';
import { StatusFeed } from './status-feed.ts';
import { checkSubject, compileFilter, replySubject } from './subject.ts';
import type {
  MessageHandler,
  Subscription,
  Transport,
  TransportError,
  TransportMessage,
  TransportStatus,
} from './transport.ts';
import { callHandler, closedError, noRespondersError, timeoutError } from './transport-outcomes.ts';

/** Deliveries in a row before the event loop gets a turn. */
const DELIVERIES_PER_TURN = 1_024;
/** Subjects whose subscribers are remembered; beyond it all are forgotten. */
const MAX_ROUTES = 4_096;

interface BrokerSubscription {
  readonly matches: (subject: string) => boolean;
  readonly handler: MessageHandler;
  live: boolean;
}

/** Called with how many subscriptions the message has been delivered to. */
export type DeliveryListener = (delivered: number) => void;

interface Job {
  readonly message: TransportMessage | undefined;
  readonly done: DeliveryListener | undefined;
}

export class MemoryBroker {
  readonly #subscriptions = new Set<BrokerSubscription>();
  readonly #routes = new Map<string, readonly BrokerSubscription[]>();
  #jobs: Job[] = [];
  #nextJob = 0;
  #scheduled = false;
  #inboxes = 0;
  #dropped = 0;

  /** Messages that other processes were too slow to take. */
  get dropped(): number {
    return this.#dropped;
  }

  /** A connection from this process. */
  connect(): Transport {
    return new MemoryTransport(this);
  }

  /** Serves another process at the other end of the channel (`connectChannel` there). */
  serve(channel: Channel): void {
    serveChannel(this, channel, () => {
      this.#dropped += 1;
    });
  }

  /** A subject that nobody else uses. */
  newInbox(): string {
    this.#inboxes += 1;
    return `_INBOX.memory.${this.#inboxes}`;
  }

  /** Delivers soon, after everything enqueued before; without a message it is only a mark. */
  enqueue(message: TransportMessage | undefined, done?: DeliveryListener): void {
    const checked = message && { ...message, reply: replySubject(message.reply) };
    this.#jobs.push({ message: checked, done });
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  /** @throws TransportError BAD_SUBJECT */
  subscribe(filter: string, handler: MessageHandler): Subscription {
    const subscription: BrokerSubscription = {
      matches: compileFilter(filter),
      handler,
      live: true,
    };
    this.#subscriptions.add(subscription);
    this.#routes.clear();
    const unsubscribe = () => {
      if (!subscription.live) return;
      subscription.live = false;
      this.#subscriptions.delete(subscription);
      this.#routes.clear();
    };
    return { unsubscribe };
  }

  #deliver(): void {
    // What handlers add beyond this turn's share waits for the next.
    const end = Math.min(this.#jobs.length, this.#nextJob + DELIVERIES_PER_TURN);
    while (this.#nextJob < end) {
      const job = this.#jobs[this.#nextJob];
      this.#nextJob += 1;
      if (job === undefined) break;
      const delivered = job.message === undefined ? 0 : this.#deliverOne(job.message);
      job.done?.(delivered);
    }
    if (this.#nextJob < this.#jobs.length) {
      setImmediate(() => this.#deliver());
      return;
    }
    this.#jobs = [];
    this.#nextJob = 0;
    this.#scheduled = false;
  }

  #deliverOne(message: TransportMessage): number {
    let delivered = 0;
    for (const subscription of this.#route(message.subject)) {
      // An earlier handler of the same message may have ended this one.
      if (!subscription.live) continue;
      delivered += 1;
      callHandler(subscription.handler, message);
    }
    return delivered;
  }

  #route(subject: string): readonly BrokerSubscription[] {
    const known = this.#routes.get(subject);
    if (known !== undefined) return known;
    if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
    const route = [...this.#subscriptions].filter(({ matches }) => matches(subject));
    this.#routes.set(subject, route);
    return route;
  }
}

class MemoryTransport implements Transport {
  readonly description = 'in memory';
  readonly #broker: MemoryBroker;
  readonly #status = new StatusFeed('connected');
  readonly #subscriptions = new Set<Subscription>();
  readonly #requests = new Set<(error: TransportError) => void>();
  #dropped = 0;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
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
    return this.#broker.newInbox();
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    checkSubject(subject);
    if (this.#isClosed()) this.#dropped += 1;
    else this.#broker.enqueue({ subject, payload, reply });
  }

  subscribe(filter: string, handler: MessageHandler): Subscription {
    if (this.#isClosed()) throw closedError(this.description);
    const inner = this.#broker.subscribe(filter, handler);
    const subscription: Subscription = {
      unsubscribe: () => {
        inner.unsubscribe();
        this.#subscriptions.delete(subscription);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    checkSubject(subject);
    if (this.#isClosed()) throw closedError(this.description);
    const answer = Promise.withResolvers<Uint8Array>();
    const reply = this.#broker.newInbox();
    const inbox = this.#broker.subscribe(reply, (message) => answer.resolve(message.payload));
    const timer = setTimeout(() => answer.reject(timeoutError(subject, timeoutMs)), timeoutMs);
    this.#requests.add(answer.reject);
    this.#broker.enqueue({ subject, payload, reply }, (delivered) => {
      if (delivered === 0) answer.reject(noRespondersError(subject));
    });
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      inbox.unsubscribe();
      this.#requests.delete(answer.reject);
    }
  }

  flush(): Promise<void> {
    if (this.#isClosed()) return Promise.reject(closedError(this.description));
    return new Promise((resolve) => this.#broker.enqueue(undefined, () => resolve()));
  }

  async close(): Promise<void> {
    if (this.#isClosed()) return;
    await this.flush();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const reject of this.#requests) reject(closedError(this.description));
    this.#status.set('closed', 'closed by this process');
  }

  #isClosed(): boolean {
    return this.#status.status === 'closed';
  }
}
