import { Bn254Error } from './kernel.ts';

const PAGE_BYTES = 65_536;
const ALIGNMENT = 64;

/** Kernel memory: blocks are taken and given back; neighbours that are free become one. */
export class Heap {
  readonly #memory: WebAssembly.Memory;
  /** Free blocks in ascending order. */
  readonly #free: { address: number; length: number }[] = [];
  readonly #taken = new Map<number, number>();
  #end: number;

  constructor(memory: WebAssembly.Memory, start: number) {
    this.#memory = memory;
    this.#end = Math.ceil(start / ALIGNMENT) * ALIGNMENT;
  }

  /** Bytes taken and not given back. */
  get takenBytes(): number {
    return [...this.#taken.values()].reduce((sum, length) => sum + length, 0);
  }

  /** Address of `length` bytes, not zeroed. Throws OUT_OF_MEMORY. */
  take(length: number): number {
    const rounded = Math.max(ALIGNMENT, Math.ceil(length / ALIGNMENT) * ALIGNMENT);
    const index = this.#free.findIndex((block) => block.length >= rounded);
    const block = this.#free[index];
    if (block === undefined) return this.#extend(rounded);
    const { address } = block;
    block.address += rounded;
    block.length -= rounded;
    if (block.length === 0) this.#free.splice(index, 1);
    this.#taken.set(address, rounded);
    return address;
  }

  give(address: number): void {
    const length = this.#taken.get(address);
    if (length === undefined) throw new Error(`assertion failed: ${address} was not taken`);
    this.#taken.delete(address);
    let index = this.#free.findIndex((block) => block.address > address);
    if (index === -1) index = this.#free.length;
    this.#free.splice(index, 0, { address, length });
    this.#join(index);
    if (index > 0) this.#join(index - 1);
    const last = this.#free.at(-1);
    if (last !== undefined && last.address + last.length === this.#end) {
      this.#end = last.address;
      this.#free.pop();
    }
  }

  #join(index: number): void {
    const [block, next] = [this.#free[index], this.#free[index + 1]];
    if (block === undefined || next === undefined) return;
    if (block.address + block.length !== next.address) return;
    block.length += next.length;
    this.#free.splice(index + 1, 1);
  }

  #extend(length: number): number {
    const address = this.#end;
    const missing = address + length - this.#memory.buffer.byteLength;
    if (missing > 0) this.#grow(missing);
    this.#end = address + length;
    this.#taken.set(address, length);
    return address;
  }

  #grow(bytes: number): void {
    try {
      this.#memory.grow(Math.ceil(bytes / PAGE_BYTES));
    } catch (cause) {
      const message = `the kernel needs ${bytes} bytes more than it has; work in smaller parts`;
      throw new Bn254Error('OUT_OF_MEMORY', message, { cause });
    }
  }

  /** Address of a block that `fill` writes; it is given back if that throws. */
  filled(length: number, fill: (address: number) => void): number {
    const address = this.take(length);
    try {
      fill(address);
    } catch (error) {
      this.give(address);
      throw error;
    }
    return address;
  }

  /** What `use` returns; the blocks that it takes by its argument are given back after it. */
  scratch<T>(use: (take: (length: number) => number) => T): T {
    const blocks: number[] = [];
    try {
      return use((length) => {
        const address = this.take(length);
        blocks.push(address);
        return address;
      });
    } finally {
      for (const address of blocks) this.give(address);
    }
  }
}
