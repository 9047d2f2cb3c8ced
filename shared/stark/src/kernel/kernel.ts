/** An instance of the compiled kernel with its memory. */
import { readFile } from 'node:fs/promises';
import { Arena } from './arena.ts';
import type { KernelExports } from './kernel-exports.ts';
import { StarkError } from './stark-error.ts';

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

/** @throws StarkError KERNEL_NOT_BUILT */
export async function readKernelModule(): Promise<WebAssembly.Module> {
  const file = new URL('../../build/stark.wasm', import.meta.url);
  try {
    return await WebAssembly.compile(await readFile(file));
  } catch (cause) {
    const message = `cannot read ${file.pathname}; compile the kernel with: npm run setup`;
    throw new StarkError('KERNEL_NOT_BUILT', message, { cause });
  }
}
