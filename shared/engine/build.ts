/** Compiles the kernel: assembly/*.ts -> build/kernel.wasm. */
import { join } from 'node:path';
import { buildWasm, compileWasm, type WasmSource } from '../../infra/setup/wasm-build.ts';

const sourceOf = (entry: string, output: string): WasmSource => ({
  entry: `shared/engine/assembly/${entry}`,
  folders: ['shared/engine/assembly'],
  flags: [
    ...['-O3', '--converge', '--runtime', 'stub', '--noAssert'],
    // Shared, so that another thread can read events where they are written.
    ...['--enable', 'threads', '--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
  ],
  output: join(import.meta.dirname, 'build', output),
});

/** Compiles the kernel unless it is up to date. */
export function buildKernel(): Promise<{ built: boolean }> {
  return buildWasm(sourceOf('index.ts', 'kernel.wasm'));
}

/**
 * What a module of assembly/ compiles to, as the kernel is compiled.
 * @param entry its name there
 */
export function compileEntry(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  return compileWasm(sourceOf(entry, `${entry}.wasm`));
}
