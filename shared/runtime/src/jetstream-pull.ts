/** One ephemeral pull consumer: it asks for batches, and notices when it is no longer served. */
import { randomUUID } from 'node:crypto';
import type { Msg, Subscription } from 'nats';
import { type JetStreamApi, numberOf } from './jetstream-api.ts';
import type { NatsTransport } from './nats-transport.ts';

/** Messages asked for at a time: they wait in memory until they are taken. */
const BATCH = 1_000;
const BATCH_BYTES = 4 * 1024 * 1024;
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** Without any sign of life for so long the consumer is given up. */
const SILENCE_MS = 4 * HEARTBEAT_MS;
/** The broker removes a consumer that nobody asks for so long. */
const INACTIVE_MS = 60_000;
const NS_PER_MS = 1_000_000;

export interface PulledMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Of the header Nats-Msg-Id; empty without. */
  readonly messageId: string;
}

export type PullEvent =
  | { readonly kind: 'message'; readonly message: PulledMessage; readonly pending: number }
  /** Nothing more matches now; only when it doesn't wait. */
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'stopped' }
  /** The consumer or the connection is gone, or a message was missed. */
  | { readonly kind: 'broken' };

export interface PullOptions {
  readonly stream: string;
  /** Undefined: the last message of each subject instead. */
  readonly fromSequence: number | undefined;
  readonly filter: string | undefined;
  /** Whether it waits for messages to come. */
  readonly waits: boolean;
  readonly stop: AbortSignal;
}

const isLiteral = (filter: string) => !/[*>]/.test(filter);

/**
 * One literal subject goes into the request's own subject too, where a broker's permissions can
 * tie it to the connection. Wildcards can't stand there: the plural form leaves them in the body.
 */
function filterOf(filter: string | undefined): Readonly<Record<string, unknown>> {
  if (filter === undefined) return {};
  return isLiteral(filter) ? { filter_subject: filter } : { filter_subjects: [filter] };
}

const suffixOf = (filter: string | undefined) =>
  filter !== undefined && isLiteral(filter) ? `.${filter}` : '';

export class JetStreamPull {
  readonly #transport: NatsTransport;
  readonly #stop: AbortSignal;
  readonly #waits: boolean;
  readonly #nextSubject: string;
  readonly #deleteSubject: string;
  readonly #isEmpty: boolean;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #stopStatus: () => void;
  readonly #wakeUp = () => this.#wake?.();
  #queue: PullEvent[] = [];
  #taken = 0;
  /** Messages still to come of the batch asked for; 0 when another must be asked for. */
  #wanted = 0;
  #delivered = 0;
  #isBroken = false;
  #lastSignMs = performance.now();
  #wake: (() => void) | undefined;

