/** What happened, event by event: hashed, and kept as lines where somebody wants to read them. */
import { createHash } from 'node:crypto';

const LINES_A_HASH = 512;
/** Turns and timers that nobody reads; they are hashed like all others. */
const DULL: ReadonlySet<string> = new Set(['turn', 'timer', 'host']);

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #lines: string[] | undefined;
  #pending: string[] = [];

  /** @param keeps - lines can be read afterwards */
  constructor(keeps: boolean) {
    this.#lines = keeps ? [] : undefined;
  }

  event(atNs: number, owner: string, label: string): void {
    this.#take(`${atNs} ${owner} ${label}`);
    if (!DULL.has(label)) this.#lines?.push(`${milliseconds(atNs)} ${owner}: ${label}`);
  }

  note(atNs: number, words: string): void {
    this.#take(`${atNs} ${words}`);
    this.#lines?.push(`${milliseconds(atNs)} ${words}`);
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** Of all that happened; once. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #take(line: string): void {
    this.#pending.push(line);
    if (this.#pending.length >= LINES_A_HASH) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.#pending.join('\n'));
    this.#pending = [];
  }
}

const milliseconds = (atNs: number) => (atNs / 1e6).toFixed(6).padStart(13);
