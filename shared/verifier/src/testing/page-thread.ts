/**
 * A thread that loads modules as a page does: packages are resolved as bundlers resolve them for
 * browsers, Node's modules are refused, `fetch` reads the files that bundlers put beside a page. It
 * imports a module, calls one of its functions, and answers with what comes of it. Globals of Node,
 * which `fetch` itself wants here, are there: imports.test.ts looks for them.
 */
import { readFile } from 'node:fs/promises';
import { isBuiltin, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

export interface PageCall {
  /** URL of a module. */
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

const port = parentPort;
const { module, name, args }: PageCall = workerData;
const asked = new Set<string>();

registerHooks({
  resolve(specifier, context, next) {
    if (isBuiltin(specifier)) throw new Error(`${context.parentURL} imports ${specifier}`);
    return next(specifier, { ...context, conditions: ['import', 'browser', 'default'] });
  },
});

const overNetwork = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.protocol !== 'file:') return overNetwork(input, init);
  asked.add(url.pathname);
  return new Response(await readFile(fileURLToPath(url)));
};

const loaded: Record<string, (...args: readonly unknown[]) => unknown> = await import(module);
port?.postMessage({ result: await loaded[name]?.(...args), asked: [...asked] });
