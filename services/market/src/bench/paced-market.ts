/** A market that gets one command at each intended time, and how long each of them took. */
import { PairGroups } from './order-groups.ts';

export interface Paced {
  readonly intendedNs: number;
  /** When it was published. */
  readonly sentNs: number;
}

export class PacedMarket {
  readonly id: number;
  readonly #groups: PairGroups;
  readonly #everyNs: number;
  #nextNs = Number.POSITIVE_INFINITY;
  /** Those that are on their way, oldest first. */
  readonly #pending: Paced[] = [];

  constructor(id: number, perSec: number) {
    this.id = id;
    this.#groups = new PairGroups(id, 1);
    this.#everyNs = 1e9 / perSec;
  }

  /** The first one is to be sent then. */
  startAt(firstNs: number): void {
    this.#nextNs = firstNs;
  }

  get isIdle(): boolean {
    return this.#pending.length === 0;
  }

  /**
   * Sends what was to be sent by now; `send` tells when it published a group, or undefined where
   * there was no room for it.
   */
  sendDue(nowNs: number, send: (group: Uint8Array, records: number) => number | undefined): void {
    while (this.#nextNs <= nowNs) {
      const sentNs = send(this.#groups.peek(), this.#groups.records);
      if (sentNs === undefined) return;
      this.#groups.sent();
      this.#pending.push({ intendedNs: this.#nextNs, sentNs });
      this.#nextNs += this.#everyNs;
    }
  }

  /** The oldest one, which has come back. */
  takeOldest(): Paced {
    const oldest = this.#pending.shift();
    if (oldest === undefined) throw new Error(`market ${this.id} ended a group of nobody`);
    return oldest;
  }
}
