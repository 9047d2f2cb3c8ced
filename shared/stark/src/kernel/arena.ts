/** Kernel memory as a stack. */
import { StarkError } from './stark-error.ts';

const PAGE_BYTES = 65_536;
/** A cache line: no column shares one with another. */
const ALIGNMENT = 64;

/** Kernel memory, taken in a stack: whatever was taken since a mark is given back at once. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  #next: number;

  /** @param start first address that is free */
  constructor(memory: WebAssembly.Memory, start: number) {
    this.memory = memory;
    this.#next = start;
  }

  /**
   * Address of so many bytes, not zeroed. Views of the memory are stale after it.
   * @throws StarkError OUT_OF_MEMORY
   */
  take(bytes: number): number {
    const address = Math.ceil(this.#next / ALIGNMENT) * ALIGNMENT;
    const end = address + bytes;
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) this.#grow(missing);
    this.#next = end;
    return address;
  }

  /** For `release`. */
  get mark(): number {
    return this.#next;
  }

  /** Gives back what was taken since a mark. */
  release(mark: number): void {
    if (mark > this.#next) throw new Error(`assertion failed: ${mark} is above ${this.#next}`);
    this.#next = mark;
  }

  /** The words from an address on, until memory grows. */
  words(address: number, count: number): Uint32Array<ArrayBufferLike> {
    return new Uint32Array(this.memory.buffer, address, count);
  }

  #grow(bytes: number): void {
    try {
      this.memory.grow(Math.ceil(bytes / PAGE_BYTES));
    } catch (cause) {
      const message = `the prover needs ${bytes} bytes more than it can have; prove smaller parts`;
      throw new StarkError('OUT_OF_MEMORY', message, { cause });
    }
  }
}
