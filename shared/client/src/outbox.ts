/**
 * The sending half of a client: numbers commands, sends them in batches with one batch on its way
 * at a time, and sends a batch again until the market says that the log has it, or its reports do.
 * A copy that comes second never runs: its request ids are spent, the engine answers SUPERSEDED.
 */
import assert from 'node:assert/strict';
import {
  BatchFlag,
  BatchKind,
  type Command,
  CommandOffset,
  decodeReply,
  encodeBatch,
  MAX_COMMANDS_PER_MESSAGE,
  RECORD_BYTES,
  ResultCode,
  readCount,
  viewOf,
  writeCommand,
} from '@foldbook/protocol';
import {
  pause,
  type Question,
  systemTimers,
  type Timers,
  type Transport,
  TransportError,
} from '@foldbook/runtime';
import { ClientError } from './client-error.ts';
import type { ReceiptKeeper } from './receipt-keeper.ts';
import { UnknownMarket } from './unknown-market.ts';

const BUSY_PAUSE_MS = 20;
const FIRST_CAPACITY = 64;

export interface OutboxCounters {
  /** Batches refused BUSY or UNAVAILABLE and sent again. */
  busy: number;
  /** Batches sent again because no acknowledgement came in time. */
  resent: number;
  batches: number;
}

export interface OutboxParts {
  readonly transport: Transport;
  readonly subject: string;
  readonly resendAfterMs: number;
  /**
   * A batch was refused for good. The outbox is closed: what waits behind that batch was meant to
   * come after it, and is not sent.
   */
  readonly onEnd: (error: ClientError) => void;
  /** The log has every command up to this request id. */
  readonly onLogged?: ((requestId: number) => void) | undefined;
  /** Each batch asks for a receipt then, and is done when that is kept. */
  readonly receipts?: Pick<ReceiptKeeper, 'take'> | undefined;
  readonly timers?: Timers | undefined;
}

/** What became of a command, as far as the sending half can know. */
export type Fate =
  /**
   * In the log, or perhaps: a copy left and reached a market. One that turned it away says nothing
   * about others: while an owner does not know yet that another one followed it, both hear it.
   */
  | 'SENT'
  /** No copy left, or each met nobody. */
  | 'UNSENT'
  /** The market refused, for what it is, the only copy that may have reached one. */
  | 'REFUSED';

/** The batch on its way. */
interface Flight {
  readonly batch: Uint8Array;
  /** Request id of its last command. */
  readonly last: number;
  /** Nothing waited behind it: only a refusal is answered. */
  readonly isAlone: boolean;
  /** Copies of which nobody said that they came to nothing. */
  unclear: number;
  isRefused: boolean;
  /** Ends the wait for an answer: a report came first. */
  endWait: (() => void) | undefined;
  /** Ends the wait for an answer that the line broke under. */
  sendAgain: (() => void) | undefined;
}

/** What became of one copy of a batch. */
type Outcome =
  | 'RECEIVED'
  /** Turned away for now, by the market's load or its log's. */
  | 'BUSY'
  /** Not known yet: the market, which was there before, or whose key signed a receipt. */
  | 'UNKNOWN'
  /** Nobody serves the market. */
  | 'NOBODY'
  | 'SILENCE'
  /** Another copy is of no use. */
  | { readonly error: ClientError; readonly mayHaveArrived: boolean };

