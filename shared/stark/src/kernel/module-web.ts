/** The compiled kernel in browsers; `./module-node.ts` stands for it in Node. */
import { StarkError } from './stark-error.ts';

/** @throws StarkError KERNEL_NOT_BUILT, or KERNEL_UNSUPPORTED */
export async function readKernelModule(): Promise<WebAssembly.Module> {
  // Written out, so that bundlers find the file.
  const file = new URL('../../build/stark.wasm', import.meta.url);
  const bytes = await fetchBytes(file);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    const message = `what ${file.href} answers does not compile: it takes WebAssembly with SIMD`;
    throw new StarkError('KERNEL_UNSUPPORTED', message, { cause });
  }
}

async function fetchBytes(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  let status: string;
  try {
    const response = await fetch(file);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    status = `${response.status}`;
  } catch (cause) {
    throw new StarkError('KERNEL_NOT_BUILT', `${file.href} does not answer`, { cause });
  }
  throw new StarkError('KERNEL_NOT_BUILT', `${file.href} answers ${status}`);
}
