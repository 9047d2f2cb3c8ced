/** Reads the compiled kernel in Node. */
import { readFile } from 'node:fs/promises';
import { Bn254Error, type KernelCode } from './kernel.ts';

/** Throws KERNEL_NOT_BUILT. */
export async function readKernelCode(): Promise<KernelCode> {
  const [fused, portable] = await Promise.all([read('fused'), read('portable')]);
  return { fused, portable };
}

async function read(flavour: keyof KernelCode): Promise<Uint8Array<ArrayBuffer>> {
  const file = new URL(`../build/${flavour}.wasm`, import.meta.url);
  try {
    return await readFile(file);
  } catch (cause) {
    const message = `cannot read ${file.pathname}; compile the kernel with: npm run setup`;
    throw new Bn254Error('KERNEL_NOT_BUILT', message, { cause });
  }
}
