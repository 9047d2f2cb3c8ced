/**
 * Clients on the same host, over shared memory: what they publish goes to the market's own
 * subscriptions, what the market publishes goes to theirs. Each may do what its account may do on
 * the broker, and no more: the account is that of the socket through which the client came.
 */
import { randomBytes } from 'node:crypto';
import { reportFilter } from '@foldbook/protocol';
import {
  type Agent,
  type ConnectionEnd,
  type ConnectionListener,
  checkFilter,
  checkSubject,
  compileFilter,
  coversFilter,
  type Frame,
  FrameKind,
  type HostConnection,
  type Logger,
  type MessageHandler,
  monotonicMs,
  replySubject,
  SharedMemoryHost,
  type SharedMemoryHostOptions,
  type Subscription,
  systemTimers,
  type Timers,
  TransportError,
  type TurnedAway,
} from '@foldbook/runtime';
import type { LocalMetrics } from './local-metrics.ts';

/** Of one client: its inboxes, reports and market data of many markets. */
const MAX_SUBSCRIPTIONS = 256;
/** Subjects of which is remembered who gets them; beyond it all are forgotten. */
const MAX_ROUTES = 1_024;
const INBOX = '_INBOX.';
const TELL_EVERY_MS = 1_000;

interface ClientSubscription {
  readonly id: number;
  readonly filter: string;
  readonly matches: (subject: string) => boolean;
}

interface Client {
  readonly connection: HostConnection;
  readonly mayPublish: readonly string[];
  readonly maySubscribe: readonly string[];
  subscriptions: ClientSubscription[];
  /** Whether it gets what has a subject; forgotten with every change of the subscriptions. */
  readonly routes: Map<string, boolean>;
  /** Who takes what the client publishes to a subject. */
  readonly takers: Map<string, readonly MessageHandler[] | 'FORBIDDEN'>;
}

interface Service {
  readonly matches: (subject: string) => boolean;
  readonly handler: MessageHandler;
}

export class SharedMemoryAdapter implements Agent, ConnectionListener {
  readonly roleName = 'shared memory';
  readonly #options: SharedMemoryHostOptions;
  /** Undefined before it is opened. */
  #host: SharedMemoryHost | undefined;
  readonly #logger: Logger;
  readonly #timers: Timers;
  readonly #services = new Set<Service>();
  readonly #clients = new Map<number, Client>();
  #metrics: LocalMetrics | undefined;
  /** Since they were last told. */
  #framesIn = 0;
  #turnedAwayMs = Number.NEGATIVE_INFINITY;
  /**
   * In front of the inboxes of these clients; followed by the connection's number. Nobody can guess
   * it, who might have answers sent to a client that it did not ask for.
   */
  readonly #ownInbox = `${INBOX}shared-memory-${randomBytes(12).toString('hex')}-`;

  constructor(options: SharedMemoryHostOptions, logger: Logger, timers: Timers = systemTimers) {
    this.#options = options;
    this.#logger = logger;
    this.#timers = timers;
  }

  /**
   * Lets clients in, once.
   * @throws SharedMemoryError UNSUPPORTED, IN_USE, REFUSED
   */
  open(): void {
    this.#host = new SharedMemoryHost(this.#options, this);
  }

  /** From now on it tells what it does; nothing has connected before the first `doWork`. */
  observe(metrics: LocalMetrics): void {
    this.#metrics = metrics;
  }

  doWork(): number {
    const work = this.#host?.poll() ?? 0;
    this.#tell();
    return work;
  }

  onClose(): void {
    this.#host?.close();
  }

  /** The market's own subscription: what clients publish to. */
  subscribe(filter: string, handler: MessageHandler): Subscription {
    const service = { matches: compileFilter(filter), handler };
    this.#services.add(service);
    this.#forgetTakers();
    const unsubscribe = () => {
      this.#services.delete(service);
      this.#forgetTakers();
    };
    return { unsubscribe };
  }

