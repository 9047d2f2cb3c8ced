/** Compiles the kernel: assembly/*.ts and what codegen/ writes -> build/stark.wasm. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildWasm, type WasmSource } from '../../infra/setup/wasm-build.ts';
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

/** The module that a text beside those of assembly/ compiles to: for tests and benchmarks. */
export async function compileBeside(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const entry = `shared/stark/assembly/${name}.ts`;
  const output = join(import.meta.dirname, 'build', `${name}.wasm`);
  const written = { ...starkSource.written, [entry]: text };
  await buildWasm({ ...starkSource, entry, output, written });
  return new Uint8Array(await readFile(output));
}
