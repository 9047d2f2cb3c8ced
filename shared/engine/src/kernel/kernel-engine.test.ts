import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildKernel } from '../../build.ts';
import { engineSuite } from '../suite/engine-suite.ts';
import { createKernelEngine, restoreKernelEngine } from './kernel-engine.ts';
import { loadKernel } from './kernel-module.ts';

await buildKernel();
const kernel = await loadKernel();

engineSuite(
  'kernel',
  (options) => createKernelEngine(kernel, options),
  (chunks, options) => restoreKernelEngine(kernel, chunks, options),
);

test('a query from inside a sink is an assertion, as it would overwrite waiting commands', () => {
  const engine = createKernelEngine(kernel);
  const query = () => {
    engine.balance(2);
  };
  assert.throws(() => engine.apply(new Uint8Array(64), 1, 1n, query), { name: 'AssertionError' });
});

test('a kernel that was not compiled is told with the remedy', async () => {
  const missing = join(tmpdir(), 'no-such-folder', 'kernel.wasm');
  await assert.rejects(loadKernel(missing), { code: 'KERNEL_NOT_BUILT', message: /npm run setup/ });
});

test('a kernel that is up to date is not compiled again', async () => {
  assert.deepEqual(await buildKernel(), { built: false });
});
