import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildKernel } from '../../build.ts';
import { engineSuite } from '../suite/engine-suite.ts';
import { TestMarket } from '../suite/test-market.ts';
import { createKernelEngine, restoreKernelEngine } from './kernel-engine.ts';
import { KernelHost } from './kernel-host.ts';
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

test('a snapshot takes the place of one that was dropped', () => {
  const host = new KernelHost(kernel);
  const markets = [host.addMarket(), host.addMarket()].map((engine) => {
    const market = new TestMarket(engine, { maker: 0, taker: 0 });
    market.fund(2n ** 40n, 2);
    for (let id = 1; id <= 2_000; id += 1) market.sell(2, id, id, 1);
    return market;
  });
  const [one, other] = markets;
  assert(one !== undefined && other !== undefined);
  const dropped = one.engine.snapshot();
  assert.equal(dropped.next().done, false);
  const whole = other.snapshot();
  assert.throws(() => dropped.next(), {
    code: 'KERNEL_SNAPSHOT_TAKEN_OVER',
    message: /begin it anew/,
  });
  assert.equal(restoreKernelEngine(kernel, [whole]).stateHash(), other.engine.stateHash());
  assert.equal(restoreKernelEngine(kernel, [one.snapshot()]).openOrders(), 2_000);
});

test('a kernel that was not compiled is told with the remedy', async () => {
  const missing = join(tmpdir(), 'no-such-folder', 'kernel.wasm');
  await assert.rejects(loadKernel(missing), { code: 'KERNEL_NOT_BUILT', message: /npm run setup/ });
});

test('a kernel that is up to date is not compiled again', async () => {
  assert.deepEqual(await buildKernel(), { built: false });
});
