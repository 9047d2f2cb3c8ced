/**
 * A stream as its broker has it: records in memory and on a disk, stored one after the other. What
 * a broker's process writes survives its death; what its disk has not synced is lost with power.
 */
import assert from 'node:assert/strict';
import type { Dice } from '@foldbook/engine';
import type { StreamRecord } from '@foldbook/runtime';
import type { Coverage } from './coverage.ts';
import type { Plant } from './plants.ts';
import type { Scheduler, SimEvent } from './scheduler.ts';

/** What an append expects to follow, and what is to stand there. */
export interface Append {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Its writer's name and its number there. */
  readonly id: string;
  /** Undefined: whatever there is. */
  readonly expectedLast: number | undefined;
  /** Of the append before it, where that is still on its way, too. */
  readonly previousId: string | undefined;
  /** Sequence that the subject's last record must have. */
  readonly after?: number | undefined;
}

export interface StoredRecord extends StreamRecord {
  readonly id: string;
}

/** The sequence, or why it was not stored. */
export type AppendAnswer = { readonly sequence: number } | { readonly refusal: string };

export interface DiskOptions {
  /** An append is synced before it is acknowledged; else all that there is now and then. */
  readonly sync: 'always' | 'interval';
  readonly syncEveryNs: number;
  /** Of one append, at most. */
  readonly storeNs: number;
}

/** Who follows what is stored. */
export interface StreamWatcher {
  stored(stream: string, record: StoredRecord): void;
  /** Only records up to `last` are left of those up to `before`. */
  lost(stream: string, last: number, before: number): void;
}

interface Storing {
  readonly append: Append;
  readonly event: SimEvent;
}

export interface SimStreamParts {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly disk: DiskOptions;
  readonly watcher: StreamWatcher;
  readonly coverage: Coverage;
  readonly plant: Plant | undefined;
}

export class SimStream {
  readonly name: string;
  readonly #parts: SimStreamParts;
  #records: StoredRecord[] = [];
  /** Records in front that a loss of power leaves. */
  #synced = 0;
  #storing: Storing[] = [];
  #busyUntilNs = 0;
  /** Those who wait for a record. */
  #waiting: (() => void)[] = [];

  constructor(parts: SimStreamParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  /** Planted: it says so, and does not. */
  get #syncsEach(): boolean {
    const { disk, plant } = this.#parts;
    return disk.sync === 'always' && plant !== 'early-ack';
  }

  get lastSequence(): number {
    return this.#records.length;
  }

  get records(): readonly StoredRecord[] {
    return this.#records;
  }

  append(append: Append, answer: (answer: AppendAnswer) => void): void {
    const { scheduler, dice, disk } = this.#parts;
    const { nowNs } = scheduler;
    const tookNs = 1_000 + dice.below(disk.storeNs);
    this.#busyUntilNs = Math.max(this.#busyUntilNs, nowNs) + tookNs;
    const label = `store ${this.name} ${append.id}`;
    const event = scheduler.in(this.#busyUntilNs - nowNs, label, () => {
      this.#storing.shift();
      answer(this.#store(append));
    });
    this.#storing.push({ append, event });
  }

  #store(append: Append): AppendAnswer {
    const { coverage, plant, watcher } = this.#parts;
    const { expectedLast, previousId, subject, payload, id } = append;
    const last = this.#records.length;
    const sequence = last + 1;
    const expected = expectedLast ?? last;
    const isBehindItsOwn = previousId === undefined || this.#records.at(-1)?.id === previousId;
    const { after } = append;
    const isOutrun = after !== undefined && after !== this.#lastOf(subject);
    const isFenced = last !== expected || !isBehindItsOwn || isOutrun;
    // Planted: whoever appends is let in, and told what it expects.
    if (isFenced && plant !== 'stale-writer') {
      coverage.add('appends refused');
      return { refusal: `expected ${expected}, the last is ${last}` };
    }
    const record = { sequence, subject, payload: payload.slice(), id };
    this.#records.push(record);
    if (this.#syncsEach) this.#synced = this.#records.length;
    watcher.stored(this.name, record);
    for (const wake of this.#waiting.splice(0)) wake();
    return { sequence: isFenced ? expected + 1 : sequence };
  }

  /** 0 where no record has the subject. */
  #lastOf(subject: string): number {
    return this.#records.findLast((record) => record.subject === subject)?.sequence ?? 0;
  }

  /** Calls once there is a record behind this one, or if this one is not there; now, perhaps. */
  whenBeyond(sequence: number, run: () => void): void {
    if (this.lastSequence === sequence) this.#waiting.push(run);
    else run();
  }

  /** What the disk was given is on it. */
  sync(): void {
    this.#synced = this.#records.length;
  }

  /** The broker's process ends: what it had not stored is gone, and nobody is answered. */
  crash(): void {
    for (const { event } of this.#storing.splice(0)) event.isCancelled = true;
    // Nobody is answered any more over lines that are broken.
    this.#waiting = [];
    this.#busyUntilNs = 0;
  }

  /**
   * The machine loses power. Of what was written and not synced some is on the disk all the same,
   * up to a record that is torn and cut off at the next start.
   */
  losePower(): void {
    const { dice, coverage, watcher } = this.#parts;
    const [writing] = this.#storing;
    this.crash();
    const told = this.#records.length;
    if (this.#syncsEach) {
      if (writing === undefined) return;
      // The write that it was at: whole, or torn and cut off at the next start.
      if (dice.oneIn(3)) {
        this.#store(writing.append);
        coverage.add('writes that power let through');
      } else coverage.add('writes torn by power');
      return;
    }
    const unsynced = told - this.#synced;
    assert(unsynced >= 0);
    if (unsynced === 0) return;
    const kept = this.#synced + dice.below(unsynced + 1);
    if (kept === told) return;
    coverage.add('unsynced records lost', told - kept);
    this.#records = this.#records.slice(0, kept);
    watcher.lost(this.name, kept, told);
  }

  /** Planted: the last record is forgotten, and its sequence given out again. */
  forgetLast(): void {
    this.#records.pop();
    this.#synced = Math.min(this.#synced, this.#records.length);
  }
}
