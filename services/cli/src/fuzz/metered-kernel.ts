/** A kernel that says what an input costs: steps of decoders, and memory. */
import { HistoryKernel } from '@foldbook/history';
import { FuzzFault } from './fuzz-target.ts';

type Exports = HistoryKernel['exports'];

export class MeteredKernel extends HistoryKernel {
  declare readonly exports: Exports;
  #steps = 0;
  #mostSteps = 0;

  constructor(module: WebAssembly.Module, memory?: WebAssembly.Memory) {
    super(module, memory);
    const counted = Object.entries(this.exports).map(([name, call]) => {
      return [name, name.startsWith('step') ? this.#counted(call) : call] as const;
    });
    this.exports = Object.fromEntries(counted) as unknown as Exports;
  }

  /** From now on; a decoder that takes more of them gets nowhere. */
  allowSteps(most: number): void {
    this.#steps = 0;
    this.#mostSteps = most;
  }

  #counted(call: (decoder: number) => void) {
    return (decoder: number) => {
      this.#steps += 1;
      if (this.#steps > this.#mostSteps) {
        throw new FuzzFault('no progress', `more than ${this.#mostSteps} steps`);
      }
      call(decoder);
    };
  }
}

/** Kernels one after another, each as if it were the first, in the same memory. */
export class KernelMemory {
  readonly #module: WebAssembly.Module;
  #last: MeteredKernel | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** The one before must not be used any more. */
  next(): MeteredKernel {
    const { memory, usedBytes = 0 } = this.#last ?? {};
    // Nobody writes where nothing was handed out.
    if (memory !== undefined) new Uint8Array(memory.buffer, 0, usedBytes).fill(0);
    this.#last = new MeteredKernel(this.#module, memory);
    return this.#last;
  }
}
