/**
 * The sending half of a client: numbers commands, sends them in batches with one batch on its way
 * at a time, and sends a batch again until the market says that the log has it. A copy that comes
 * second never runs: its request ids are spent, and the engine answers SUPERSEDED.
 */
import {
  BatchFlag,
  BatchKind,
  type Command,
  decodeReply,
  encodeBatch,
  MAX_COMMANDS_PER_MESSAGE,
  RECORD_BYTES,
  ResultCode,
  viewOf,
  writeCommand,
} from '@foldbook/protocol';
import { type Transport, TransportError } from '@foldbook/runtime';
import { ClientError } from './client-error.ts';

const BUSY_PAUSE_MS = 20;
const FIRST_CAPACITY = 64;

export interface OutboxCounters {
  /** Batches refused BUSY or UNAVAILABLE and sent again. */
  busy: number;
  /** Batches sent again because no acknowledgement came in time. */
  resent: number;
  batches: number;
}

export class Outbox {
  readonly counters: OutboxCounters = { busy: 0, resent: 0, batches: 0 };
  readonly #transport: Transport;
  readonly #subject: string;
  readonly #resendAfterMs: number;
  readonly #onRefused: (error: ClientError) => void;
  #buffer = new Uint8Array(FIRST_CAPACITY * RECORD_BYTES);
  #view = viewOf(this.#buffer);
  #start = 0;
  #end = 0;
  #sending = false;
  #closed = false;

  /** `onRefused`: a batch was refused for its form, and is not sent again. */
  constructor(
    transport: Transport,
    subject: string,
    resendAfterMs: number,
    onRefused: (error: ClientError) => void,
  ) {
    this.#transport = transport;
    this.#subject = subject;
    this.#resendAfterMs = resendAfterMs;
    this.#onRefused = onRefused;
  }

  /** Commands not yet known to be in the log. */
  get length(): number {
    return this.#end - this.#start;
  }

  push(command: Command): void {
    this.#reserve();
    writeCommand(this.#view, this.#end * RECORD_BYTES, command, 0);
    this.#end += 1;
    if (this.#sending) return;
    this.#sending = true;
    // The rest of this turn's commands join the first in one batch.
    queueMicrotask(() => void this.#run());
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    while (this.length > 0 && !this.#closed) {
      const count = Math.min(this.length, MAX_COMMANDS_PER_MESSAGE);
      const from = this.#start * RECORD_BYTES;
      const records = this.#buffer.subarray(from, from + count * RECORD_BYTES);
      const flags = BatchFlag.REPLY_WHEN_RECEIVED;
      await this.#deliver(encodeBatch({ kind: BatchKind.COMMANDS, flags }, records));
      this.#start += count;
      this.counters.batches += 1;
    }
    this.#sending = false;
  }

  /** Returns once the batch is in the log, or is refused for good. */
  async #deliver(batch: Uint8Array): Promise<void> {
    while (!this.#closed) {
      const answer = await this.#request(batch);
      if (answer instanceof ClientError) {
        if (!this.#closed) this.#onRefused(answer);
        return;
      }
      if (answer === undefined) {
        this.counters.resent += 1;
        continue;
      }
      const reply = decodeReply(answer);
      const code = reply.ok ? reply.value.code : reply.code;
      if (code === ResultCode.OK) return;
      if (code !== ResultCode.BUSY && code !== ResultCode.UNAVAILABLE) {
        const name = reply.ok ? reply.value.name : reply.name;
        this.#onRefused(new ClientError('REFUSED', `${this.#subject}: ${name}`));
        return;
      }
      this.counters.busy += 1;
      await pause(BUSY_PAUSE_MS);
    }
  }

  /** Undefined: not known, to be sent again. An error: sending it again is of no use. */
  async #request(batch: Uint8Array): Promise<Uint8Array | ClientError | undefined> {
    try {
      return await this.#transport.request(this.#subject, batch, this.#resendAfterMs);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      switch (error.code) {
        case 'TIMEOUT':
          return undefined;
        case 'NO_RESPONDERS':
        case 'CONNECT_FAILED':
          await pause(BUSY_PAUSE_MS);
          return undefined;
        case 'NOT_PERMITTED':
        case 'BAD_SUBJECT':
        case 'TOO_LARGE':
          return new ClientError('REFUSED', error.message);
        case 'CLOSED':
          return new ClientError('CLOSED', error.message);
        default:
          error.code satisfies never;
          return undefined;
      }
    }
  }

  #reserve(): void {
    if ((this.#end + 1) * RECORD_BYTES <= this.#buffer.byteLength) return;
    const live = this.#buffer.subarray(this.#start * RECORD_BYTES, this.#end * RECORD_BYTES);
    const isHalfEmpty = live.byteLength * 2 <= this.#buffer.byteLength;
    const size = isHalfEmpty ? this.#buffer.byteLength : this.#buffer.byteLength * 2;
    const next = new Uint8Array(size);
    next.set(live);
    this.#buffer = next;
    this.#view = viewOf(next);
    this.#end -= this.#start;
    this.#start = 0;
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
