import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from './lock.mjs';
import { projectRoot } from './project-node.mjs';
import { type Report, SetupError } from './steps.ts';

/**
 * Calls one exported function of a package's build script. It is imported only now, because the
 * script's own imports exist only once the dependencies are installed. Runs at the same time wait
 * for each other, so that none sees a half-written result.
 */
async function callBuild(file: string, exported: string, report: Report): Promise<unknown> {
  const path = join(projectRoot, file);
  if (!existsSync(path)) throw new SetupError(`${file} is missing; is this checkout complete?`);
  const onWait = (pid: number): void => report(`waiting for process ${pid}, which builds the same`);
  const lock = join(projectRoot, '.cache', `${exported}.lock`);
  const build = async (): Promise<unknown> => {
    const script: unknown = await import(pathToFileURL(path).href);
    const callee: unknown =
      typeof script === 'object' && script !== null ? Reflect.get(script, exported) : undefined;
    if (typeof callee !== 'function') throw new SetupError(`${file} exports no ${exported}()`);
    return callee(report);
  };
  return withLock(lock, build, { onWait });
}

/** A step that compiles a kernel to WebAssembly unless it is up to date. */
const kernelStep = (file: string, exported: string) => async (report: Report) => {
  const result = await callBuild(file, exported, report);
  const isBuilt = typeof result === 'object' && result !== null && Reflect.get(result, 'built');
  return isBuilt === true ? '' : 'up to date';
};

export const buildKernel = kernelStep('shared/engine/build.ts', 'buildKernel');
export const buildBn254 = kernelStep('shared/bn254/build.ts', 'buildBn254');
export const buildHistory = kernelStep('shared/history/build.ts', 'buildHistory');
export const buildStark = kernelStep('shared/stark/build.ts', 'buildStark');

/** Compiles the circuits and makes the development keys unless they are up to date. */
export async function buildCircuits(report: Report): Promise<string> {
  await callBuild('circuits/build.ts', 'buildCircuits', report);
  return '';
}
