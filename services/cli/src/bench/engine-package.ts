/** Engine packages that can be measured: this tree's own, or that of another commit. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BenchError } from './bench-error.ts';
import { lastWords, runTool } from './tool.ts';

const BUILD = fileURLToPath(new URL('./build-kernel-main.ts', import.meta.url));

/** Folder of the engine package that this command uses itself. */
export function ownEngineFolder(): string {
  return dirname(dirname(fileURLToPath(import.meta.resolve('@foldbook/engine'))));
}

/**
 * Compiles the package's kernel if it is older than its sources, so that no stale one is measured.
 * @returns the URL of the module that makes engines
 */
export async function prepareEngine(folder: string, signal: AbortSignal): Promise<string> {
  const entry = join(folder, 'src', 'index.ts');
  for (const needed of [entry, join(folder, 'build.ts')]) {
    if (existsSync(needed)) continue;
    throw new BenchError('REVISION_UNUSABLE', `no ${needed}: there is no engine to measure`);
  }
  await compileKernel(folder, 'buildKernel', signal);
  return pathToFileURL(entry).href;
}

/** Folder of the package of market data that this command uses itself. */
export function ownHistoryFolder(): string {
  return dirname(dirname(fileURLToPath(import.meta.resolve('@foldbook/history'))));
}

/** @param exported - of the folder's build.ts */
export async function compileKernel(
  folder: string,
  exported: 'buildKernel' | 'buildHistory',
  signal: AbortSignal,
): Promise<void> {
  const built = await runTool(process.execPath, [BUILD, folder, exported], signal);
  if (built.status === 0) return;
  throw new BenchError(
    'MEASUREMENT_FAILED',
    `the kernel in ${folder} does not compile:\n${built.stderr.trim() || lastWords(built)}`,
  );
}
