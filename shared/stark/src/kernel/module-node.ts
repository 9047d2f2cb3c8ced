/** The compiled kernel in Node; `./module-web.ts` stands for it in browsers. */
import { readFile } from 'node:fs/promises';
import { StarkError } from './stark-error.ts';

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
