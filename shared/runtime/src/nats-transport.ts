/** The transport over NATS. It reconnects for as long as it isn't closed. */
import {
  connect,
  createInbox,
  ErrorCode,
  Events,
  type MsgHdrs,
  type NatsConnection,
  NatsError,
} from 'nats';
import { StatusFeed } from './status-feed.ts';
import { checkFilter, checkSubject, replySubject } from './subject.ts';
import {
  type MessageHandler,
  type OnRefused,
  type Subscription,
  type Transport,
  TransportError,
  type TransportStatus,
} from './transport.ts';
import { callHandler, closedError, noRespondersError, timeoutError } from './transport-outcomes.ts';

export interface NatsOptions {
  /** `nats://host:port`, or several of one cluster, in an array or separated by commas. */
  readonly servers: string | readonly string[];
  /** Shown by the broker's monitoring. */
  readonly name: string;
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  /** How long the first connection may take, ms. */
  readonly connectTimeoutMs?: number | undefined;
  /** Size of the largest message that this process may have to send; the broker has to take it. */
  readonly largestBytes?: number | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_WAIT_MS = 100;
const RECONNECT_JITTER_MS = 200;
/** A broker that is gone without a word is noticed after two unanswered pings: 4 to 6 s. */
const PING_INTERVAL_MS = 2_000;

/**
 * Rejects with TransportError CONNECT_FAILED when no server answers, or it refuses, and with
 * TOO_LARGE when it takes no messages of `largestBytes`.
 */
export async function connectNats(options: NatsOptions): Promise<NatsTransport> {
  const { servers, name, user, pass } = options;
  const addresses = (typeof servers === 'string' ? servers.split(',') : [...servers]).map(
    (address) => address.trim(),
  );
  const inboxPrefix = inboxesOf(user);
  try {
    const connection = await connect({
      servers: addresses,
      name,
      ...(user === undefined ? {} : { user }),
      ...(pass === undefined ? {} : { pass }),
      inboxPrefix,
      timeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectDelayHandler: () => RECONNECT_WAIT_MS + Math.random() * RECONNECT_JITTER_MS,
      ignoreAuthErrorAbort: true,
      pingInterval: PING_INTERVAL_MS,
      noAsyncTraces: true,
    });
    await refuseSmall(connection, options.largestBytes ?? 0);
    return new NatsTransport(connection, inboxPrefix);
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw connectError(addresses.join(', '), user, error);
  }
}

/** Refused at the start, rather than when the first such message is due. */
async function refuseSmall(connection: NatsConnection, largestBytes: number): Promise<void> {
  const most = connection.info?.max_payload ?? largestBytes;
  if (most >= largestBytes) return;
  const where = connection.getServer();
  await connection.close();
  throw new TransportError(
    'TOO_LARGE',
    `the broker at ${where} takes messages of ${most} bytes, and ${largestBytes} may be needed: ` +
      `set max_payload to ${largestBytes} or more in its configuration`,
  );
}

/**
 * Each user's inboxes begin with its name, so that a broker's permissions can keep others of its
 * account from them: `_INBOX.market.>`.
 */
function inboxesOf(user: string | undefined): string {
  return user !== undefined && /^[\w-]+$/.test(user) ? `_INBOX.${user}` : '_INBOX';
}

function connectError(where: string, user: string | undefined, error: unknown): TransportError {
  const reason = error instanceof Error ? error.message : String(error);
  const isRefusal = error instanceof NatsError && error.isAuthError();
  const mend = isRefusal
    ? `it refuses ${user === undefined ? 'a connection without a user' : `user "${user}"`}: ` +
      'check the user name and password against its configuration'
    : 'is it running there? Start one with: nats-server -js, or give another address';
  return new TransportError(
    'CONNECT_FAILED',
    `no connection to NATS at ${where} (${reason}); ${mend}`,
    {
      cause: error,
    },
  );
}

const warnOfRefusal: OnRefused = (error) => process.emitWarning(error.message);

export class NatsTransport implements Transport {
  readonly description: string;
  /** For what goes beyond messages (jetstream-store.ts). */
  readonly connection: NatsConnection;
  readonly #inboxPrefix: string;
  readonly #status = new StatusFeed('connected');
  readonly #waiting = new Set<{ readonly subject: string; readonly forbid: () => void }>();
  #dropped = 0;

  /** Use `connectNats`. */
  constructor(connection: NatsConnection, inboxPrefix: string) {
    this.connection = connection;
    this.#inboxPrefix = inboxPrefix;
    const version = connection.info?.version ?? 'of unknown version';
    this.description = `nats://${connection.getServer()} (nats-server ${version})`;
    void this.#watch();
    connection.closed().then((error) => {
      const detail = error instanceof Error ? error.message : 'closed by this process';
      this.#status.set('closed', detail);
    });
  }

  get dropped(): number {
    return this.#dropped;
  }

  status(): TransportStatus {
    return this.connection.isClosed() ? 'closed' : this.#status.status;
  }

  onStatus(listener: (status: TransportStatus, detail: string) => void): () => void {
    return this.#status.listen(listener);
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    checkSubject(subject);
    if (this.status() !== 'connected') {
      this.#dropped += 1;
      return;
    }
    try {
      this.connection.publish(subject, payload, reply === undefined ? {} : { reply });
    } catch (error) {
      throw this.#outcome(error, subject, payload.byteLength, 0);
    }
  }

