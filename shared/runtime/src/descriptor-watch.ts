/** Asks the system of many sockets at once whether there is something to see. Never waits. */
import { needCall } from './shared-memory-error.ts';

/** struct pollfd: i32 descriptor, i16 asked, i16 answered. */
const WORDS_EACH = 2;
const POLLIN = 0x1;
const POLLRDHUP = 0x2000;
const ASKED = POLLIN | POLLRDHUP;
const FIRST_ROOM = 16;

export class DescriptorWatch {
  readonly #poll = needCall('int poll(void* descriptors, uint64_t count, int timeoutMs)');
  #words = new Int32Array(new ArrayBuffer(FIRST_ROOM * WORDS_EACH * 4));
  #count = 0;

  /** Begins a new look; returns nothing of the one before. */
  clear(): void {
    this.#count = 0;
  }

  /** @returns its place in this look */
  add(descriptor: number): number {
    const at = this.#count * WORDS_EACH;
    if (at === this.#words.length) {
      const more = new Int32Array(new ArrayBuffer(this.#words.byteLength * 2));
      more.set(this.#words);
      this.#words = more;
    }
    this.#words[at] = descriptor;
    this.#words[at + 1] = ASKED;
    this.#count += 1;
    return this.#count - 1;
  }

  /** False if there is nothing to see of any; what the system can't tell is not there. */
  look(): boolean {
    return this.#count > 0 && Number(this.#poll(this.#words, this.#count, 0)) > 0;
  }

  /** After a look that saw something: a message, somebody who knocks, or that the end is closed. */
  isStirred(place: number): boolean {
    return (this.#words[place * WORDS_EACH + 1] ?? 0) >>> 16 !== 0;
  }
}

/** Of one. */
export function isStirred(descriptor: number): boolean {
  const watch = new DescriptorWatch();
  watch.add(descriptor);
  return watch.look();
}
