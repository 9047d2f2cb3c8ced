/** An instance of the compiled kernel with its memory. Runs in Node and browsers. */
import { Arena } from './arena.ts';
import type { KernelExports } from './kernel-exports.ts';

export class Kernel {
  readonly exports: KernelExports;
  readonly arena: Arena;

  /** @param module as `readKernelModule` gives it; it may be handed to other threads */
  constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module);
    // What the module exports is what its sources say; the tests call every function.
    this.exports = instance.exports as unknown as KernelExports;
    this.arena = new Arena(this.exports.memory, this.exports.heapBase());
  }
}
