/**
 * The floor of `bench e2e`: takes the clients' messages, stores them in groups, and answers and
 * reports as many bytes in as many messages as the market did. It reads and checks nothing, knows
 * no accounts' orders, and publishes to JetStream without expectations or message ids.
 */
import assert from 'node:assert/strict';
import {
  BatchKind,
  CommandOffset,
  diffSubject,
  EventKind,
  EventOffset,
  encodeBatch,
  logSubject,
  RECORD_BYTES,
  reportSubject,
  viewOf,
} from '@foldbook/protocol';
import type { NatsTransport } from '@foldbook/runtime';
import type { FloorOptions } from './e2e-messages.ts';

const PARTITION = 0;
const NO_RECORDS = new Uint8Array(0);
/** Of what a market's accounts are owed at a time. */
const MOST_REPORTS_DUE = 1_024;
const S = 's'.charCodeAt(0);

interface Taken {
  readonly reply: string;
  readonly account: string;
  readonly payload: Uint8Array;
}

/** What is to be said of one account's commands. */
interface Unreported {
  readonly account: string;
  lastRequestId: number;
}

export class E2eFloor {
  readonly #connection: NatsTransport['connection'];
  readonly #options: FloorOptions;
  readonly #inbox: string;
  readonly #logSubject: string;
  readonly #diffSubject: string;
  #gathered: Taken[] = [];
  #gatheredCommands = 0;
  /** Groups that are not acknowledged, by the number in their reply subject. */
  readonly #groups = new Map<string, { readonly taken: Taken[]; readonly commands: number }>();
  #lastGroup = 0;
  /** Oldest first. */
  readonly #unreported = new Map<string, Unreported>();
  /** Messages and bytes that the market would have sent by now. */
  #reportsDue = 0;
  #reportBytesDue = 0;
  #diffsDue = 0;
  #outputsInFlight = 0;
  #others = 0;
  #isTurnDue = false;

  constructor(transport: NatsTransport, options: FloorOptions) {
    this.#connection = transport.connection;
    this.#options = options;
    this.#inbox = transport.newInbox();
    this.#logSubject = logSubject(PARTITION, options.market);
    this.#diffSubject = diffSubject(PARTITION, options.market);
  }

  open(): void {
    this.#connection.subscribe('cmd.*.*', {
      callback: (error, { subject, reply = '', data }) => {
        if (error !== null) throw error;
        const account = subject.slice(subject.lastIndexOf('.') + 1);
        this.#gathered.push({ reply, account, payload: data });
        this.#gatheredCommands += data.byteLength / RECORD_BYTES - 1;
        this.#soon();
      },
    });
    this.#connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, { subject, data }) => {
        if (error !== null) throw error;
        // {"stream": or {"error": it would be no floor that was refused.
        assert(data[2] === S, `JetStream refused: ${new TextDecoder().decode(data)}`);
        const token = subject.slice(this.#inbox.length + 1);
        if (token === 'out') this.#outputsInFlight -= 1;
        else this.#stored(token);
        this.#soon();
      },
    });
  }

  /** One turn for all that came together. */
  #soon(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#append();
      this.#report();
    });
  }

  /** Not before a group is as large as the market's were, unless nothing else is under way. */
  #append(): void {
    const { commandsPerGroup, groupsInFlight } = this.#options;
    while (this.#gathered.length > 0 && this.#groups.size < groupsInFlight) {
      // As in the market, who can't report stops taking.
      if (this.#reportsDue > MOST_REPORTS_DUE) return;
      if (this.#gatheredCommands < commandsPerGroup && this.#groups.size > 0) return;
      let commands = 0;
      let count = 0;
      for (const { payload } of this.#gathered) {
        if (count > 0 && commands >= commandsPerGroup) break;
        commands += payload.byteLength / RECORD_BYTES - 1;
        count += 1;
      }
      const taken = this.#gathered.splice(0, count);
      this.#gatheredCommands -= commands;
      const group = new Uint8Array((commands + 1) * RECORD_BYTES);
      let at = RECORD_BYTES;
      for (const { payload } of taken) {
        group.set(payload.subarray(RECORD_BYTES), at);
        at += payload.byteLength - RECORD_BYTES;
      }
      this.#lastGroup += 1;
      this.#groups.set(`${this.#lastGroup}`, { taken, commands });
      const reply = `${this.#inbox}.${this.#lastGroup}`;
      this.#connection.publish(this.#logSubject, group, { reply });
    }
  }

  #stored(token: string): void {
    const group = this.#groups.get(token);
    assert(group !== undefined, 'only what was appended is acknowledged');
    this.#groups.delete(token);
    for (const { reply, account, payload } of group.taken) {
      const answer = encodeBatch({ kind: BatchKind.REPLY, flags: 0 }, NO_RECORDS);
      this.#connection.publish(reply, answer);
      const last = payload.byteLength - RECORD_BYTES + CommandOffset.REQUEST_ID;
      const lastRequestId = viewOf(payload).getUint32(last, true);
      const known = this.#unreported.get(account);
      if (known === undefined) this.#unreported.set(account, { account, lastRequestId });
      else known.lastRequestId = lastRequestId;
    }
    const { commands } = group;
    this.#reportsDue += commands * this.#options.reportMessagesPerCommand;
    this.#reportBytesDue += commands * this.#options.reportBytesPerCommand;
    this.#diffsDue += commands * this.#options.diffMessagesPerCommand;
  }

  #report(): void {
    const { outputsInFlight, diffMessagesPerCommand, diffBytesPerCommand } = this.#options;
    while (this.#outputsInFlight < outputsInFlight && this.#diffsDue >= 1) {
      this.#diffsDue -= 1;
      this.#send(this.#diffSubject, new Uint8Array(diffBytesPerCommand / diffMessagesPerCommand));
    }
    for (const [account, { lastRequestId }] of this.#unreported) {
      // At the end, when nothing makes more of them due, the last ones go out nevertheless.
      const isLast = this.#groups.size === 0 && this.#gathered.length === 0;
      if (this.#outputsInFlight >= outputsInFlight || (this.#reportsDue < 1 && !isLast)) return;
      this.#unreported.delete(account);
      this.#sendReport(account, lastRequestId);
    }
    // The market reports to those whose orders were met, too.
    while (this.#outputsInFlight < outputsInFlight && this.#reportsDue >= 1) {
      this.#others = (this.#others + 1) % this.#options.accounts;
      this.#sendReport(`${this.#options.firstAccount + this.#others}`, 0);
    }
  }

  #sendReport(account: string, lastRequestId: number): void {
    const share = this.#reportBytesDue / Math.max(1, this.#reportsDue);
    const records = Math.max(1, Math.round(share / RECORD_BYTES) - 1);
    const report = new Uint8Array((records + 1) * RECORD_BYTES);
    report[RECORD_BYTES] = EventKind.ACCEPTED;
    viewOf(report).setUint32(RECORD_BYTES + EventOffset.REQUEST_ID, lastRequestId, true);
    this.#reportsDue = Math.max(0, this.#reportsDue - 1);
    this.#reportBytesDue = Math.max(0, this.#reportBytesDue - report.byteLength);
    this.#send(reportSubject(PARTITION, Number(account), this.#options.market), report);
  }

  #send(subject: string, payload: Uint8Array): void {
    this.#outputsInFlight += 1;
    this.#connection.publish(subject, payload, { reply: `${this.#inbox}.out` });
  }
}