export class Outbox {
  readonly counters: OutboxCounters = { busy: 0, resent: 0, batches: 0 };
  readonly #parts: OutboxParts;
  readonly #transport: Transport;
  readonly #subject: string;
  readonly #timers: Timers;
  readonly #unknownMarket: UnknownMarket;
  readonly #stopStatus: () => void;
  #buffer = new Uint8Array(FIRST_CAPACITY * RECORD_BYTES);
  #view = viewOf(this.#buffer);
  #start = 0;
  #end = 0;
  #flight: Flight | undefined;
  #sending = false;
  #closed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#transport = parts.transport;
    this.#subject = parts.subject;
    this.#timers = parts.timers ?? systemTimers;
    this.#unknownMarket = new UnknownMarket(this.#timers);
    // The answer may have been lost with the line, and nobody else waits as long as for silence.
    this.#stopStatus = this.#transport.onStatus((status) => {
      if (status === 'connected') this.sendAgain();
    });
  }

  /** What is not answered goes out again now: whoever had it may be gone. */
  sendAgain(): void {
    this.#flight?.sendAgain?.();
  }

  /** The market has answered somebody: who says that there is none is asked again for a while. */
  marketIsKnown(): void {
    this.#unknownMarket.met();
  }

  /** Commands not yet known to be in the log. */
  get length(): number {
    return this.#end - this.#start;
  }

  /**
   * Request ids rise from one command to the next, below 2^53. Throws, and keeps nothing of it,
   * when a field does not fit into the record.
   */
  push(command: Command): void {
    assert(!this.#closed, 'a closed outbox takes no commands');
    this.#reserve();
    writeCommand(this.#view, this.#end * RECORD_BYTES, command, 0);
    this.#end += 1;
    if (this.#sending) return;
    this.#sending = true;
    // The rest of this turn's commands join the first in one batch.
    queueMicrotask(() => void this.#run());
  }

  /** Sends nothing more; a copy on its way may still arrive. */
  close(): void {
    this.#closed = true;
    this.#stopStatus();
  }

  /** Where a command that was pushed stands; for good once the outbox is closed. */
  fateOf(requestId: number): Fate {
    if (this.length === 0 || requestId < this.#requestIdAt(this.#start)) return 'SENT';
    if (this.#flight === undefined || requestId > this.#flight.last) return 'UNSENT';
    if (this.#flight.unclear > 0) return 'SENT';
    return this.#flight.isRefused ? 'REFUSED' : 'UNSENT';
  }

  async #run(): Promise<void> {
    while (this.length > 0 && !this.#closed) {
      const count = Math.min(this.length, MAX_COMMANDS_PER_MESSAGE);
      const from = this.#start * RECORD_BYTES;
      const records = this.#buffer.subarray(from, from + count * RECORD_BYTES);
      // Its report tells as much as an acknowledgement, later; others behind it wait less long for
      // the latter.
      const isLast = count === this.length && this.#transport.ask !== undefined;
      const isAlone = isLast && this.#parts.receipts === undefined;
      const receipt = this.#parts.receipts === undefined ? 0 : BatchFlag.RECEIPT;
      const answered = BatchFlag.REPLY_WHEN_RECEIVED | receipt;
      const flags = isAlone ? BatchFlag.REPLY_WHEN_REFUSED : answered;
      const batch = encodeBatch({ kind: BatchKind.COMMANDS, flags }, records);
      const last = this.#requestIdAt(this.#start + count - 1);
      const flight: Flight = {
        batch,
        last,
        isAlone,
        unclear: 0,
        isRefused: false,
        endWait: undefined,
        sendAgain: undefined,
      };
      this.#flight = flight;
      if (!(await this.#deliver(flight))) return;
      this.#flight = undefined;
      this.#unknownMarket.met();
      this.#start += count;
      if (this.#start === this.#end) {
        this.#start = 0;
        this.#end = 0;
      }
      this.counters.batches += 1;
      this.#parts.onLogged?.(last);
    }
    this.#sending = false;
  }

  /** True once the batch is in the log; false when the outbox was closed before. */
  async #deliver(flight: Flight): Promise<boolean> {
    while (!this.#closed) {
      flight.unclear += 1;
      const outcome = await this.#send(flight);
      if (outcome === 'RECEIVED') return true;
      if (outcome === 'SILENCE') {
        this.counters.resent += 1;
        continue;
      }
      if (typeof outcome === 'object') {
        this.#refused(flight, outcome.error, outcome.mayHaveArrived);
        return false;
      }
      if (outcome === 'NOBODY') flight.unclear -= 1;
      this.counters[outcome === 'BUSY' ? 'busy' : 'resent'] += 1;
      await pause(this.#timers, BUSY_PAUSE_MS);
    }
    return false;
  }

  #refused(flight: Flight, error: ClientError, mayHaveArrived: boolean): void {
    if (!mayHaveArrived) flight.unclear -= 1;
    flight.isRefused = true;
    if (this.#closed) return;
    this.close();
    this.#parts.onEnd(error);
  }

  /** The market reported of this request: the log has the batch that it came in, whole. */
  reported(requestId: number): void {
    const flight = this.#flight;
    if (flight?.endWait === undefined) return;
    if (requestId <= flight.last && requestId >= this.#requestIdAt(this.#start)) flight.endWait();
  }

  async #send(flight: Flight): Promise<Outcome> {
    const told = Promise.withResolvers<'REPORTED' | 'SILENCE'>();
    // A report is no receipt.
    if (this.#parts.receipts === undefined) flight.endWait = () => told.resolve('REPORTED');
    // What is asked without a line leaves with the next one.
    const isConnected = this.#transport.status() === 'connected';
    if (isConnected) flight.sendAgain = () => told.resolve('SILENCE');
    const { answer, end } = this.#ask(flight);
    try {
      const word = await Promise.race([answer, told.promise]);
      if (word === 'SILENCE') return word;
      if (word === 'REPORTED' || word === undefined) return 'RECEIVED';
      return await this.#read(flight, word);
    } catch (error) {
      return this.#failed(error);
    } finally {
      flight.endWait = undefined;
      flight.sendAgain = undefined;
      end();
    }
  }

  #ask({ batch, isAlone }: Flight): Question {
    const { resendAfterMs } = this.#parts;
    if (isAlone && this.#transport.ask !== undefined) {
      return this.#transport.ask(this.#subject, batch, resendAfterMs);
    }
    const answer = this.#transport.request(this.#subject, batch, resendAfterMs);
    return { answer, end: () => undefined };
  }

  async #read({ batch }: Flight, answer: Uint8Array): Promise<Outcome> {
    const reply = decodeReply(answer);
    if (!reply.ok) {
      const words = `${this.#subject}: the answer can't be read: ${reply.name} ${reply.detail}`;
      return { error: new ClientError('BAD_ANSWER', words), mayHaveArrived: true };
    }
    const { code, name, detail } = reply.value;
    if (code === ResultCode.OK) {
      try {
        await this.#parts.receipts?.take(batch.subarray(RECORD_BYTES), reply.value);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        // A copy of the batch is receipted anew.
        if (error.code === 'UNREACHABLE') return 'UNKNOWN';
        return { error, mayHaveArrived: true };
      }
      return 'RECEIVED';
    }
    // Both are said before the log.
    if (code === ResultCode.BUSY || code === ResultCode.UNAVAILABLE) return 'BUSY';
    if (code === ResultCode.UNKNOWN_MARKET && this.#unknownMarket.isPassing()) return 'UNKNOWN';
    const words = `${this.#subject}: ${name} ${detail}`.trimEnd();
    const error = new ClientError('REFUSED', words, { refusal: name });
    return { error, mayHaveArrived: false };
  }

  #failed(error: unknown): Outcome {
    const words = error instanceof Error ? error.message : String(error);
    if (!(error instanceof TransportError)) {
      return { error: new ClientError('UNREACHABLE', words), mayHaveArrived: true };
    }
    switch (error.code) {
      case 'TIMEOUT':
        return 'SILENCE';
      case 'NO_RESPONDERS':
      case 'CONNECT_FAILED':
        return 'NOBODY';
      case 'NOT_PERMITTED':
      case 'BAD_SUBJECT':
      case 'TOO_LARGE':
        return { error: new ClientError('REFUSED', words), mayHaveArrived: false };
      case 'CLOSED':
        return { error: new ClientError('CLOSED', words), mayHaveArrived: true };
      default:
        error.code satisfies never;
        return 'SILENCE';
    }
  }

  #requestIdAt(index: number): number {
    return readCount(this.#view, index * RECORD_BYTES + CommandOffset.REQUEST_ID);
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
