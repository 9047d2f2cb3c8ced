/** Loads the compiled kernel. One module serves many markets and may be sent to threads. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { KernelError } from './kernel-error.ts';

const KERNEL_FILE = fileURLToPath(new URL('../../build/kernel.wasm', import.meta.url));

export async function loadKernel(path = KERNEL_FILE): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readKernel(path));
}

async function readKernel(path: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return await readFile(path);
  } catch (cause) {
    const message = `cannot read ${path}; compile the kernel with: npm run setup`;
    throw new KernelError('KERNEL_NOT_BUILT', message, { cause });
  }
}
