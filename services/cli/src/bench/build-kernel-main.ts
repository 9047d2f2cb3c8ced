/** Compiles the kernel of a package, if it is out of date: its folder, and its build's function. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder = '', exported = ''] = process.argv.slice(2);
const build: unknown = await import(pathToFileURL(join(folder, 'build.ts')).href);
const callee: unknown = Reflect.get(Object(build), exported);
assert(typeof callee === 'function', `build.ts exports no ${exported}()`);
await callee();
