/** Compiles assembly/*.ts, with what it shares with the engine, to build/history.wasm. */
import { join } from 'node:path';
import { buildWasm, type WasmSource } from '../../infra/setup/wasm-build.ts';

export const historySource: WasmSource = {
  entry: 'shared/history/assembly/index.ts',
  folders: ['shared/history/assembly', 'shared/engine/assembly'],
  flags: [
    ...['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd'],
    // The book modules that it shares with the engine have orders and prices of another size here.
    ...['--use', 'REPLAY=1'],
    // Shared, so that strategies in other threads read what this one writes.
    ...['--enable', 'threads', '--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
  ],
  output: join(import.meta.dirname, 'build', 'history.wasm'),
};

/** Compiles the replay kernel unless it is up to date. */
export function buildHistory(): Promise<{ built: boolean }> {
  return buildWasm(historySource);
}
