/** One instance of the replay kernel: its memory holds input, events and books of one thread. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { HistoryExports } from './history-exports.ts';

const KERNEL_FILE = fileURLToPath(new URL('../../build/history.wasm', import.meta.url));
/** One less than addresses reach: nothing ends at 2^32. */
const MAX_PAGES = 65_535;
/** Static data of the kernel. */
const FIRST_PAGES = 16;
const PAGE_BYTES = 65_536;

export class HistoryKernelError extends Error {
  override readonly name = 'HistoryKernelError';
  readonly code: 'KERNEL_NOT_BUILT' | 'KERNEL_OUT_OF_MEMORY';

  constructor(code: HistoryKernelError['code'], message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

/** One module serves many instances and may be sent to threads. */
export async function loadHistoryModule(path = KERNEL_FILE): Promise<WebAssembly.Module> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const message = `cannot read ${path}; compile the kernel with: npm run setup`;
    throw new HistoryKernelError('KERNEL_NOT_BUILT', message, { cause });
  });
  return WebAssembly.compile(bytes);
}

export class HistoryKernel {
  readonly exports: HistoryExports;
  readonly memory: WebAssembly.Memory;

  /** @param memory - of a kernel that is used no more, and was cleared; default: new memory */
  constructor(module: WebAssembly.Module, memory = newMemory()) {
    const outOfMemory = (): never => {
      const mib = Math.round(memory.buffer.byteLength / 2 ** 20);
      const words = `no more memory for books and events: there are ${mib} MiB, of at most 4,096`;
      throw new HistoryKernelError('KERNEL_OUT_OF_MEMORY', words);
    };
    const instance = new WebAssembly.Instance(module, {
      env: { memory },
      host: { outOfMemory },
    });
    this.memory = memory;
    this.exports = instance.exports as unknown as HistoryExports;
  }

  /** What was taken of the memory so far. */
  get usedBytes(): number {
    return this.exports.usedPages() * PAGE_BYTES;
  }

  /** Zeroed memory, never given back; a view of it, which stays valid. */
  reserve(bytes: number): { readonly address: number; readonly bytes: Uint8Array } {
    const address = this.exports.reserve(bytes) >>> 0;
    return { address, bytes: new Uint8Array(this.memory.buffer, address, bytes) };
  }
}

function newMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: MAX_PAGES, shared: true });
}
