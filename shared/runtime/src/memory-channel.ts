/** A memory broker over a channel: the serving end, and the transport at the other end. */
import type { Channel } from './channel.ts';
import {
  type BrokerOperation,
  ChannelOutbox,
  type ClientOperation,
  openBrokerEnvelope,
  openClientEnvelope,
} from './channel-wire.ts';
import type { MemoryBroker } from './memory-transport.ts';
import { StatusFeed } from './status-feed.ts';
import { checkFilter, checkSubject } from './subject.ts';
import type {
  MessageHandler,
  Subscription,
  Transport,
  TransportError,
  TransportStatus,
} from './transport.ts';
import { callHandler, closedError, noRespondersError, timeoutError } from './transport-outcomes.ts';

const MALFORMED = 'a malformed envelope came through the channel; do both ends run one version?';

/**
 * Serves one client at the other end of the channel until it closes, or breaks the protocol.
 * @param onDropped a message was left out because the client is too slow
 */
export function serveChannel(broker: MemoryBroker, channel: Channel, onDropped: () => void): void {
  const outbox = new ChannelOutbox<BrokerOperation>(channel, 'foldbook-to-client');
  const subscriptions = new Map<number, Subscription>();
  const end = () => {
    stopListening();
    for (const subscription of subscriptions.values()) subscription.unsubscribe();
    subscriptions.clear();
  };
  const run = (operation: ClientOperation): void => {
    switch (operation.kind) {
      case 'publish':
        broker.enqueue(operation.message);
        return;
      case 'ask': {
        const { id } = operation;
        broker.enqueue(operation.message, (delivered) => {
          if (delivered === 0) outbox.push({ kind: 'nobody', id }, false);
        });
        return;
      }
      case 'subscribe': {
        const { id, filter } = operation;
        const deliver: MessageHandler = ({ subject, payload, reply }) => {
          const message = { subject, payload, reply };
          if (!outbox.push({ kind: 'deliver', id, message }, true)) onDropped();
        };
        subscriptions.set(id, broker.subscribe(filter, deliver));
        return;
      }
      case 'unsubscribe':
        subscriptions.get(operation.id)?.unsubscribe();
        subscriptions.delete(operation.id);
        return;
      case 'flush': {
        const { id } = operation;
        broker.enqueue(undefined, () => outbox.push({ kind: 'flushed', id }, false));
        return;
      }
      case 'close':
        end();
        return;
      default:
        operation satisfies never;
    }
  };
  const stopListening = channel.onMessage((value) => {
    const operations = openClientEnvelope(value);
    if (operations === 'FOREIGN') return;
    if (operations !== 'MALFORMED') {
      operations.forEach(run);
      return;
    }
    end();
    process.emitWarning(`${MALFORMED}: the client process is cut off`);
  });
  channel.onClose(end);
}

/** A transport to the memory broker that another process serves; one for each channel. */
export function connectChannel(channel: Channel): Transport {
  return new ChannelTransport(channel);
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: TransportError) => void;
}

class ChannelTransport implements Transport {
  readonly description = 'in memory of another process';
  readonly #outbox: ChannelOutbox<ClientOperation>;
  readonly #status = new StatusFeed('connected');
  readonly #stopListening: () => void;
  readonly #handlers = new Map<number, MessageHandler>();
  /** Requests that wait to hear that nobody took them, and flushes. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #inboxPrefix = `_INBOX.${crypto.randomUUID()}`;
  #lastId = 0;
  #dropped = 0;

  constructor(channel: Channel) {
    this.#outbox = new ChannelOutbox(channel, 'foldbook-to-broker');
    this.#stopListening = channel.onMessage((value) => this.#receive(value));
    channel.onClose(() => this.#end('the process with the broker is gone'));
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
    return `${this.#inboxPrefix}.${this.#nextId()}`;
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    checkSubject(subject);
    const message = { subject, payload, reply };
    const isTaken = !this.#isClosed() && this.#outbox.push({ kind: 'publish', message }, true);
    if (!isTaken) this.#dropped += 1;
  }

  subscribe(filter: string, handler: MessageHandler): Subscription {
    checkFilter(filter);
    if (this.#isClosed()) throw closedError(this.description);
    const id = this.#nextId();
    this.#handlers.set(id, handler);
    this.#outbox.push({ kind: 'subscribe', id, filter }, false);
    const unsubscribe = () => {
      if (!this.#handlers.delete(id) || this.#isClosed()) return;
      this.#outbox.push({ kind: 'unsubscribe', id }, false);
    };
    return { unsubscribe };
  }

  async request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    checkSubject(subject);
    if (this.#isClosed()) throw closedError(this.description);
    const answer = Promise.withResolvers<Uint8Array>();
    const id = this.#nextId();
    const reply = `${this.#inboxPrefix}.${id}`;
    const inbox = this.subscribe(reply, (message) => answer.resolve(message.payload));
    const timer = setTimeout(() => answer.reject(timeoutError(subject, timeoutMs)), timeoutMs);
    this.#waiting.set(id, {
      resolve: () => answer.reject(noRespondersError(subject)),
      reject: answer.reject,
    });
    this.#outbox.push({ kind: 'ask', id, message: { subject, payload, reply } }, false);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      inbox.unsubscribe();
      this.#waiting.delete(id);
    }
  }

  flush(): Promise<void> {
    if (this.#isClosed()) return Promise.reject(closedError(this.description));
    const id = this.#nextId();
    const done = new Promise<void>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#outbox.push({ kind: 'flush', id }, false);
    return done;
  }

  async close(): Promise<void> {
    if (this.#isClosed()) return;
    await this.flush().catch(() => undefined);
    this.#outbox.push({ kind: 'close' }, false);
    this.#end('closed by this process');
  }

  #receive(value: unknown): void {
    const operations = openBrokerEnvelope(value);
    if (operations === 'FOREIGN') return;
    if (operations === 'MALFORMED') {
      this.#end(MALFORMED);
      return;
    }
    for (const operation of operations) this.#run(operation);
  }

  #run(operation: BrokerOperation): void {
    switch (operation.kind) {
      case 'deliver': {
        const handler = this.#handlers.get(operation.id);
        if (handler !== undefined) callHandler(handler, operation.message);
        return;
      }
      case 'nobody':
      case 'flushed':
        this.#waiting.get(operation.id)?.resolve();
        this.#waiting.delete(operation.id);
        return;
      default:
        operation satisfies never;
    }
  }

  #end(detail: string): void {
    if (this.#isClosed()) return;
    this.#stopListening();
    this.#status.set('closed', detail);
    this.#handlers.clear();
    for (const { reject } of this.#waiting.values()) reject(closedError(this.description));
    this.#waiting.clear();
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #isClosed(): boolean {
    return this.#status.status === 'closed';
  }
}