  /** True if it was for one of these clients alone: an answer. */
  publish(subject: string, payload: Uint8Array, reply = ''): boolean {
    const own = this.#ownInbox;
    if (subject.startsWith(own)) {
      const end = subject.indexOf('.', own.length);
      const client = this.#clients.get(Number(subject.slice(own.length, end)));
      if (client !== undefined) deliver(client, INBOX + subject.slice(end + 1), payload, reply);
      return true;
    }
    // An answer to somebody on the broker is nobody else's.
    if (subject.startsWith(INBOX)) return false;
    for (const client of this.#clients.values()) deliver(client, subject, payload, reply);
    return false;
  }

  onOpen(connection: HostConnection): void {
    const { account } = connection;
    this.#clients.set(connection.number, {
      connection,
      // As the broker's permissions of a trader, infra/docker/nats.conf.
      mayPublish: [
        `cmd.*.${account}`,
        `qry.*.${account}`,
        'info.*',
        'md.*.snapshot',
        'md.*.replay',
      ],
      maySubscribe: [
        reportFilter(account, '*'),
        ...['md.*.l2', 'md.*.trades', 'md.*.owner', '_INBOX.>'],
      ],
      subscriptions: [],
      routes: new Map(),
      takers: new Map(),
    });
    this.#metrics?.clients.set(this.#clients.size);
    this.#logger.info('a client attached to shared memory', { account });
  }

  onEnd(connection: HostConnection, end: ConnectionEnd, reason: string): void {
    const { account, number } = connection;
    this.#metrics?.framesOut.add(connection.takeSent());
    this.#clients.delete(number);
    this.#metrics?.ended(end);
    this.#metrics?.clients.set(this.#clients.size);
    // The last one's bytes don't wait any more.
    if (this.#clients.size === 0) this.#metrics?.waitingBytes.set(0);
    this.#logger.info('a client of shared memory is gone', { account, reason });
  }

  /** Told once a second at most: anybody may knock, as often as they like. */
  onTurnedAway({ account, peer, kind }: TurnedAway): void {
    this.#metrics?.turnedAway(kind);
    const nowMs = monotonicMs(this.#timers);
    if (nowMs - this.#turnedAwayMs < TELL_EVERY_MS) return;
    this.#turnedAwayMs = nowMs;
    this.#logger.warn('turned away from shared memory', { account, why: kind, ...peer });
  }

  onTrouble(account: number, reason: string): void {
    this.#logger.warn('no shared memory to offer for now; tried again', { account, reason });
  }

  onFrame(connection: HostConnection, frame: Frame): boolean {
    const client = this.#clients.get(connection.number);
    if (client === undefined) return false;
    this.#framesIn += 1;
    try {
      return this.#run(client, frame);
    } catch (error) {
      // Subjects and filters are checked where they are used.
      if (error instanceof TransportError && error.code === 'BAD_SUBJECT') return false;
      throw error;
    }
  }

  #tell(): void {
    const metrics = this.#metrics;
    if (metrics === undefined) return;
    if (this.#framesIn > 0) metrics.framesIn.add(this.#framesIn);
    this.#framesIn = 0;
    if (this.#clients.size === 0) return;
    let sent = 0;
    let waitingBytes = 0;
    for (const { connection } of this.#clients.values()) {
      sent += connection.takeSent();
      waitingBytes += connection.waitingBytes;
    }
    if (sent > 0) metrics.framesOut.add(sent);
    metrics.waitingBytes.set(waitingBytes);
  }

  #run(client: Client, frame: Frame): boolean {
    const { kind, id, subject } = frame;
    switch (kind) {
      case FrameKind.PUBLISH:
        return this.#fromClient(client, frame);
      case FrameKind.SUBSCRIBE:
        return subscribeClient(client, id, subject);
      case FrameKind.UNSUBSCRIBE:
        client.subscriptions = client.subscriptions.filter((other) => other.id !== id);
        client.routes.clear();
        return true;
      case FrameKind.FLUSH:
        client.connection.send(FrameKind.FLUSHED, id);
        return true;
      default:
        return false;
    }
  }

  #fromClient(client: Client, frame: Frame): boolean {
    const { connection } = client;
    const { id, subject, payload, reply } = frame;
    const takers = this.#takers(client, subject);
    if (reply !== '' && !isInbox(reply)) return false;
    if (takers === 'FORBIDDEN') {
      connection.send(FrameKind.FORBIDDEN, id, subject);
      return true;
    }
    const inbox = `${this.#ownInbox}${connection.number}.${reply.slice(INBOX.length)}`;
    const message = { subject, payload, reply: reply === '' ? undefined : inbox };
    for (const take of takers) take(message);
    if (takers.length === 0 && id !== 0) connection.send(FrameKind.NOBODY, id);
    return true;
  }

  /** @throws TransportError BAD_SUBJECT */
  #takers(
    { takers, mayPublish }: Client,
    subject: string,
  ): readonly MessageHandler[] | 'FORBIDDEN' {
    const known = takers.get(subject);
    if (known !== undefined) return known;
    checkSubject(subject);
    const isPermitted = mayPublish.some((filter) => coversFilter(filter, subject));
    const found = [...this.#services].filter(({ matches }) => isPermitted && matches(subject));
    const made = isPermitted ? found.map(({ handler }) => handler) : 'FORBIDDEN';
    if (takers.size >= MAX_ROUTES) takers.clear();
    takers.set(subject, made);
    return made;
  }

  #forgetTakers(): void {
    for (const { takers } of this.#clients.values()) takers.clear();
  }
}

const isInbox = (reply: string) => reply.startsWith(INBOX) && replySubject(reply) !== undefined;

function subscribeClient(client: Client, id: number, filter: string): boolean {
  checkFilter(filter);
  const { connection, subscriptions, maySubscribe } = client;
  if (subscriptions.length >= MAX_SUBSCRIPTIONS || subscriptions.some((s) => s.id === id)) {
    return false;
  }
  if (!maySubscribe.some((wide) => coversFilter(wide, filter))) {
    connection.send(FrameKind.FORBIDDEN, id, filter);
    return true;
  }
  client.subscriptions.push({ id, filter, matches: compileFilter(filter) });
  client.routes.clear();
  return true;
}

/** Once, however many subscriptions match: they cost the client itself, not the market. */
function deliver(client: Client, subject: string, payload: Uint8Array, reply: string): void {
  if (!isHeard(client, subject)) return;
  client.connection.send(FrameKind.DELIVER, 0, subject, reply, payload);
}

function isHeard({ subscriptions, routes }: Client, subject: string): boolean {
  const known = routes.get(subject);
  if (known !== undefined) return known;
  const isIt = subscriptions.some(({ matches }) => matches(subject));
  // Answers have a subject each, which does not come again.
  if (subject.startsWith(INBOX)) return isIt;
  if (routes.size >= MAX_ROUTES) routes.clear();
  routes.set(subject, isIt);
  return isIt;
}
