/** One client of `bench e2e`: its window of messages, and what it was told of them. */
import { BatchOffset, EventKind, EventOffset, RECORD_BYTES } from '@foldbook/protocol';
import type { E2eFlow } from './e2e-flow.ts';

/** Samples that grow as they come. */
export class Samples {
  #values = new Float64Array(4_096);
  #count = 0;

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(2 * this.#count);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count] = value;
    this.#count += 1;
  }

  /** All of them, which are forgotten here. */
  take(): Float64Array {
    const taken = this.#values.slice(0, this.#count);
    this.#count = 0;
    return taken;
  }
}

/** Of all clients of a process. */
export class E2eCounters {
  messages = 0;
  sentCommands = 0;
  reportedCommands = 0;
  reportMessages = 0;
  reportBytes = 0;
  rejected = 0;
  refused = 0;
  readonly receivedMs = new Samples();
  readonly reportedMs = new Samples();

  /** The samples are whoever's who took them. */
  clear(): void {
    this.messages = 0;
    this.sentCommands = 0;
    this.reportedCommands = 0;
    this.reportMessages = 0;
    this.reportBytes = 0;
    this.rejected = 0;
    this.refused = 0;
  }
}

interface Slot {
  /** Where the market answers; the client's token and the slot's are its last ones. */
  readonly reply: string;
  dueMs: number;
  commands: number;
  lastRequestId: number;
  isReceived: boolean;
  isReported: boolean;
}

export type Publish = (subject: string, payload: Uint8Array, reply: string) => void;

const KIND = EventOffset.KIND;
const RESULT_AT = BatchOffset.FLAGS;

export class E2eClient {
  readonly #subject: string;
  readonly #flow: E2eFlow;
  readonly #counters: E2eCounters;
  readonly #publish: Publish;
  readonly #slots: readonly Slot[];
  readonly #free: Slot[];
  /** On their way, oldest first: reports come in the order of the commands. */
  readonly #unreported: Slot[] = [];

  constructor(parts: {
    readonly subject: string;
    /** Of answers, without the slot's token. */
    readonly inbox: string;
    readonly window: number;
    readonly flow: E2eFlow;
    readonly counters: E2eCounters;
    readonly publish: Publish;
  }) {
    this.#subject = parts.subject;
    this.#flow = parts.flow;
    this.#counters = parts.counters;
    this.#publish = parts.publish;
    this.#slots = Array.from({ length: parts.window }, (_, slot) => ({
      reply: `${parts.inbox}.${slot}`,
      dueMs: 0,
      commands: 0,
      lastRequestId: 0,
      isReceived: true,
      isReported: true,
    }));
    this.#free = [...this.#slots];
  }

  get hasRoom(): boolean {
    return this.#free.length > 0;
  }

  get isIdle(): boolean {
    return this.#free.length === this.#slots.length;
  }

  /**
   * Sends one message, which was to be sent at `dueMs`.
   * @returns how many commands it holds
   */
  send(dueMs: number): number {
    const slot = this.#free.pop();
    if (slot === undefined) throw new RangeError('the window has no room');
    const payload = this.#flow.message();
    slot.dueMs = dueMs;
    slot.commands = payload.byteLength / RECORD_BYTES - 1;
    slot.lastRequestId = this.#flow.lastRequestId;
    slot.isReceived = false;
    slot.isReported = false;
    this.#unreported.push(slot);
    this.#counters.messages += 1;
    this.#counters.sentCommands += slot.commands;
    this.#publish(this.#subject, payload, slot.reply);
    return slot.commands;
  }

  /**
   * An answer of the market: durable, or refused.
   * @returns whether the market takes more
   */
  answered(index: number, payload: Uint8Array): boolean {
    const slot = this.#slots[index];
    if (slot === undefined || slot.isReceived) return false;
    slot.isReceived = true;
    const code = (payload[RESULT_AT] ?? 0) | ((payload[RESULT_AT + 1] ?? 0) << 8);
    if (code === 0) {
      this.#counters.receivedMs.add(performance.now() - slot.dueMs);
    } else {
      this.#counters.refused += 1;
      this.#counters.sentCommands -= slot.commands;
      this.#unreported.splice(this.#unreported.indexOf(slot), 1);
      slot.isReported = true;
    }
    this.#settle(slot);
    return code === 0;
  }

  /** Reads every record of a report. */
  reported(payload: Uint8Array): void {
    const counters = this.#counters;
    counters.reportMessages += 1;
    counters.reportBytes += payload.byteLength;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    let last = 0;
    for (let at = RECORD_BYTES; at < payload.byteLength; at += RECORD_BYTES) {
      if (view.getUint8(at + KIND) === EventKind.REJECTED) counters.rejected += 1;
      // None in what others' commands did to its orders.
      const requestId = view.getUint32(at + EventOffset.REQUEST_ID, true);
      if (requestId > last) last = requestId;
    }
    let slot = this.#unreported[0];
    while (slot !== undefined && slot.lastRequestId <= last) {
      this.#unreported.shift();
      slot.isReported = true;
      counters.reportedCommands += slot.commands;
      counters.reportedMs.add(performance.now() - slot.dueMs);
      this.#settle(slot);
      slot = this.#unreported[0];
    }
  }

  #settle(slot: Slot): void {
    if (slot.isReceived && slot.isReported) this.#free.push(slot);
  }
}