  private constructor(
    transport: NatsTransport,
    options: PullOptions,
    name: string,
    pending: number,
  ) {
    this.#transport = transport;
    this.#stop = options.stop;
    this.#waits = options.waits;
    this.#isEmpty = pending === 0 && !options.waits;
    this.#nextSubject = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${name}`;
    this.#deleteSubject = `$JS.API.CONSUMER.DELETE.${options.stream}.${name}`;
    this.#inbox = transport.newInbox();
    this.#subscription = transport.connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
        else this.#break();
      },
    });
    this.#stopStatus = transport.onStatus(() => this.#break());
    options.stop.addEventListener('abort', this.#wakeUp, { once: true });
  }

  /** Rejects with StreamError UNAVAILABLE, or JetStreamRefusal. */
  static async open(
    transport: NatsTransport,
    api: JetStreamApi,
    options: PullOptions,
  ): Promise<JetStreamPull> {
    const { stream, fromSequence, filter } = options;
    const name = `foldbook-${randomUUID()}`;
    const start =
      fromSequence === undefined
        ? { deliver_policy: 'last_per_subject' }
        : { deliver_policy: 'by_start_sequence', opt_start_seq: fromSequence };
    const config = {
      ...start,
      ...filterOf(filter),
      name,
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: INACTIVE_MS * NS_PER_MS,
      mem_storage: true,
      num_replicas: 1,
    };
    const request = { stream_name: stream, config };
    const answer = await api.request(
      `CONSUMER.CREATE.${stream}.${name}${suffixOf(filter)}`,
      request,
    );
    return new JetStreamPull(transport, options, name, numberOf(answer.num_pending));
  }

  async next(): Promise<PullEvent> {
    if (this.#isEmpty) return { kind: 'exhausted' };
    for (;;) {
      if (this.#stop.aborted) return { kind: 'stopped' };
      const event = this.#queue[this.#taken];
      if (event !== undefined) {
        this.#taken += 1;
        return event;
      }
      this.#queue = [];
      this.#taken = 0;
      if (this.#isBroken) return { kind: 'broken' };
      if (this.#wanted === 0) this.#ask();
      await this.#somethingNew();
    }
  }

  close(): void {
    this.#stopStatus();
    this.#stop.removeEventListener('abort', this.#wakeUp);
    this.#subscription.unsubscribe();
    this.#transport.publish(this.#deleteSubject, new Uint8Array(0));
  }

  #ask(): void {
    const maxBytes = Math.max(BATCH_BYTES, 2 * (this.#transport.connection.info?.max_payload ?? 0));
    const request = this.#waits
      ? { expires: EXPIRES_MS * NS_PER_MS, idle_heartbeat: HEARTBEAT_MS * NS_PER_MS }
      : { no_wait: true };
    const body = JSON.stringify({ batch: BATCH, max_bytes: maxBytes, ...request });
    this.#wanted = BATCH;
    this.#lastSignMs = performance.now();
    this.#transport.publish(this.#nextSubject, new TextEncoder().encode(body), this.#inbox);
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        if (performance.now() - this.#lastSignMs > SILENCE_MS) this.#break();
      }, HEARTBEAT_MS);
      this.#wake = () => {
        clearInterval(timer);
        this.#wake = undefined;
        resolve();
      };
      if (this.#queue.length > 0 || this.#isBroken || this.#stop.aborted) this.#wake();
    });
  }

  #receive(message: Msg): void {
    this.#lastSignMs = performance.now();
    const code = message.headers?.code ?? 0;
    if (code === 0) this.#receiveMessage(message);
    else this.#receiveStatus(code, message.headers?.description ?? '');
  }

  #receiveMessage(message: Msg): void {
    const facts = parseDelivery(message.reply ?? '');
    if (facts === undefined || facts.delivered !== this.#delivered + 1) {
      this.#break();
      return;
    }
    this.#delivered = facts.delivered;
    this.#wanted -= 1;
    const { subject, data, headers } = message;
    const messageId = headers?.get('Nats-Msg-Id') ?? '';
    this.#queue.push({
      kind: 'message',
      message: { sequence: facts.sequence, subject, payload: data, messageId },
      pending: facts.pending,
    });
    this.#wake?.();
  }

  #receiveStatus(code: number, description: string): void {
    switch (code) {
      case 100:
        return;
      case 404:
        // No messages.
        this.#queue.push({ kind: 'exhausted' });
        break;
      case 408:
        this.#wanted = 0;
        break;
      case 409:
        // The batch has reached its bytes; all else of this code ends the consumer.
        if (/MaxBytes|Batch Completed/i.test(description)) this.#wanted = 0;
        else this.#isBroken = true;
        break;
      default:
        this.#isBroken = true;
    }
    this.#wake?.();
  }

  #break(): void {
    this.#isBroken = true;
    this.#wake?.();
  }
}

interface Delivery {
  readonly sequence: number;
  /** How many messages this consumer has delivered, with this one. */
  readonly delivered: number;
  /** How many more match. */
  readonly pending: number;
}

/**
 * A delivered message's reply subject:
 * `$JS.ACK.<stream>.<consumer>.<attempts>.<sequence>.<delivered>.<time>.<pending>`, with a domain
 * and an account after `ACK` and a token at the end where the broker is part of a larger system.
 */
function parseDelivery(reply: string): Delivery | undefined {
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  const skipped = tokens.length === 9 ? 0 : 2;
  const [sequence, delivered, pending] = [5, 6, 8].map((at) => Number(tokens[at + skipped]));
  if (sequence === undefined || delivered === undefined || pending === undefined) return undefined;
  return { sequence, delivered, pending };
}
