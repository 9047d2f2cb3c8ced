/** Compiles the kernel: assembly/*.ts and what codegen/ writes -> build/stark.wasm. */
import { join } from 'node:path';
import { buildWasm, compileWasm, type WasmSource } from '../../infra/setup/wasm-build.ts';
import { airSource } from './codegen/air-source.ts';
import { blake3Source } from './codegen/blake3-source.ts';
import { TABLES } from './src/air/tables.ts';

export const starkSource: WasmSource = {
  entry: 'shared/stark/assembly/index.ts',
  folders: ['shared/stark/assembly'],
  written: {
    'shared/stark/assembly/air.ts': airSource(TABLES),
    'shared/stark/assembly/blake3-compression.ts': blake3Source(),
  },
  flags: [
    ...['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd'],
    ...['--maximumMemory', '65536'],
  ],
  output: join(import.meta.dirname, 'build', 'stark.wasm'),
};

/** Compiles the prover's kernel unless it is up to date. */
export function buildStark(): Promise<{ built: boolean }> {
  return buildWasm(starkSource);
}

/** What a module beside those of assembly/ compiles to, given as text: for tests and benchmarks. */
export function compileBeside(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const entry = `shared/stark/assembly/${name}.ts`;
  const output = join(import.meta.dirname, 'build', `${name}.wasm`);
  return compileWasm({
    ...starkSource,
    entry,
    output,
    written: { ...starkSource.written, [entry]: text },
  });
}
