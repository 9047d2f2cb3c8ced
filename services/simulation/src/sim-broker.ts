/**
 * The broker: takes messages from the lines of processes, gives them to those that subscribed, and
 * keeps streams. Messages may be lost, come late or twice; lines break and come back.
 */
import assert from 'node:assert/strict';
import type { Dice } from '@foldbook/engine';
import {
  diffStream,
  encodeSettled,
  logStream,
  reportStream,
  settledSubject,
} from '@foldbook/protocol';
import { replySubject, type TransportMessage } from '@foldbook/runtime';
import type { Coverage } from './coverage.ts';
import type { Plant } from './plants.ts';
import type { Scheduler } from './scheduler.ts';
import { SimLeases } from './sim-leases.ts';
import type { SimProcess } from './sim-process.ts';
import { SimSnapshots } from './sim-snapshots.ts';
import { type DiskOptions, SimStream, type StreamWatcher } from './sim-stream.ts';
import { SimTransport } from './sim-transport.ts';

/** The one that there is. */
const PARTITION = 0;
const LOG = logStream(PARTITION);

export interface NetworkOptions {
  /** One way, at least and at most. */
  readonly leastNs: number;
  readonly mostNs: number;
  /** Of so many deliveries one is lost, and one comes twice; 0 for none. */
  readonly lossOneIn: number;
  readonly twiceOneIn: number;
  /** A line that is back is used after up to so long. */
  readonly reconnectNs: number;
  /** Word of what is settled comes later than what was sent behind it, one in so many; 0: never. */
  readonly lateOneIn: number;
}

export interface BrokerParts {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly network: NetworkOptions;
  readonly disk: DiskOptions;
  readonly watcher: StreamWatcher;
  readonly coverage: Coverage;
  readonly plant: Plant | undefined;
}

export class SimBroker {
  readonly parts: BrokerParts;
  readonly leases: SimLeases;
  readonly snapshots: SimSnapshots;
  readonly #lines = new Set<SimTransport>();
  readonly #streams = new Map<string, SimStream>();
  #isUp = true;
  /** Messages arrive, once. */
  isCalm = false;
  #inboxes = 0;
  #writers = 0;

  constructor(parts: BrokerParts) {
    this.parts = parts;
    this.leases = new SimLeases(parts);
    this.snapshots = new SimSnapshots(parts);
    this.#syncLater();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  connect(process: SimProcess): SimTransport {
    assert(this.#isUp, 'a process starts when its broker is there');
    const line = new SimTransport(process, this);
    this.#lines.add(line);
    return line;
  }

  forget(line: SimTransport): void {
    this.#lines.delete(line);
  }

  newInbox(process: string): string {
    this.#inboxes += 1;
    return `_INBOX.${process}.${this.#inboxes}`;
  }

  newWriterId(): string {
    this.#writers += 1;
    return `w${this.#writers}`;
  }

  /** Gives a message to all who hear its subject; returns how many those are. */
  route(subject: string, payload: Uint8Array, reply?: string): number {
    const message: TransportMessage = { subject, payload, reply: replySubject(reply) };
    let heard = 0;
    for (const line of this.#lines) heard += line.deliver(message);
    return heard;
  }

  findStream(name: string): SimStream | undefined {
    return this.#streams.get(name);
  }

  makeStream(name: string): SimStream {
    const watcher = this.parts.plant === 'early-settled' ? this.#tellingEarly() : undefined;
    const parts = { ...this.parts, name, watcher: watcher ?? this.parts.watcher };
    const stream = this.#streams.get(name) ?? new SimStream(parts);
    this.#streams.set(name, stream);
    return stream;
  }

  /** Ends, with the machine's power or without, and is back after a while. */
  restart(downNs: number, losesPower: boolean): void {
    if (!this.#isUp) return;
    const { coverage, scheduler } = this.parts;
    coverage.add(losesPower ? 'power failures' : 'broker restarts');
    this.#isUp = false;
    for (const stream of this.#streams.values()) {
      if (losesPower) stream.losePower();
      else stream.crash();
    }
    this.leases.crash(losesPower);
    if (losesPower) this.snapshots.losePower();
    for (const line of [...this.#lines]) line.breaks('the broker ended');
    scheduler.in(downNs, 'broker is back', () => {
      this.#isUp = true;
      for (const line of [...this.#lines]) line.comesBack();
    });
  }

  /** Planted: what has just been stored in the log is said to be told. */
  #tellingEarly(): StreamWatcher {
    const { watcher } = this.parts;
    const last = (name: string) => this.findStream(name)?.lastSequence ?? 0;
    return {
      lost: watcher.lost.bind(watcher),
      stored: (stream, record) => {
        watcher.stored(stream, record);
        if (stream !== LOG) return;
        const outputs = {
          reports: last(reportStream(PARTITION)),
          diffs: last(diffStream(PARTITION)),
        };
        const settled = encodeSettled({ term: 1, log: record.sequence, ...outputs });
        this.route(settledSubject(PARTITION), settled);
      },
    };
  }

  #syncLater(): void {
    const { scheduler, disk } = this.parts;
    scheduler.in(disk.syncEveryNs, 'broker syncs', () => {
      for (const stream of this.#streams.values()) stream.sync();
      this.leases.sync();
      this.snapshots.sync();
      this.#syncLater();
    });
  }
}