  newInbox(): string {
    return createInbox(this.#inboxPrefix);
  }

  subscribe(
    filter: string,
    handler: MessageHandler,
    onRefused: OnRefused = warnOfRefusal,
  ): Subscription {
    checkFilter(filter);
    if (this.status() === 'closed') throw closedError(this.description);
    const subscription = this.connection.subscribe(filter, {
      callback: (error, message) => {
        if (error !== null) {
          onRefused(this.#unheard(filter, error));
          return;
        }
        const { subject, data, reply } = message;
        callHandler(handler, { subject, payload: data, reply: replySubject(reply) });
      },
    });
    return { unsubscribe: () => subscription.unsubscribe() };
  }

  async request(
    subject: string,
    payload: Uint8Array,
    timeoutMs: number,
    headers?: MsgHdrs,
  ): Promise<Uint8Array> {
    checkSubject(subject);
    const deadlineMs = performance.now() + timeoutMs;
    if (!(await this.#connected(timeoutMs))) {
      throw this.status() === 'closed'
        ? closedError(this.description)
        : timeoutError(subject, timeoutMs);
    }
    const forbidden = Promise.withResolvers<never>();
    const waiting = { subject, forbid: () => forbidden.reject(this.#forbidden(subject)) };
    this.#waiting.add(waiting);
    try {
      const timeout = Math.max(1, deadlineMs - performance.now());
      const options = headers === undefined ? { timeout } : { timeout, headers };
      const answered = this.connection.request(subject, payload, options);
      return (await Promise.race([answered, forbidden.promise])).data;
    } catch (error) {
      throw this.#outcome(error, subject, payload.byteLength, timeoutMs);
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  async flush(): Promise<void> {
    for (;;) {
      if (!(await this.#connected())) throw closedError(this.description);
      try {
        const closed = this.connection
          .closed()
          .then(() => Promise.reject(closedError(this.description)));
        await Promise.race([this.connection.flush(), closed]);
        return;
      } catch (error) {
        if (this.connection.isClosed()) throw closedError(this.description);
        // The connection broke in between; what follows goes over the next one.
        if (!(error instanceof NatsError) || error.code !== ErrorCode.Disconnect) throw error;
        await this.#statusChange();
      }
    }
  }

  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    if (this.status() === 'connected') await this.connection.flush().catch(() => undefined);
    await this.connection.close();
    this.#status.set('closed', 'closed by this process');
  }

  /** Waits for a connection; false when there is none in time, or it will never come. */
  async #connected(timeoutMs?: number): Promise<boolean> {
    if (this.status() === 'disconnected') await this.#statusChange(timeoutMs);
    return this.status() === 'connected';
  }

  #statusChange(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => end(), timeoutMs);
      const stop = this.#status.listen(() => end());
      const end = () => {
        clearTimeout(timer);
        stop();
        resolve();
      };
    });
  }

  async #watch(): Promise<void> {
    for await (const { type, data, permissionContext } of this.connection.status()) {
      if (type === Events.Disconnect) this.#status.set('disconnected', `lost ${data}`);
      else if (type === Events.Reconnect) this.#status.set('connected', `back at ${data}`);
      else if (type === Events.Error) this.#refused(permissionContext);
    }
  }

  /**
   * The broker names the subject that it refused, which it may have mapped from the published one
   * (`cmd.M.7` to `in.0.M.7`): a mapping keeps the last tokens.
   */
  #refused(context: { readonly operation: string; readonly subject: string } | undefined): void {
    if (context?.operation !== 'publish') return;
    for (const { subject, forbid } of this.#waiting) {
      const tail = subject.slice(subject.indexOf('.'));
      if (context.subject === subject || context.subject.endsWith(tail)) forbid();
    }
  }

  #forbidden(subject: string): TransportError {
    const text = `${this.description} does not let this user publish to ${subject}`;
    return new TransportError('NOT_PERMITTED', `${text}: use another user, or change its rights`);
  }

  #unheard(filter: string, error: Error): TransportError {
    const text = `${this.description} does not let this user subscribe to ${filter}`;
    const mend = 'use another user, or change its rights';
    return new TransportError('NOT_PERMITTED', `${text}: ${mend}`, { cause: error });
  }

  #outcome(error: unknown, subject: string, sizeBytes: number, timeoutMs: number): unknown {
    if (!(error instanceof NatsError)) return error;
    // A request in flight is given the code of a timeout when this end closes.
    if (this.connection.isClosed()) return closedError(this.description);
    switch (error.code) {
      case ErrorCode.Timeout:
        return timeoutError(subject, timeoutMs);
      case ErrorCode.NoResponders:
        return noRespondersError(subject);
      case ErrorCode.MaxPayloadExceeded: {
        const most = this.connection.info?.max_payload;
        const text = `${sizeBytes} bytes on ${subject}; ${this.description} takes ${most} at most`;
        return new TransportError('TOO_LARGE', `${text} (max_payload in its configuration)`);
      }
      case ErrorCode.PermissionsViolation:
        return this.#forbidden(subject);
      case ErrorCode.ConnectionClosed:
      case ErrorCode.ConnectionDraining:
        return closedError(this.description);
      default:
        return error;
    }
  }
}
