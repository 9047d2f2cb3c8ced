/** Compiles the kernel of the engine package in a folder (the argument), if it is out of date. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder = ''] = process.argv.slice(2);
const build = (await import(pathToFileURL(join(folder, 'build.ts')).href)) as {
  buildKernel(): Promise<unknown>;
};
await build.buildKernel();
