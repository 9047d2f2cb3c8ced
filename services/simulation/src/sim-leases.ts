/** The bucket of leases at the broker, and the lease port over a line to it. */
import { type LeaseEntry, LeaseError, type LeaseStore } from '@foldbook/runtime';
import type { Coverage } from './coverage.ts';
import type { Scheduler } from './scheduler.ts';
import { SimDisk, type SimDiskParts } from './sim-disk.ts';
import type { Question, StoreApi } from './store-api.ts';

const NOTHING: LeaseEntry = { revision: 0, value: undefined };

export interface SimLeasesParts extends SimDiskParts {
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
}

export class SimLeases {
  readonly #parts: SimLeasesParts;
  readonly #disk: SimDisk;
  readonly #entries = new Map<string, LeaseEntry>();
  #revision = 0;
  /** Counts the broker's starts: what was being written at its end is not. */
  #life = 0;
  #awayUntilNs = 0;

  constructor(parts: SimLeasesParts) {
    this.#parts = parts;
    this.#disk = new SimDisk(parts);
  }

  /** Nobody is answered for a while, as when the bucket has no leader; what is asked is lost. */
  goAway(forNs: number): void {
    const { scheduler, coverage } = this.#parts;
    coverage.add('leases out of reach');
    this.#awayUntilNs = Math.max(this.#awayUntilNs, scheduler.nowNs + forNs);
  }

  read(key: string, answer: (entry: LeaseEntry) => void): void {
    if (this.#isThere()) answer(this.#entries.get(key) ?? NOTHING);
  }

  /** Answers as `LeaseStore.replace`, when the disk has it. */
  replace(
    key: string,
    value: string,
    revision: number,
    answer: (revision: number | undefined) => void,
  ): void {
    if (!this.#isThere()) return;
    const { scheduler, dice, disk } = this.#parts;
    const life = this.#life;
    scheduler.in(1_000 + dice.below(disk.storeNs), `store ${key}`, () => {
      if (life !== this.#life) return;
      const stored = this.#store(key, value, revision);
      if (this.#isThere()) answer(stored);
    });
  }

  crash(losesPower: boolean): void {
    this.#life += 1;
    if (losesPower) this.#disk.losePower();
  }

  sync(): void {
    this.#disk.sync();
  }

  #isThere(): boolean {
    return this.#parts.scheduler.nowNs >= this.#awayUntilNs;
  }

  #store(key: string, value: string, revision: number): number | undefined {
    const before = this.#entries.get(key) ?? NOTHING;
    if (before.revision !== revision) {
      this.#parts.coverage.add('leases that another one was faster to take');
      return undefined;
    }
    const last = this.#revision;
    this.#disk.wrote(() => {
      this.#entries.set(key, before);
      this.#revision = last;
    });
    this.#revision += 1;
    this.#entries.set(key, { revision: this.#revision, value });
    return this.#revision;
  }
}

const subjectOf = (key: string) => `$KV.FOLDBOOK.${key}`;

export class SimLeaseStore implements LeaseStore {
  readonly description = 'simulated leases';
  readonly #api: StoreApi;
  readonly #withinMs: number;

  /** @param withinMs - without an answer for so long the store counts as away */
  constructor(api: StoreApi, withinMs: number) {
    this.#api = api;
    this.#withinMs = withinMs;
  }

  read(key: string): Promise<LeaseEntry> {
    return this.#ask(`read ${key}`, ({ leases }, answer) => leases.read(key, answer));
  }

  replace(key: string, value: string, revision: number): Promise<number | undefined> {
    return this.#ask(`replace ${key} ${revision}`, (broker, answer) => {
      // Whoever listens hears of it before it is stored, and whether it is or not.
      broker.route(subjectOf(key), new Uint8Array(0));
      broker.leases.replace(key, value, revision, answer);
    });
  }

  onChange(key: string, listener: () => void): () => void {
    const subscription = this.#api.line.subscribe(subjectOf(key), () => listener());
    return () => subscription.unsubscribe();
  }

  async #ask<Answer>(what: string, ask: Question<Answer>): Promise<Answer> {
    const answer = await this.#api.askOnce(what, this.#withinMs, ask);
    if (answer !== undefined) return answer.value;
    throw new LeaseError('UNAVAILABLE', `${this.description}: no answer: ${what}`);
  }
}
