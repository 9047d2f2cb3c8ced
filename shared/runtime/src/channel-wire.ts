/**
 * What a memory broker and its clients in other processes send each other: envelopes of operations.
 * Other messages may share the channel; they are told apart by the envelope's tag.
 */
import type { Channel } from './channel.ts';

/** To the broker. */
export type ClientOperation =
  | { readonly kind: 'publish'; readonly message: WireMessage }
  /** A publication that wants to know whether anybody took it. */
  | { readonly kind: 'ask'; readonly id: number; readonly message: WireMessage }
  | { readonly kind: 'subscribe'; readonly id: number; readonly filter: string }
  | { readonly kind: 'unsubscribe'; readonly id: number }
  | { readonly kind: 'flush'; readonly id: number }
  | { readonly kind: 'close' };

/** To a client. */
export type BrokerOperation =
  | { readonly kind: 'deliver'; readonly id: number; readonly message: WireMessage }
  | { readonly kind: 'nobody'; readonly id: number }
  | { readonly kind: 'flushed'; readonly id: number };

export interface WireMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply: string | undefined;
}

export type EnvelopeTag = 'foldbook-to-broker' | 'foldbook-to-client';

/** What is read from the channel: not for us, for us and well formed, or for us and not. */
export type Opened<Operation> = readonly Operation[] | 'FOREIGN' | 'MALFORMED';

export function openClientEnvelope(value: unknown): Opened<ClientOperation> {
  return open(value, 'foldbook-to-broker', isClientOperation);
}

export function openBrokerEnvelope(value: unknown): Opened<BrokerOperation> {
  return open(value, 'foldbook-to-client', isBrokerOperation);
}

function open<Operation>(
  value: unknown,
  tag: EnvelopeTag,
  isOperation: (value: unknown) => value is Operation,
): Opened<Operation> {
  if (!isObject(value) || value.tag !== tag) return 'FOREIGN';
  const { operations } = value;
  if (!Array.isArray(operations)) return 'MALFORMED';
  return operations.every(isOperation) ? operations : 'MALFORMED';
}

function isClientOperation(value: unknown): value is ClientOperation {
  if (!isObject(value)) return false;
  switch (value.kind) {
    case 'publish':
      return isMessage(value.message);
    case 'ask':
      return isId(value.id) && isMessage(value.message);
    case 'subscribe':
      return isId(value.id) && typeof value.filter === 'string';
    case 'unsubscribe':
    case 'flush':
      return isId(value.id);
    default:
      return value.kind === 'close';
  }
}

function isBrokerOperation(value: unknown): value is BrokerOperation {
  if (!isObject(value) || !isId(value.id)) return false;
  if (value.kind === 'deliver') return isMessage(value.message);
  return value.kind === 'nobody' || value.kind === 'flushed';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isMessage(value: unknown): value is WireMessage {
  return (
    isObject(value) &&
    typeof value.subject === 'string' &&
    value.payload instanceof Uint8Array &&
    (value.reply === undefined || typeof value.reply === 'string')
  );
}

/** Envelopes on their way at a time; the operations after them gather in the next one. */
const MAX_ENVELOPES = 4;
/** Operations that may wait for a slow reader. */
const MAX_WAITING = 65_536;

/** Gathers a turn's operations in one envelope; holds them back while the other end is slow. */
export class ChannelOutbox<Operation> {
  readonly #channel: Channel;
  readonly #tag: EnvelopeTag;
  #waiting: Operation[] = [];
  #envelopes = 0;
  #scheduled = false;

  constructor(channel: Channel, tag: EnvelopeTag) {
    this.#channel = channel;
    this.#tag = tag;
  }

  /** False when the operation can be dropped and there are too many. */
  push(operation: Operation, mayDrop: boolean): boolean {
    if (mayDrop && this.#waiting.length >= MAX_WAITING) return false;
    this.#waiting.push(operation);
    this.#schedule();
    return true;
  }

  #schedule(): void {
    if (this.#scheduled || this.#envelopes >= MAX_ENVELOPES || this.#waiting.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const operations = this.#waiting;
      this.#waiting = [];
      this.#envelopes += 1;
      this.#channel.send({ tag: this.#tag, operations }, () => {
        this.#envelopes -= 1;
        this.#schedule();
      });
    });
  }
}
