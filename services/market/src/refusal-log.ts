/**
 * What was refused, for the operator: counted, and told in one line a second at most, however many
 * there are. The last ones are kept in a ring of fixed size.
 */
import type { Clock, Logger } from '@foldbook/runtime';

export interface RefusalEntry {
  readonly timeNs: bigint;
  readonly code: string;
  readonly subject: string;
}

const RING_SIZE = 256;
const LINE_EVERY_NS = 1_000_000_000n;
/** Of the last ones, how many the line shows. */
const EXAMPLES = 3;

export class RefusalLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ring: RefusalEntry[] = [];
  #total = 0;
  #counts = new Map<string, number>();
  #lastLineNs = 0n;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Since the start. */
  get total(): number {
    return this.#total;
  }

  /** The last refusals, oldest first. */
  recent(): RefusalEntry[] {
    const next = this.#total % RING_SIZE;
    return this.#total < RING_SIZE
      ? [...this.#ring]
      : [...this.#ring.slice(next), ...this.#ring.slice(0, next)];
  }

  add(code: string, subject: string): void {
    const timeNs = this.#clock.nowNs();
    this.#ring[this.#total % RING_SIZE] = { timeNs, code, subject };
    this.#total += 1;
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    if (timeNs - this.#lastLineNs >= LINE_EVERY_NS) this.tell();
  }

  /** Tells what has not been told yet. */
  tell(): void {
    if (this.#counts.size === 0) return;
    this.#lastLineNs = this.#clock.nowNs();
    const counts = Object.fromEntries(this.#counts);
    const last = this.recent()
      .slice(-EXAMPLES)
      .map(({ code, subject }) => `${subject}: ${code}`);
    this.#logger.warn('messages were refused', { ...counts, total: this.#total, last });
    this.#counts = new Map();
  }
}
